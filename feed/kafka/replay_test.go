package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	kafkatest "tickwire/deploy/kafka"
	"tickwire/feed"
)

func TestReplay(t *testing.T) {
	onEach(t, replayReadsWhatThereIs)
}

// replayReadsWhatThereIs reads from a log that has lost its records 0 to 4, and
// has the ticks 6 to 20 at the offsets 5 to 19, in batches of five, with two
// records among them that are no ticks.
func replayReadsWhatThereIs(t *testing.T, at *site) {
	topic := at.topic(t, 2, nil)
	for n := 0; n < 20; n += 5 {
		var values []string
		for i := n; i < n+5; i++ {
			switch value := recordOf("A", i+1); i {
			case 8:
				values = append(values, "not a tick")
			case 12:
				values = append(values, `{"s":"A","t":9,"p":"1","x":"`+strings.Repeat("x", valueRoom)+`"}`)
			default:
				values = append(values, value)
			}
		}
		at.write(t, topic, 1, values...)
	}
	at.trim(t, topic, 1, 5)
	for _, tc := range []struct {
		scenario string
		from, to int64
		limit    int
		stop     int // after the tick of this number
		want     Replayed
		ticks    []int
	}{
		{scenario: "a range within two batches", from: 7, to: 12, want: Replayed{From: 7, Next: 12, Ticks: 4, Undecodable: 1}, ticks: []int{8, 10, 11, 12}},
		{scenario: "one record", from: 10, to: 11, want: Replayed{From: 10, Next: 11, Ticks: 1}, ticks: []int{11}},
		{scenario: "no record", from: 10, to: 10, want: Replayed{From: 10, Next: 10}},
		{scenario: "a record that is too long", from: 11, to: 15, want: Replayed{From: 11, Next: 15, Ticks: 3, Undecodable: 1}, ticks: []int{12, 14, 15}},
		{scenario: "from before what there is", from: 2, to: 7, want: Replayed{From: 5, Next: 7, Ticks: 2}, ticks: []int{6, 7}},
		{scenario: "all before what there is", from: 1, to: 4, want: Replayed{From: 4, Next: 4}},
		{scenario: "to behind the end", from: 17, to: 1000, want: Replayed{From: 17, Next: 20, Ticks: 3}, ticks: []int{18, 19, 20}},
		{scenario: "all behind the end", from: 30, to: 1000, want: Replayed{From: 30, Next: 30}},
		{scenario: "more than the bound", from: 6, to: 20, limit: 4, want: Replayed{From: 6, Next: 10, Ticks: 3, Undecodable: 1, Limited: true}, ticks: []int{7, 8, 10}},
		{scenario: "as much as the bound", from: 13, to: 17, limit: 4, want: Replayed{From: 13, Next: 17, Ticks: 4}, ticks: []int{14, 15, 16, 17}},
		{scenario: "until the caller has enough", from: 9, to: 20, stop: 11, want: Replayed{From: 9, Next: 11, Ticks: 2}, ticks: []int{10, 11}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			c := mustConsumer(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, ReplayRecords: tc.limit})
			began := time.Now().UnixMicro()
			var ticks []int
			got, err := c.Replay(t.Context(), 1, tc.from, tc.to, func(tick *feed.Tick, offset int64) bool {
				if tick.Time != offset+1 || tick.Received < began {
					t.Errorf("at offset %d: got the tick %d, received %d µs after the start", offset, tick.Time, tick.Received-began)
				}
				ticks = append(ticks, int(tick.Time))
				return int(tick.Time) != tc.stop
			})
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if !slices.Equal(ticks, tc.ticks) {
				t.Errorf("ticks: got %v, want %v", ticks, tc.ticks)
			}
		})
	}
}

func TestReplayOverManyFetches(t *testing.T) {
	onEach(t, func(t *testing.T, at *site) {
		const ticks = 5000
		topic := at.topic(t, 1, nil)
		p := mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic, BatchTicks: 100, Compression: LZ4})
		mustPut(t, p, "A", 1, ticks+1)
		mustFlush(t, p)
		c := mustConsumer(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, MaxBytes: 4 << 10})
		var got []int
		res, err := c.Replay(t.Context(), 0, 333, 4444, func(tick *feed.Tick, _ int64) bool {
			got = append(got, int(tick.Time))
			return true
		})
		if want := (Replayed{From: 333, Next: 4444, Ticks: 4111}); err != nil || res != want {
			t.Errorf("got %+v and error %v, want %+v", res, err, want)
		}
		if !slices.Equal(got, span(334, 4445)) {
			t.Errorf("got %d ticks, want 334 to 4444 in order", len(got))
		}
	})
}

func TestReplayPassesWhatCompactionLeft(t *testing.T) {
	for _, tc := range emptied {
		t.Run(tc.scenario, func(t *testing.T) {
			fake, addr := fakeCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "ticks"))
			serve(t, fake, tc.log, tc.limit)
			end := tc.log[len(tc.log)-1].last + 1
			c := mustConsumer(t, ConsumerConfig{Cluster: Cluster{Brokers: []string{addr}}, Topic: "ticks"})
			var got []int
			res, err := c.Replay(t.Context(), 0, 0, end, func(tick *feed.Tick, _ int64) bool {
				got = append(got, int(tick.Time))
				return true
			})
			if err != nil || res.From != 0 || res.Next != end || res.Limited {
				t.Errorf("got %+v and error %v, want everything to %d", res, err, end)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("ticks: got %v, want %v", got, tc.want)
			}
		})
	}
}

// What has become no record must not make a Replay endless.
func TestReplayIsBoundedWhereThereAreNoRecords(t *testing.T) {
	fake, addr := fakeCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "ticks"))
	serve(t, fake, []run{{0, 999, nil, false}, {1000, 1000, []int64{1000}, false}}, 1)
	c := mustConsumer(t, ConsumerConfig{Cluster: Cluster{Brokers: []string{addr}}, Topic: "ticks", ReplayRecords: 50})
	got, err := c.Replay(t.Context(), 0, 0, 1001, func(*feed.Tick, int64) bool { return true })
	if want := (Replayed{From: 0, Next: 50, Limited: true}); err != nil || got != want {
		t.Errorf("got %+v and error %v, want %+v", got, err, want)
	}
}

func TestReplayGoesOnWhereTheLeaderHasMoved(t *testing.T) {
	fake, addr := fakeCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(1, "ticks"))
	cluster := Cluster{Brokers: []string{addr}}
	const ticks = 2000
	p := mustProducer(t, ProducerConfig{Cluster: cluster, Topic: "ticks", BatchTicks: 50})
	mustPut(t, p, "A", 1, ticks+1)
	mustFlush(t, p)
	c := mustConsumer(t, ConsumerConfig{Cluster: cluster, Topic: "ticks", MaxBytes: 8 << 10})
	var got []int
	next, failed := int64(0), 0
	for round := 0; next < ticks; round++ {
		leader, moved := fake.LeaderFor("ticks", 0), false
		res, err := c.Replay(t.Context(), 0, next, ticks, func(tick *feed.Tick, _ int64) bool {
			if !moved && round < 4 {
				moved = true
				if err := fake.MoveTopicPartition("ticks", 0, (leader+1)%3); err != nil {
					t.Error(err)
				}
			}
			got = append(got, int(tick.Time))
			return true
		})
		if err != nil {
			failed++
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line", err)
			}
		}
		if res.From != next || res.Next <= next {
			t.Fatalf("round %d: got %+v and error %v, want more from %d", round, res, err, next)
		}
		next = res.Next
	}
	if failed == 0 {
		t.Error("no Replay met the moved leader: the test proves nothing")
	}
	if !slices.Equal(got, span(1, ticks+1)) {
		t.Errorf("got %d ticks, want 1 to %d in order", len(got), ticks)
	}
}

func TestReplayRefusesWithOneClearLine(t *testing.T) {
	at := embedded(t)
	topic := at.topic(t, 1, nil)
	for _, tc := range []struct {
		scenario  string
		addr      string
		partition int32
		from, to  int64
		want      string
	}{
		{"a partition that is not there", at.addr, 7, 0, 1, "partition 7 again from offset 0, wanted to 1: partition does not exist"},
		{"a range that ends before it begins", at.addr, 0, 5, 4, "5 to 4 is no range"},
		{"a negative offset", at.addr, 0, -1, 4, "-1 to 4 is no range"},
		{"a broker that is not there", "127.0.0.1:1", 0, 0, 4, "cannot reach Kafka at 127.0.0.1:1"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			c := mustConsumer(t, ConsumerConfig{Cluster: Cluster{Brokers: []string{tc.addr}}, Topic: topic})
			got, err := c.Replay(t.Context(), tc.partition, tc.from, tc.to, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got error %v, want one line with %q", err, tc.want)
			}
			if want := (Replayed{From: tc.from, Next: tc.from}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestReplaysTakeTurns(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordOf("A", 1), recordOf("A", 2))
		c := mustConsumer(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Replays: 1})
		began := time.Now()
		first := make(chan error)
		go func() {
			_, err := c.Replay(t.Context(), 0, 0, 2, func(*feed.Tick, int64) bool {
				time.Sleep(2 * time.Second)
				return true
			})
			first <- err
		}()
		time.Sleep(time.Second)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := c.Replay(ctx, 0, 1, 2, nil)
		if want := (Replayed{From: 1, Next: 1}); got != want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a turn: got %+v and error %v, want %+v and the context's", got, err, want)
		}
		got, err = c.Replay(t.Context(), 0, 1, 2, func(*feed.Tick, int64) bool { return true })
		if want := (Replayed{From: 1, Next: 2, Ticks: 1}); got != want || err != nil {
			t.Errorf("after waiting: got %+v and error %v, want %+v", got, err, want)
		}
		if waited := time.Since(began); waited < 4*time.Second {
			t.Errorf("the second had its turn after %v, want it after the first, which took 4 s", waited)
		}
		if err := <-first; err != nil {
			t.Errorf("the first: %v", err)
		}
	})
}

func TestReplayEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, net *pipes) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordOf("A", 1))
		at.write(t, topic, 0, recordOf("A", 2))
		c := mustConsumer(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, MaxBytes: 1}) // one record a fetch
		net.silent.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		got, err := c.Replay(ctx, 0, 0, 2, nil)
		if want := (Replayed{}); got != want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while nobody answers: got %+v and error %v, want %+v and the context's", got, err, want)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("ended after %v, want 3 s", took)
		}
		net.silent.Store(false)

		ctx, cancel = context.WithCancel(t.Context())
		got, err = c.Replay(ctx, 0, 0, 2, func(*feed.Tick, int64) bool {
			cancel()
			time.Sleep(time.Second)
			return true
		})
		if want := (Replayed{Next: 1, Ticks: 1}); got != want || !errors.Is(err, context.Canceled) {
			t.Errorf("between two fetches: got %+v and error %v, want %+v and the context's", got, err, want)
		}
	})
}

func TestReplayOfADelayedConsumerEndsBeforeWhatIsNotDue(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		topic := at.topic(t, 1, nil)
		zero := time.Now()
		for _, age := range []time.Duration{3 * time.Hour, 61 * time.Minute, 59 * time.Minute, 2 * time.Hour} {
			at.write(t, topic, 0, recordAt(zero.Add(-age)))
		}
		c := mustConsumer(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Delay: time.Hour})
		each := func(*feed.Tick, int64) bool { return true }
		got, err := c.Replay(t.Context(), 0, 0, 4, each)
		if want := (Replayed{Next: 2, Ticks: 2}); got != want || err != nil {
			t.Errorf("got %+v and error %v, want %+v", got, err, want)
		}
		time.Sleep(time.Minute)
		got, err = c.Replay(t.Context(), 0, 2, 4, each)
		if want := (Replayed{From: 2, Next: 4, Ticks: 2}); got != want || err != nil {
			t.Errorf("a minute later: got %+v and error %v, want %+v", got, err, want)
		}
	})
}

func TestReplayAndDelayOnARealKafka(t *testing.T) {
	server := kafkatest.MustStart(t)
	at := newSite(t, server.Addr())
	at.real = true
	t.Run("replay", func(t *testing.T) { replayReadsWhatThereIs(t, at) })
	t.Run("delay", func(t *testing.T) { delayOverTCP(t, at) })
}
