package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// ConsumerConfig says what a Consumer reads.
type ConsumerConfig struct {
	Cluster

	// Topic is read, all partitions of it. Required.
	Topic string

	// Start is where reading begins.
	// Default: Beginning
	Start Start

	// Sink gets the ticks. When the log of a partition turns out not to be the
	// one it was, offsets fall, and the generation in the position rises; ticks
	// may then come again. Required.
	Sink feed.Sink

	// MaxBytes is how much the broker may answer to one fetch of one
	// partition. It is not held in memory.
	// Default: 1 MiB
	MaxBytes int

	// MaxWait is how long the broker may keep a fetch that finds nothing new.
	// It delays no tick: the first one ends the wait. Progress is told at
	// least this often.
	// Default: 500 ms
	MaxWait time.Duration

	// Refresh is how often new partitions are looked for.
	// Default: 10 s
	Refresh time.Duration

	// Stall is for how long a partition may have records to read, by the word
	// of a second connection, without any arriving, before its connection is
	// made anew. It is looked at every Refresh.
	// Default: 30 s
	Stall time.Duration

	// Delay holds every tick back until its event time is that long ago. One
	// whose event time is ahead of the moment when it was seen in Kafka is held
	// as if it had happened then. What is held waits in Kafka, in the order of the
	// partition: the tick at the head of the line holds all behind it. So the
	// topic must keep records for longer than this.
	// Default: 0, no delay
	Delay time.Duration

	// ReplayRecords is how many records one Replay reads at most.
	// Default: 200,000
	ReplayRecords int

	// Replays is how many Replays go on at a time.
	// Default: 4
	Replays int

	// Log gets what a person should know: lost connections and undecodable
	// records (at most one line in 10 seconds each), gaps, rewinds.
	// Default: slog.Default()
	Log *slog.Logger
}

func (c *ConsumerConfig) setDefaults() {
	c.MaxBytes = cmp.Or(c.MaxBytes, 1<<20)
	c.MaxWait = cmp.Or(c.MaxWait, 500*time.Millisecond)
	c.Refresh = cmp.Or(c.Refresh, 10*time.Second)
	c.Stall = cmp.Or(c.Stall, 30*time.Second)
	c.ReplayRecords = cmp.Or(c.ReplayRecords, 200_000)
	c.Replays = cmp.Or(c.Replays, 4)
	c.Log = cmp.Or(c.Log, slog.Default())
}

// Validate reports the first thing that is wrong with c, or nil.
func (c *ConsumerConfig) Validate() error {
	switch {
	case c.Topic == "":
		return errors.New("no topic is given")
	case c.Sink == nil:
		return errors.New("no sink is given")
	case c.MaxBytes < 0 || c.MaxBytes > 64<<20:
		return fmt.Errorf("a MaxBytes of %d is not in 1 to 64 MiB", c.MaxBytes)
	case c.MaxWait < 0 || c.MaxWait > 0 && c.MaxWait < time.Millisecond:
		return fmt.Errorf("a MaxWait of %v is under a millisecond", c.MaxWait)
	case c.Refresh < 0 || c.Stall < 0:
		return errors.New("a negative Refresh or Stall")
	case c.Delay < 0:
		return fmt.Errorf("a Delay of %v is negative", c.Delay)
	case c.ReplayRecords < 0 || c.Replays < 0:
		return errors.New("a negative ReplayRecords or Replays")
	}
	return errors.Join(c.Start.validate(), c.Cluster.Validate())
}

// Consumer reads a topic into a Sink. Its methods are safe for concurrent use.
type Consumer struct {
	cfg        ConsumerConfig
	lost       complaint     // connections
	unreadable complaint     // records
	replays    chan struct{} // a place for each Replay that may go on

	mu         sync.Mutex
	partitions map[int32]*partition
	departed   map[int32]int32 // partitions that went away: the generation they would come back with
	running    bool
	empty      time.Time // since when there is no partition, if there is none
	known      bool      // the partitions were found once
}

// NewConsumer makes a consumer. It does nothing before Run.
func NewConsumer(cfg ConsumerConfig) (*Consumer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafka consumer: %w", err)
	}
	cfg.setDefaults()
	return &Consumer{
		cfg:        cfg,
		lost:       complaint{log: cfg.Log, interval: logInterval},
		unreadable: complaint{log: cfg.Log, interval: logInterval},
		partitions: make(map[int32]*partition),
		departed:   make(map[int32]int32),
		replays:    make(chan struct{}, cfg.Replays),
		empty:      time.Now(),
	}, nil
}

const logInterval = 10 * time.Second

// Check reports whether Kafka can be reached and has the topic. See
// Cluster.Check.
func (c *Consumer) Check(ctx context.Context) error { return c.cfg.Check(ctx, c.cfg.Topic) }

// Run reads until ctx ends, whatever happens to Kafka meanwhile, and returns
// when the last call of the sink has returned. It may be called once.
func (c *Consumer) Run(ctx context.Context) error {
	if !c.begin() {
		return errors.New("kafka consumer: Run was called before")
	}
	var loops sync.WaitGroup
	defer loops.Wait()
	retry := newBackoff()
	for ctx.Err() == nil {
		places, err := c.cfg.survey(ctx, c.cfg.Topic)
		if err != nil {
			if ctx.Err() == nil {
				c.lost.warn("kafka: looking for partitions failed; trying again", "topic", c.cfg.Topic, "error", err)
			}
			pause(ctx, min(retry.NextBackOff(), c.cfg.Refresh))
			continue
		}
		retry.Reset()
		c.adopt(ctx, &loops, places)
		c.watch(places)
		pause(ctx, c.cfg.Refresh)
	}
	return nil
}

func (c *Consumer) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return false
	}
	c.running = true
	return true
}

// adopt starts a loop for every partition that has none.
func (c *Consumer) adopt(ctx context.Context, loops *sync.WaitGroup, places []place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	start := c.cfg.Start
	if c.known {
		start = Beginning()
	}
	for _, at := range places {
		if c.partitions[at.id] != nil {
			continue
		}
		p := newPartition(c, at, start)
		p.late = c.known
		p.generation = c.departed[at.id]
		c.partitions[at.id] = p
		loops.Go(func() {
			p.run(ctx)
			c.forget(p)
		})
	}
	c.known = true
}

// forget makes room for a partition that has gone and may come back. When the
// consumer ends, what it knew stays.
func (c *Consumer) forget(p *partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.gone {
		delete(c.partitions, p.id)
		c.departed[p.id] = p.generation + 1
		c.empty = time.Now()
	}
}

// watch cuts the connections over which nothing comes although it should.
func (c *Consumer) watch(places []place) {
	now := time.Now()
	for _, at := range places {
		c.mu.Lock()
		p := c.partitions[at.id]
		c.mu.Unlock()
		if p != nil && at.end >= 0 && p.stalled(at.end, now, c.cfg.Stall) {
			p.cut(errStalled)
		}
	}
}

// leader looks up where a partition is now.
func (c *Consumer) leader(ctx context.Context, id int32) (kafka.Broker, error) {
	places, err := c.cfg.survey(ctx, c.cfg.Topic)
	if err != nil {
		return kafka.Broker{}, err
	}
	i := slices.IndexFunc(places, func(p place) bool { return p.id == id })
	switch {
	case i < 0:
		return kafka.Broker{}, errGone
	case places[i].leader.Host == "":
		return kafka.Broker{}, kafka.LeaderNotAvailable
	}
	return places[i].leader, nil
}

// visit does something at the leader of a partition, over a connection that
// ends with ctx.
func (c *Consumer) visit(ctx context.Context, id int32, leader kafka.Broker, do func(*kafka.Conn) error) error {
	at := kafka.Partition{Topic: c.cfg.Topic, ID: int(id), Leader: leader}
	conn, err := c.cfg.dialer().DialPartition(ctx, "tcp", "", at)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err = do(conn)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Progress is how far every partition is, in the order of their numbers. It is
// cheap.
func (c *Consumer) Progress() []Progress {
	all := make([]Progress, 0, 16)
	for _, p := range c.sorted() {
		all = append(all, p.progress())
	}
	return all
}

func (c *Consumer) sorted() []*partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*partition, 0, len(c.partitions))
	for _, p := range c.partitions {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *partition) int { return cmp.Compare(a.id, b.id) })
	return all
}

// Ready reports whether every partition that was there at the first look has
// once been read up to the end it had then, or up to a tick that was not due.
// It does not go back to false.
func (c *Consumer) Ready() bool {
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if !known {
		return false
	}
	for _, p := range c.sorted() {
		if !p.late && !p.isReady() {
			return false
		}
	}
	return true
}

// Health is how well the partition that is worst off is heard, each half for
// itself. Before the partitions are known there is no connection to any. It is
// cheap.
func (c *Consumer) Health(now time.Time) feed.Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.partitions) == 0 {
		return c.unheard(now)
	}
	var worst feed.Health
	for _, p := range c.partitions {
		h := p.health(now)
		worst.Behind, worst.Down = max(worst.Behind, h.Behind), max(worst.Down, h.Down)
	}
	return worst
}

// PartitionHealth is how well one partition is heard. One that the topic does
// not have, or that is not known yet, is down.
func (c *Consumer) PartitionHealth(partition int32, now time.Time) feed.Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.partitions[partition]; p != nil {
		return p.health(now)
	}
	return c.unheard(now)
}

func (c *Consumer) unheard(now time.Time) feed.Health {
	d := max(0, now.Sub(c.empty))
	return feed.Health{Behind: d, Down: d}
}
