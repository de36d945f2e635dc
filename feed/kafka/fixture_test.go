package kafka

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"tickwire/feed"
	"tickwire/feed/broker"
)

// site is a Kafka to test against. An independent client, franz-go, prepares
// topics there and writes what our producer would not.
type site struct {
	addr   string
	client *kgo.Client
	real   bool
	dial   dialFunc // nil: over TCP
}

// onEach runs a test on the embedded broker, and on a real Kafka if
// TICKWIRE_KAFKA says where one is.
func onEach(t *testing.T, test func(t *testing.T, at *site)) {
	t.Run("embedded", func(t *testing.T) { test(t, embedded(t)) })
	addr := os.Getenv("TICKWIRE_KAFKA")
	if addr == "" {
		return
	}
	t.Run("real", func(t *testing.T) {
		noLeak(t)
		at := newSite(t, addr)
		at.real = true
		test(t, at)
	})
}

func embedded(t *testing.T) *site {
	noLeak(t)
	b := mustStart(t, broker.Config{})
	return newSite(t, b.Addr())
}

func noLeak(t testing.TB) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
}

func mustStart(t testing.TB, cfg broker.Config) *broker.Broker {
	t.Helper()
	cfg.Log = quiet
	b, err := broker.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func newSite(t testing.TB, addr string, opts ...kgo.Opt) *site {
	t.Helper()
	opts = append(opts, kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.MaxProduceRequestsInflightPerBroker(1), kgo.MetadataMinAge(10*time.Millisecond))
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &site{addr: addr, client: client}
}

var quiet = slog.New(slog.DiscardHandler)

func (s *site) cluster() Cluster { return Cluster{Brokers: []string{s.addr}, dial: s.dial} }

// topic makes a topic of the test's own name.
func (s *site) topic(t testing.TB, partitions int, settings map[string]string) string {
	t.Helper()
	name := strings.NewReplacer("/", ".", ",", "", "#", "").Replace(t.Name())
	if s.real {
		name += fmt.Sprintf(".%d", time.Now().UnixNano())
	}
	c := s.cluster()
	if err := c.CreateTopic(context.Background(), name, partitions, 1, settings); err != nil {
		t.Fatal(err)
	}
	if s.real {
		for partition := range int32(partitions) {
			until(t, func() string { return s.led(name, partition) })
		}
	}
	return name
}

// led says why a partition of a new topic cannot be read yet, or nothing: a Kafka
// says that a topic is made before all leaders know that they are.
func (s *site) led(topic string, partition int32) string {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, -1
	one := kmsg.NewListOffsetsRequestTopic()
	one.Topic, one.Partitions = topic, append(one.Partitions, p)
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID, req.Topics = -1, append(req.Topics, one)
	resp, err := req.RequestWith(context.Background(), s.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		return fmt.Sprintf("partition %d of %s has no leader yet: %v", partition, topic, err)
	}
	return ""
}

// write has franz-go write values, as one batch if they fit.
func (s *site) write(t testing.TB, topic string, partition int32, values ...string) {
	t.Helper()
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	if err := s.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// do sends one request of franz-go and fails on its errors.
func do[R kmsg.Response](t testing.TB, s *site, req interface {
	RequestWith(context.Context, kmsg.Requestor) (R, error)
}, code func(R) int16) {
	t.Helper()
	resp, err := req.RequestWith(context.Background(), s.client)
	if err == nil {
		err = kerr.ErrorForCode(code(resp))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) addPartitions(t testing.TB, topic string, total int32) {
	t.Helper()
	one := kmsg.NewCreatePartitionsRequestTopic()
	one.Topic, one.Count = topic, total
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Topics, req.TimeoutMillis = append(req.Topics, one), 5000
	do(t, s, req, func(r *kmsg.CreatePartitionsResponse) int16 { return r.Topics[0].ErrorCode })
}

func (s *site) deleteTopic(t testing.TB, topic string) {
	t.Helper()
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &topic
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Topics, req.TopicNames, req.TimeoutMillis = append(req.Topics, one), []string{topic}, 5000
	do(t, s, req, func(r *kmsg.DeleteTopicsResponse) int16 { return r.Topics[0].ErrorCode })
}

// trim removes the records before an offset, as retention would.
func (s *site) trim(t testing.TB, topic string, partition int32, before int64) {
	t.Helper()
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, before
	one := kmsg.NewDeleteRecordsRequestTopic()
	one.Topic, one.Partitions = topic, append(one.Partitions, p)
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics, req.TimeoutMillis = append(req.Topics, one), 5000
	do(t, s, req, func(r *kmsg.DeleteRecordsResponse) int16 { return r.Topics[0].Partitions[0].ErrorCode })
}

// tickOf is a tick whose time is its number.
func tickOf(symbol string, number int) *feed.Tick {
	return &feed.Tick{Symbol: []byte(symbol), Time: int64(number), Price: feed.Number("1.50"), Size: feed.Number("2")}
}

func recordOf(symbol string, number int) string {
	return string(feed.AppendTick(nil, tickOf(symbol, number)))
}

// heard is a tick that a sink got.
type heard struct {
	symbol string
	number int
	at     feed.Position
}

// collector is a sink that remembers everything, and proves that the ticks of
// a partition come one at a time and with rising offsets.
type collector struct {
	t  testing.TB
	mu sync.Mutex

	ticks []heard
	last  map[int32]feed.Position
	busy  map[int32]bool
	hold  chan struct{} // if set, Apply waits for it
}

func newCollector(t testing.TB) *collector {
	return &collector{t: t, last: make(map[int32]feed.Position), busy: make(map[int32]bool)}
}

func (c *collector) Apply(t *feed.Tick, at feed.Position) {
	c.mu.Lock()
	if c.busy[at.Partition] {
		c.t.Errorf("partition %d: two ticks at a time", at.Partition)
	}
	c.busy[at.Partition] = true
	hold := c.hold
	c.mu.Unlock()
	if hold != nil {
		<-hold
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy[at.Partition] = false
	if last, ok := c.last[at.Partition]; ok && !at.After(last) {
		c.t.Errorf("position %+v after %+v", at, last)
	}
	c.last[at.Partition] = at
	c.ticks = append(c.ticks, heard{string(t.Symbol), int(t.Time), at})
}

func (c *collector) all() []heard {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]heard(nil), c.ticks...)
}

func (c *collector) count() int { return len(c.all()) }

// numbers are the numbers of one symbol's ticks, in the order they came.
func (c *collector) numbers(symbol string) (n []int) {
	for _, h := range c.all() {
		if h.symbol == symbol {
			n = append(n, h.number)
		}
	}
	return n
}

// awaitCount waits until the sink has got n ticks.
func (c *collector) awaitCount(t testing.TB, n int) {
	t.Helper()
	until(t, func() string {
		if got := c.count(); got < n {
			return fmt.Sprintf("sink has %d ticks, want %d", got, n)
		}
		return ""
	})
	if got := c.count(); got != n {
		t.Fatalf("ticks: got %d, want %d", got, n)
	}
}

// patience is for anything to happen; only a failure takes that long.
const patience = 2 * time.Minute

// until polls until reason is empty, and fails with the last reason.
func until(t testing.TB, reason func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		why := reason()
		if why == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", why)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func mustConsumer(t testing.TB, cfg ConsumerConfig) *Consumer {
	t.Helper()
	cfg.Log = cmp.Or(cfg.Log, quiet)
	if cfg.Sink == nil {
		cfg.Sink = newCollector(t)
	}
	c, err := NewConsumer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mustConsume runs a consumer until the test ends, or until stop.
func mustConsume(t testing.TB, cfg ConsumerConfig) (c *Consumer, stop func()) {
	t.Helper()
	c = mustConsumer(t, cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return c, stop
}

func mustProducer(t testing.TB, cfg ProducerConfig) *Producer {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = quiet
	}
	p, err := NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func mustPut(t testing.TB, p *Producer, symbol string, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if err := p.Put(context.Background(), tickOf(symbol, n)); err != nil {
			t.Fatal(err)
		}
	}
}

func mustFlush(t testing.TB, p *Producer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// wires are connections that a test can cut or freeze.
type wires struct {
	mu   sync.Mutex
	open []*wire
	wrap func(*wire) // called for each new one
}

type wire struct {
	net.Conn
	mu     sync.Mutex
	budget int // bytes that may still be read; negative: any number
	frozen chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (w *wires) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	one := &wire{Conn: c, budget: -1, closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = append(w.open, one)
	if w.wrap != nil {
		w.wrap(one)
	}
	return one, nil
}

// freeze makes every connection of now silent until it is closed.
func (w *wires) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.open {
		one.mu.Lock()
		one.frozen = make(chan struct{})
		one.mu.Unlock()
	}
}

func (w *wires) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.open {
		one.Close()
	}
	w.open = nil
}

func (w *wire) Read(p []byte) (int, error) {
	w.mu.Lock()
	budget := w.budget
	w.mu.Unlock()
	if budget == 0 {
		w.Close()
		return 0, net.ErrClosed
	}
	if budget > 0 && len(p) > budget {
		p = p[:budget]
	}
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	if w.budget > 0 {
		w.budget -= n
	}
	frozen := w.frozen
	w.mu.Unlock()
	if frozen != nil {
		<-w.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return w.Conn.Close()
}

// logbook is a log that a test can read.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logbook) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}
