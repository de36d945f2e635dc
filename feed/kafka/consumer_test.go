package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tickwire/feed"
	"tickwire/feed/broker"
)

func span(from, to int) (n []int) {
	for i := from; i < to; i++ {
		n = append(n, i)
	}
	return n
}

func TestEveryTickArrivesOnceAndInItsSymbolsOrder(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		for c := NoCompression; c <= Zstd; c++ {
			t.Run(c.String(), func(t *testing.T) {
				topic := at.topic(t, 4, nil)
				sink := newCollector(t)
				mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
				p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic, Compression: c, BatchTicks: 100})
				const symbols, each = 20, 200
				for n := range each {
					for s := range symbols {
						mustPut(t, p, fmt.Sprintf("S%d-USD", s), n+1, n+2)
					}
				}
				mustFlush(t, p)
				sink.awaitCount(t, symbols*each)
				for s := range symbols {
					symbol := fmt.Sprintf("S%d-USD", s)
					if got := sink.numbers(symbol); !slices.Equal(got, span(1, each+1)) {
						t.Errorf("%s: got %v, want 1 to %d", symbol, got, each)
					}
				}
				if got := p.Stats().Acknowledged; got != symbols*each {
					t.Errorf("acknowledged: got %d, want %d", got, symbols*each)
				}
			})
		}
	})
}

// The broker may keep the fetch for a minute, so only a tick that ends the
// wait can arrive before the test gives up.
func TestTickArrivesAtOnceWhileTheConsumerWaits(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordOf("A", 1))
		sink := newCollector(t)
		mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink, MaxWait: time.Minute})
		sink.awaitCount(t, 1)
		at.write(t, topic, 0, recordOf("A", 2))
		sink.awaitCount(t, 2)
	})
}

func TestStart(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		between := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
		for _, tc := range []struct {
			scenario string
			start    Start
			a, b     []int // seen of A and of B, among them one that is written after the start
		}{
			{"from the beginning", Beginning(), span(1, 6), span(1, 6)},
			{"from the end", End(), []int{5}, []int{5}},
			{"at a time between two records", At(between), span(3, 6), span(3, 6)},
			{"at a time before all records", At(time.Unix(1, 0)), span(1, 6), span(1, 6)},
			{"at a time after all records", At(time.Now().Add(time.Hour)), []int{5}, []int{5}},
			{"at an offset of one partition", Offsets(map[int32]int64{1: 3}), span(1, 6), span(4, 6)},
		} {
			t.Run(tc.scenario, func(t *testing.T) {
				topic := at.topic(t, 2, nil)
				copyRecords(t, at, topic, between)
				sink := newCollector(t)
				c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Start: tc.start, Sink: sink})
				until(t, func() string {
					if !c.Ready() {
						return fmt.Sprintf("not ready: %+v", c.Progress())
					}
					return ""
				})
				at.write(t, topic, 0, recordOf("A", 5))
				at.write(t, topic, 1, recordOf("B", 5))
				sink.awaitCount(t, len(tc.a)+len(tc.b))
				if got := sink.numbers("A"); !slices.Equal(got, tc.a) {
					t.Errorf("A: got %v, want %v", got, tc.a)
				}
				if got := sink.numbers("B"); !slices.Equal(got, tc.b) {
					t.Errorf("B: got %v, want %v", got, tc.b)
				}
			})
		}
	})
}

// copyRecords writes two records a second before a time and two at it, in both
// partitions.
func copyRecords(t *testing.T, at *site, topic string, when time.Time) {
	t.Helper()
	for partition, symbol := range []string{"A", "B"} {
		for n := 1; n <= 4; n++ {
			stamp := when
			if n <= 2 {
				stamp = when.Add(-time.Second)
			}
			r := &kgo.Record{Topic: topic, Partition: int32(partition), Value: []byte(recordOf(symbol, n)), Timestamp: stamp}
			if err := at.client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPartitionsThatAreAddedAreReadFromTheirBeginning(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		sink := newCollector(t)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Start: End(), Sink: sink, Refresh: 50 * time.Millisecond})
		until(t, func() string {
			if !c.Ready() {
				return "not ready"
			}
			return ""
		})
		at.addPartitions(t, topic, 3)
		at.write(t, topic, 2, recordOf("A", 1), recordOf("A", 2))
		sink.awaitCount(t, 2)
		until(t, func() string { // a Kafka may have a leader for one before it has for the other
			if got := len(c.Progress()); got != 3 {
				return fmt.Sprintf("partitions: got %d, want 3", got)
			}
			return ""
		})
		if !c.Ready() {
			t.Error("Ready went back to false")
		}
	})
}

func TestConsumerWaitsForATopicThatIsMissing(t *testing.T) {
	at := embedded(t)
	sink := newCollector(t)
	var log logbook
	c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: t.Name(), Sink: sink, Log: log.logger()})
	until(t, func() string {
		if log.count("no such topic") == 0 {
			return "nothing logged about the topic"
		}
		return ""
	})
	if c.Ready() {
		t.Error("ready without a topic")
	}
	topic := at.topic(t, 1, nil)
	at.write(t, topic, 0, recordOf("A", 1))
	sink.awaitCount(t, 1)
}

func TestConsumerAndProducerSurviveARestartOfTheBroker(t *testing.T) {
	noLeak(t)
	const partitions, each = 4, 500
	cfg := broker.Config{Dir: t.TempDir(), Topics: []broker.Topic{{Name: "ticks", Partitions: partitions}}}
	b := mustStart(t, cfg)
	cfg.Addr = b.Addr()
	at := &site{addr: b.Addr()}
	sink := newCollector(t)
	c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: "ticks", Sink: sink})
	p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: "ticks", BatchTicks: 50})
	until(t, func() string { return caughtUp(c, partitions) }) // so that there are connections to be cut
	for round := range 3 {
		mustPut(t, p, "A", 1+round*each, 1+round*each+each/2)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if round == 1 { // long enough for failed attempts on both sides
			until(t, func() string {
				if c.Health(time.Now()).Behind == 0 {
					return "not behind while the broker is away"
				}
				return ""
			})
		}
		b = mustStart(t, cfg)
		mustPut(t, p, "A", 1+round*each+each/2, 1+(round+1)*each)
	}
	mustFlush(t, p)
	until(t, func() string { return caughtUp(c, partitions) })
	// At least once: a batch whose acknowledgement was cut off comes twice.
	got := slices.Compact(sorted(sink.numbers("A")))
	if want := span(1, 3*each+1); !slices.Equal(got, want) {
		t.Errorf("after the restarts: got %d different ticks, want %d", len(got), len(want))
	}
	for _, at := range c.Progress() {
		if at.Holes != 0 || at.Lost != 0 || at.Rewinds != 0 || at.Reconnects == 0 {
			t.Errorf("progress after restarts: %+v; want no hole, nothing lost, no rewind, some reconnects", at)
		}
	}
}

func sorted(n []int) []int { slices.Sort(n); return n }

// caughtUp is empty when every partition is at its end.
func caughtUp(c *Consumer, partitions int) string {
	all := c.Progress()
	if len(all) != partitions {
		return fmt.Sprintf("%d partitions, want %d", len(all), partitions)
	}
	for _, p := range all {
		if !p.AtEnd || p.Lag != 0 {
			return fmt.Sprintf("not at the end: %+v", p)
		}
	}
	return ""
}

// Every connection dies after a random number of bytes, mostly within a batch.
// The collector fails on any offset that comes twice.
func TestCutConnectionsLoseAndRepeatNothing(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		topic := at.topic(t, 2, nil)
		const each = 3000
		for from := 0; from < each; from += 300 {
			var values []string
			for n := from; n < from+300; n++ {
				values = append(values, recordOf("A", n+1))
			}
			at.write(t, topic, int32(from/300%2), values...)
		}
		net := &wires{wrap: func(w *wire) { w.budget = 5000 + random.IntN(40_000) }}
		cluster := at.cluster()
		cluster.dial = net.dial
		sink := newCollector(t)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: cluster, Topic: topic, Sink: sink})
		sink.awaitCount(t, each)
		if got := sorted(sink.numbers("A")); !slices.Equal(got, span(1, each+1)) {
			t.Errorf("got %d different ticks, want %d", len(slices.Compact(got)), each)
		}
		var cuts, repeated int64
		for _, p := range c.Progress() {
			cuts += p.Reconnects
			repeated += p.Repeated
		}
		if cuts == 0 {
			t.Error("no connection was cut: the test proves nothing")
		}
		t.Logf("%d reconnects, %d records repeated by the broker", cuts, repeated)
	})
}

// Kafka answers with the whole batch that the offset lies in.
func TestRecordsBeforeTheOneWantedAreDropped(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		var values []string
		for n := range 10 {
			values = append(values, recordOf("A", n+1))
		}
		at.write(t, topic, 0, values...)
		sink := newCollector(t)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Start: Offsets(map[int32]int64{0: 7}), Sink: sink})
		sink.awaitCount(t, 3)
		until(t, func() string { return caughtUp(c, 1) })
		if got := c.Progress()[0]; got.Repeated != 7 || got.Ticks != 3 {
			t.Errorf("progress: %+v; want 7 repeated, 3 ticks", got)
		}
	})
}

func TestRecordsThatAreNotTicksAreCountedAndSkipped(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, map[string]string{"max.message.bytes": "8388608"})
		huge := `{"s":"A","t":9,"p":"1","x":"` + strings.Repeat("x", 2<<20) + `"}`
		long := `{"s":"A","t":9,"p":"1","x":"` + strings.Repeat("x", valueRoom) + `"}`
		at.write(t, topic, 0,
			recordOf("A", 1), "not JSON", `{"s":"A"}`, "\x00\x01\x02", recordOf("A", 2), huge, recordOf("A", 3),
			long, recordOf("A", 4))
		at.write(t, topic, 0, huge)
		at.write(t, topic, 0, recordOf("A", 5), long)
		tombstone := &kgo.Record{Topic: topic, Key: []byte("A")}
		if err := at.client.ProduceSync(context.Background(), tombstone).FirstErr(); err != nil {
			t.Fatal(err)
		}
		sink := newCollector(t)
		var log logbook
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink, MaxBytes: 64 << 10, Log: log.logger()})
		sink.awaitCount(t, 5)
		until(t, func() string { return caughtUp(c, 1) })
		got := c.Progress()[0]
		if got.Ticks != 5 || got.Undecodable != 7 || got.Empty != 1 || got.Holes != 0 || got.Reconnects != 0 {
			t.Errorf("progress: %+v; want 5 ticks, 7 undecodable, 1 empty, no holes, no reconnects", got)
		}
		if lines := log.count("is not a tick"); lines != 1 {
			t.Errorf("log lines about undecodable records: got %d, want 1", lines)
		}
	})
}

func TestRetentionThatOvertakesTheConsumerIsCounted(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		for n := 1; n <= 5; n++ {
			at.write(t, topic, 0, recordOf("A", n))
		}
		at.trim(t, topic, 0, 3)
		sink := newCollector(t)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Start: Offsets(map[int32]int64{0: 0}), Sink: sink})
		sink.awaitCount(t, 2)
		if got := sink.numbers("A"); !slices.Equal(got, []int{4, 5}) {
			t.Errorf("got %v, want 4 and 5", got)
		}
		if got := c.Progress()[0].Lost; got != 3 {
			t.Errorf("lost: got %d, want 3", got)
		}
	})
}

// The consumer is held up within its first batch while the log moves on.
func TestRetentionThatOvertakesARunningConsumerIsCounted(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordOf("A", 1))
		sink := newCollector(t)
		sink.hold = make(chan struct{})
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
		until(t, func() string {
			sink.mu.Lock()
			defer sink.mu.Unlock()
			if !sink.busy[0] {
				return "the sink has not been called"
			}
			return ""
		})
		for n := 2; n <= 6; n++ {
			at.write(t, topic, 0, recordOf("A", n))
		}
		at.trim(t, topic, 0, 5)
		close(sink.hold)
		sink.awaitCount(t, 2)
		if got := sink.numbers("A"); !slices.Equal(got, []int{1, 6}) {
			t.Errorf("got %v, want 1 and 6", got)
		}
		until(t, func() string {
			if got := c.Progress()[0].Lost; got != 4 {
				return fmt.Sprintf("lost: got %d, want 4", got)
			}
			return ""
		})
	})
}

func TestTopicThatIsMadeAnewIsReadFromItsBeginning(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		for n := 1; n <= 5; n++ {
			at.write(t, topic, 0, recordOf("A", n))
		}
		sink := newCollector(t)
		var log logbook
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink, Log: log.logger(), Refresh: 50 * time.Millisecond})
		sink.awaitCount(t, 5)
		at.deleteTopic(t, topic)
		cluster := at.cluster()
		until(t, func() string { // deletion takes a real Kafka a moment
			if err := cluster.CreateTopic(context.Background(), topic, 1, 1, nil); err != nil {
				return err.Error()
			}
			if err := cluster.Check(context.Background(), topic); err != nil {
				return err.Error()
			}
			return ""
		})
		newSite(t, at.addr).write(t, topic, 0, recordOf("A", 6)) // the old client knows the old topic's id
		sink.awaitCount(t, 6)
		until(t, func() string { return caughtUp(c, 1) })
		sink.mu.Lock()
		defer sink.mu.Unlock()
		if got, counted := sink.last[0], c.Progress()[0].Rewinds; got.Generation != 1 || counted != 1 {
			t.Errorf("the last tick is at %+v, counted %d rewinds; want generation 1 and 1", got, counted)
		}
		if log.count("made anew") != 1 {
			t.Error("want one line in the log about the topic that was made anew")
		}
	})
}

func TestMarkersOfTransactionsLeaveNoLag(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		writer, err := kgo.NewClient(kgo.SeedBrokers(at.addr), kgo.TransactionalID(topic), kgo.DefaultProduceTopic(topic))
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		for n := 1; n <= 3; n++ {
			if err := writer.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			if err := writer.ProduceSync(context.Background(), kgo.StringRecord(recordOf("A", n))).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := writer.EndTransaction(context.Background(), n != 2); err != nil {
				t.Fatal(err)
			}
		}
		sink := newCollector(t)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
		sink.awaitCount(t, 3)
		until(t, func() string { return caughtUp(c, 1) })
		got := c.Progress()[0]
		if got.Markers != 3 || got.Undecodable != 0 || got.Next != 6 || got.End != 6 {
			t.Errorf("progress: %+v; want 3 markers, next 6, end 6", got)
		}
	})
}

func TestCompactedTopicHasHoles(t *testing.T) {
	noLeak(t)
	b := mustStart(t, broker.Config{Topics: []broker.Topic{{Name: "ticks", Partitions: 1, Compact: true, SegmentBytes: 1}}})
	at := newSite(t, b.Addr())
	for n := 1; n <= 20; n++ {
		r := &kgo.Record{Topic: "ticks", Key: []byte("A"), Value: []byte(recordOf("A", n))}
		if err := at.client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, func() string { // until a reader finds the log compacted
		sink := newCollector(t)
		c, stop := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: "ticks", Sink: sink})
		until(t, func() string { return caughtUp(c, 1) })
		stop()
		got := c.Progress()[0]
		if got.Next != 20 || got.Ticks+got.Holes+got.Lost != 20 && got.Holes != 0 {
			t.Fatalf("progress: %+v; want next 20, and ticks and holes 20 together", got)
		}
		if got.Holes == 0 && got.Ticks == 20 {
			return "not compacted yet"
		}
		return ""
	})
}

// The connections that are open freeze; those made later are fine. Without the
// watch the loop would wait for its deadline.
func TestStalledConnectionIsMadeAnew(t *testing.T) {
	at := embedded(t)
	topic := at.topic(t, 1, nil)
	at.write(t, topic, 0, recordOf("A", 1))
	net := new(wires)
	cluster := at.cluster()
	cluster.dial = net.dial
	sink := newCollector(t)
	c, _ := mustConsume(t, ConsumerConfig{Cluster: cluster, Topic: topic, Sink: sink, MaxWait: time.Minute, Refresh: 20 * time.Millisecond, Stall: 500 * time.Millisecond})
	sink.awaitCount(t, 1)
	until(t, func() string { return caughtUp(c, 1) })
	net.freeze()
	at.write(t, topic, 0, recordOf("A", 2))
	sink.awaitCount(t, 2)
	until(t, func() string {
		if got := c.Progress()[0].LastError; got != errStalled.Error() {
			return fmt.Sprintf("last error: got %q, want %q", got, errStalled)
		}
		return ""
	})
}

// A connection that is cut while it is being made was cut for a reason as well.
func TestConnectionThatIsCutWhileItIsMadeSaysWhy(t *testing.T) {
	noLeak(t)
	dialing := make(chan struct{}, 1)
	cluster := Cluster{Brokers: []string{"127.0.0.1:1"}, dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case dialing <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	c := mustConsumer(t, ConsumerConfig{Cluster: cluster, Topic: "ticks"})
	p := newPartition(c, place{id: 0}, Beginning())
	ended := make(chan error, 1)
	go func() { ended <- p.session(t.Context()) }()
	<-dialing
	p.cut(errStalled)
	select {
	case err := <-ended:
		if !errors.Is(err, errStalled) {
			t.Errorf("got %v, want %v", err, errStalled)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}

func TestLagReadyAndHealth(t *testing.T) {
	at := embedded(t)
	topic := at.topic(t, 1, nil)
	for n := 1; n <= 5; n++ {
		at.write(t, topic, 0, recordOf("A", n))
	}
	sink := newCollector(t)
	sink.hold = make(chan struct{})
	c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
	if c.Ready() {
		t.Error("ready before the partitions are known")
	}
	until(t, func() string {
		if all := c.Progress(); len(all) != 1 || all[0].Lag != 5 {
			return fmt.Sprintf("progress: %+v; want a lag of 5", all)
		}
		if h := c.Health(time.Now()); h.Down != 0 {
			return fmt.Sprintf("health: %+v; want a connection", h)
		}
		return ""
	})
	if in := c.Health(time.Now().Add(time.Hour)); c.Ready() || in.Behind < time.Hour || in.Down != 0 {
		t.Errorf("with a lag: ready %v, health in an hour %+v; want false, and behind for at least an hour", c.Ready(), in)
	}
	close(sink.hold)
	until(t, func() string { return caughtUp(c, 1) })
	until(t, func() string { // it may just have been kept from hearing of Kafka
		if now := c.Health(time.Now()); !c.Ready() || now != (feed.Health{}) {
			return fmt.Sprintf("at the end: ready %v, health %+v; want true and nothing", c.Ready(), now)
		}
		return ""
	})
	if got := c.Progress()[0]; got.Next != 5 || got.End != 5 || got.CaughtUp.IsZero() {
		t.Errorf("progress at the end: %+v; want next 5, end 5, and when", got)
	}
}

func TestRunEndsWithItsContextWhateverItWaitsFor(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		addr     func(*testing.T) string
	}{
		{"a fetch", func(t *testing.T) string { return embedded(t).addr }},
		{"a broker that is not there", func(*testing.T) string { return "127.0.0.1:1" }},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			at := &site{addr: tc.addr(t)}
			if at.addr != "127.0.0.1:1" {
				at.topic(t, 1, nil)
			}
			_, stop := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: strings.ReplaceAll(t.Name(), "/", "."), Sink: newCollector(t), MaxWait: time.Minute})
			stop()
		})
	}
}
