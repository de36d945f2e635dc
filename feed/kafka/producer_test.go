package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franz-go's key partitioner follows the Java client, and is not our code.
func TestSymbolsGoWhereTheJavaClientPutsThem(t *testing.T) {
	at := embedded(t)
	const partitions, symbols = 7, 200
	topic := at.topic(t, partitions, nil)
	other, err := kgo.NewClient(kgo.SeedBrokers(at.addr), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	sink := newCollector(t)
	mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
	p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic})
	for n := range symbols {
		symbol := fmt.Sprintf("S%d-USDT", n*n)
		mustPut(t, p, symbol, 1, 2)
		r := &kgo.Record{Topic: topic, Key: []byte(symbol), Value: []byte(recordOf(symbol, 2))}
		if err := other.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	mustFlush(t, p)
	sink.awaitCount(t, 2*symbols)
	home := make(map[string]int32)
	for _, h := range sink.all() {
		if partition, ok := home[h.symbol]; ok && partition != h.at.Partition {
			t.Errorf("%s: in partition %d and in %d", h.symbol, partition, h.at.Partition)
		}
		home[h.symbol] = h.at.Partition
	}
}

func TestRecordsCarryTheSymbolAsKey(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic})
		mustPut(t, p, "BTC-USD", 1, 2)
		mustFlush(t, p)
		reader, err := kgo.NewClient(kgo.SeedBrokers(at.addr), kgo.ConsumeTopics(topic))
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		records := reader.PollFetches(context.Background()).Records()
		if len(records) != 1 || string(records[0].Key) != "BTC-USD" || string(records[0].Value) != recordOf("BTC-USD", 1) {
			t.Errorf("got %v, want one record with key BTC-USD and value %s", records, recordOf("BTC-USD", 1))
		}
	})
}

func TestPutWaitsForRoomAndTakesNothingWhenItsContextEnds(t *testing.T) {
	at := embedded(t)
	topic := at.topic(t, 1, nil)
	net := new(wires)
	cluster := at.cluster()
	cluster.dial = net.dial
	p := mustProducer(t, ProducerConfig{Cluster: cluster, Topic: topic, BatchTicks: 10})
	mustPut(t, p, "A", 1, 2)
	mustFlush(t, p)
	net.freeze()
	ctx, cancel := context.WithCancel(context.Background())
	full := make(chan error)
	put := 1
	go func() {
		for {
			if err := p.Put(ctx, tickOf("A", put+1)); err != nil {
				full <- err
				return
			}
			put++
		}
	}()
	until(t, func() string { // two batches: one on its way, one that fills
		if got := p.Stats().Pending; got < 10 {
			return fmt.Sprintf("pending: %d, want the producer to be full", got)
		}
		return ""
	})
	cancel()
	if err := <-full; !errors.Is(err, context.Canceled) {
		t.Fatalf("Put on a full producer: got %v, want context.Canceled", err)
	}
	if got := p.Stats().Pending; got > 20 {
		t.Errorf("pending: got %d, want at most two batches of 10", got)
	}
	if err := p.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush with an ended context: got %v, want context.Canceled", err)
	}
	net.cut()
	mustFlush(t, p)
	sink := newCollector(t)
	c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
	until(t, func() string { return caughtUp(c, 1) })
	if got := slices.Compact(sink.numbers("A")); !slices.Equal(slices.Compact(sorted(got)), span(1, put+1)) {
		t.Errorf("got %v, want 1 to %d", got, put)
	}
}

func TestBatchOverTheTopicsLimitGoesInHalves(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, map[string]string{"max.message.bytes": "2000"})
		p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic})
		mustPut(t, p, "A", 1, 1000)
		mustFlush(t, p)
		sink := newCollector(t)
		mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
		sink.awaitCount(t, 999)
		if got := sink.numbers("A"); !slices.Equal(got, span(1, 1000)) {
			t.Errorf("got %v, want 1 to 999", got)
		}
	})
}

func TestPermanentErrorsReachEveryCall(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		settings map[string]string // nil: no topic at all
		want     error
	}{
		{"a topic that does not exist", nil, ErrNoTopic},
		{"a topic that takes no tick at all", map[string]string{"max.message.bytes": "10"}, kafka.MessageSizeTooLarge},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			at := embedded(t)
			topic := "none"
			if tc.settings != nil {
				topic = strings.ReplaceAll(at.topic(t, 1, tc.settings), " ", "_")
			}
			p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic})
			ctx := context.Background()
			var err error
			for err == nil { // a Put may come before the error is known
				err = p.Put(ctx, tickOf("A", 1))
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("Put: got %v, want %v", err, tc.want)
			}
			if err := p.Flush(ctx); tc.settings != nil && !errors.Is(err, tc.want) {
				t.Errorf("Flush: got %v, want %v", err, tc.want)
			}
			if err := p.Close(); !errors.Is(err, tc.want) {
				t.Errorf("Close: got %v, want %v", err, tc.want)
			}
			if err := p.Put(ctx, tickOf("A", 1)); !errors.Is(err, tc.want) {
				t.Errorf("Put after Close: got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestCloseSaysWhatIsNotAcknowledged(t *testing.T) {
	at := embedded(t)
	topic := at.topic(t, 1, nil)
	net := new(wires)
	cluster := at.cluster()
	cluster.dial = net.dial
	p := mustProducer(t, ProducerConfig{Cluster: cluster, Topic: topic})
	mustPut(t, p, "A", 1, 2)
	mustFlush(t, p)
	net.freeze()
	mustPut(t, p, "A", 2, 5)
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "3 ticks not acknowledged") {
		t.Errorf("Close: got %v, want a word about 3 ticks", err)
	}
	if err := p.Put(context.Background(), tickOf("A", 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Put after Close: got %v, want ErrClosed", err)
	}
}

func TestProducerClosedWhileOthersPutLeavesNobodyBehind(t *testing.T) {
	at := embedded(t)
	p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: at.topic(t, 4, nil)})
	var putting sync.WaitGroup
	for s := range 8 {
		putting.Go(func() {
			for n := 1; p.Put(context.Background(), tickOf(fmt.Sprint("S", s), n)) == nil; n++ {
			}
		})
	}
	until(t, func() string {
		if p.Stats().Acknowledged == 0 {
			return "nothing acknowledged"
		}
		return ""
	})
	p.Close()
	putting.Wait()
}

func TestProducerUsesPartitionsThatAreAdded(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		topic := at.topic(t, 1, nil)
		p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic, Refresh: 20 * time.Millisecond})
		mustPut(t, p, "A", 1, 2)
		at.addPartitions(t, topic, 4)
		until(t, func() string {
			if got := len(p.lanes.Load().ids); got != 4 {
				return fmt.Sprintf("%d lanes, want 4", got)
			}
			return ""
		})
		for n := range 100 {
			mustPut(t, p, fmt.Sprint("S", n), 1, 2)
		}
		mustFlush(t, p)
		sink := newCollector(t)
		mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: sink})
		sink.awaitCount(t, 101)
		used := make(map[int32]bool)
		for _, h := range sink.all() {
			used[h.at.Partition] = true
		}
		if len(used) != 4 {
			t.Errorf("partitions with ticks: got %d, want 4", len(used))
		}
	})
}

func TestInvalidTickIsRefused(t *testing.T) {
	at := embedded(t)
	p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: at.topic(t, 1, nil)})
	if err := p.Put(context.Background(), tickOf("A,B", 1)); err == nil {
		t.Error("Put of a tick with an invalid symbol: got nil, want an error")
	}
}
