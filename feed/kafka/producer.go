package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// ProducerConfig says where a Producer writes.
type ProducerConfig struct {
	Cluster

	// Topic must exist. Required.
	Topic string

	// BatchTicks and BatchBytes bound one request. A partition holds at most
	// two batches: one on its way, one that fills. A request goes out as soon
	// as the one before it is acknowledged, however little there is.
	// Default: 10000 ticks, 512 KiB (a broker takes 1 MiB unless told otherwise)
	BatchTicks int
	BatchBytes int

	// Compression of the batches.
	// Default: NoCompression
	Compression Compression

	// Refresh is how often the number of partitions is looked up. When it has
	// grown, symbols move to other partitions: the order of one symbol's ticks
	// holds before the move and after it, and its offsets may fall.
	// Default: 10 s
	Refresh time.Duration

	// Log gets at most one line in 10 seconds about sends that fail.
	// Default: slog.Default()
	Log *slog.Logger
}

// Validate reports the first thing that is wrong with c, or nil.
func (c *ProducerConfig) Validate() error {
	switch {
	case c.Topic == "":
		return errors.New("no topic is given")
	case c.BatchTicks < 0 || c.Refresh < 0:
		return errors.New("a negative BatchTicks or Refresh")
	case c.BatchBytes != 0 && c.BatchBytes < 2*feed.MaxRecord:
		return fmt.Errorf("a BatchBytes of %d is under %d", c.BatchBytes, 2*feed.MaxRecord)
	case c.Compression > Zstd:
		return fmt.Errorf("unknown compression %d", c.Compression)
	}
	return c.Cluster.Validate()
}

// Producer writes ticks to a topic: key the symbol, value the record of
// feed.AppendTick. The key decides the partition as in the Java client, so any
// client puts a symbol where this one does. Its methods are safe for
// concurrent use; two goroutines that put ticks of one symbol order them
// themselves.
//
// An error that trying again cannot help (a topic that is gone, no permission)
// ends the producer: every call then returns it. Anything else is tried again
// for ever.
type Producer struct {
	cfg       ProducerConfig
	client    *kafka.Client
	transport *transport
	lost      complaint

	ctx  context.Context // ends with Close, or with the first permanent error
	end  context.CancelCauseFunc
	work sync.WaitGroup

	lanes atomic.Pointer[lanes]
	found chan struct{} // closed when lanes is set

	acknowledged, retries atomic.Int64
}

// lanes are the partitions that the topic has.
type lanes struct {
	all []*lane
	ids []int // 0, 1, 2, ...
}

// NewProducer makes a producer and starts to look for the topic. Close ends it.
func NewProducer(cfg ProducerConfig) (*Producer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafka producer: %w", err)
	}
	cfg.BatchTicks = cmp.Or(cfg.BatchTicks, 10_000)
	cfg.BatchBytes = cmp.Or(cfg.BatchBytes, 512<<10)
	cfg.Refresh = cmp.Or(cfg.Refresh, 10*time.Second)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	p := &Producer{
		cfg:   cfg,
		lost:  complaint{log: cfg.Log, interval: logInterval},
		found: make(chan struct{}),
	}
	p.ctx, p.end = context.WithCancelCause(context.Background())
	p.transport = cfg.transport(p.ctx, cfg.Topic)
	p.client = &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: callTimeout, Transport: p.transport}
	p.work.Go(p.follow)
	return p, nil
}

// Check reports whether Kafka can be reached and has the topic. See
// Cluster.Check.
func (p *Producer) Check(ctx context.Context) error { return p.cfg.Check(ctx, p.cfg.Topic) }

// missingTopic is how many looks in a row must say that the topic is missing
// before it counts as gone: brokers say so for a moment when they start.
const missingTopic = 7

// follow keeps the lanes as many as the topic has partitions.
func (p *Producer) follow() {
	retry := newBackoff()
	missing := 0
	for p.ctx.Err() == nil {
		places, err := p.cfg.survey(p.ctx, p.cfg.Topic)
		if err == nil {
			err = p.widen(len(places))
		}
		switch {
		case err == nil:
			missing = 0
			retry.Reset()
			pause(p.ctx, p.cfg.Refresh)
			continue
		case errors.Is(err, ErrNoTopic):
			missing++
		case errors.Is(err, errShrunk):
			missing = missingTopic
		}
		if missing == missingTopic {
			p.fail(err)
			return
		}
		if p.ctx.Err() == nil {
			p.lost.warn("kafka: looking for partitions failed; trying again", "topic", p.cfg.Topic, "error", err)
		}
		pause(p.ctx, retry.NextBackOff())
	}
}

var errShrunk = errors.New("topic has fewer partitions than before: it was made anew; start again")

func (p *Producer) widen(partitions int) error {
	old := p.lanes.Load()
	if old == nil {
		old = new(lanes)
		defer close(p.found)
	}
	switch {
	case partitions < len(old.all):
		return errShrunk
	case partitions == len(old.all):
		return nil
	}
	wider := &lanes{all: append([]*lane(nil), old.all...), ids: append([]int(nil), old.ids...)}
	for id := len(old.all); id < partitions; id++ {
		wider.all = append(wider.all, newLane(p, id))
		wider.ids = append(wider.ids, id)
	}
	p.lanes.Store(wider)
	return nil
}

// fail ends the producer with an error for its callers.
func (p *Producer) fail(err error) {
	p.end(fmt.Errorf("kafka producer: topic %q: %w", p.cfg.Topic, err))
}

// ended is why the producer has ended.
func (p *Producer) ended() error { return context.Cause(p.ctx) }

// Put hands over a tick; t may be used again when Put returns. It waits while
// the tick's partition has no room, until ctx ends: then the tick was not
// taken. Put does not wait for the acknowledgement; Flush does.
func (p *Producer) Put(ctx context.Context, t *feed.Tick) error {
	if err := t.Validate(); err != nil {
		return fmt.Errorf("kafka producer: tick of %q: %w", t.Symbol, err)
	}
	l, err := p.known(ctx)
	if err != nil {
		return err
	}
	return l.all[partitionOf(t.Symbol, l.ids)].add(ctx, t)
}

// partitionOf is the partition of a key among ids, by the Java client's rule.
func partitionOf(key []byte, ids []int) int {
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, ids...)
}

// known waits until the partitions are.
func (p *Producer) known(ctx context.Context) (*lanes, error) {
	if l := p.lanes.Load(); l != nil {
		return l, nil
	}
	select {
	case <-p.found:
		return p.lanes.Load(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ctx.Done():
		return nil, p.ended()
	}
}

// Flush waits until every tick put so far is acknowledged by all in-sync
// replicas, or ctx ends.
func (p *Producer) Flush(ctx context.Context) error {
	l := p.lanes.Load()
	if l == nil {
		return nil
	}
	for _, lane := range l.all {
		if err := lane.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the producer without waiting for acknowledgements: call Flush
// before it. It says how many ticks are without one, and why if there was a
// reason; those may or may not be in the topic.
func (p *Producer) Close() error {
	p.end(ErrClosed)
	p.fence()
	p.work.Wait()
	p.transport.end()
	reason := p.ended()
	if errors.Is(reason, ErrClosed) {
		reason = nil
	}
	if n := p.pending(); n > 0 {
		return errors.Join(reason, fmt.Errorf("kafka producer: closed with %d ticks not acknowledged", n))
	}
	return reason
}

// fence returns when no Put can start a sender any more: each lane looks at
// the producer's end under its lock before it does.
func (p *Producer) fence() { p.pending() }

func (p *Producer) pending() (n int64) {
	if l := p.lanes.Load(); l != nil {
		for _, lane := range l.all {
			n += lane.unsettled()
		}
	}
	return n
}

// ProducerStats is what a producer has done since it was made.
type ProducerStats struct {
	Acknowledged int64 // ticks
	Pending      int64 // ticks put and not acknowledged yet
	Retries      int64 // requests that were sent again
	Err          error // why it has ended; nil while it runs
}

// Stats is cheap and may be called at any time.
func (p *Producer) Stats() ProducerStats {
	return ProducerStats{
		Acknowledged: p.acknowledged.Load(),
		Pending:      p.pending(),
		Retries:      p.retries.Load(),
		Err:          p.ended(),
	}
}
