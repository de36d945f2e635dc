package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"tickwire/feed"
)

// watcher is a sink that notes when a tick comes.
type watcher struct {
	mu   sync.Mutex
	seen []arrival
}

// arrival is when a tick happened, was read by its own word, and came.
type arrival struct{ event, received, came time.Time }

func (w *watcher) Apply(t *feed.Tick, _ feed.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, arrival{time.UnixMicro(t.Time), time.UnixMicro(t.Received), time.Now()})
}

func (w *watcher) all() []arrival {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

func (w *watcher) await(t *testing.T, n int) []arrival {
	t.Helper()
	until(t, func() string {
		if got := len(w.all()); got < n {
			return fmt.Sprintf("%d ticks have come, want %d", got, n)
		}
		return ""
	})
	return w.all()
}

func recordAt(event time.Time) string { return recordOf("A", int(event.UnixMicro())) }

// All times are seconds after the start.
func TestDelayedTicksComeInOrderWhenTheyAreOldEnough(t *testing.T) {
	const delay = 60
	for _, tc := range []struct {
		scenario string
		written  []int
		events   []int
		want     []int
	}{
		{"ticks of a feed", []int{0, 10, 20}, []int{0, 10, 20}, []int{60, 70, 80}},
		{"ticks that are there already", []int{0, 0, 0}, []int{-100, -59, -50}, []int{0, 1, 10}},
		{"the head of the line holds older ones", []int{20, 20, 20}, []int{20, 0, 10}, []int{80, 80, 80}},
		{"a clock that is wrong", []int{0, 0}, []int{3600, 0}, []int{60, 60}},
		{"a clock that is wrong by less than the delay", []int{0, 0}, []int{30, 0}, []int{60, 60}},
		{"a wrong clock behind a right one", []int{0, 0, 0}, []int{-30, 3600, 0}, []int{30, 60, 60}},
		{"only wrong clocks", []int{0, 0, 0, 0}, []int{3600, 7200, 3600, 7200}, []int{60, 60, 60, 60}},
		{"a wrong clock that comes while another is held", []int{0, 30, 90, 90}, []int{3600, 3600, 3600, 90}, []int{60, 90, 150, 150}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			inBubble(t, func(t *testing.T, at *site, _ *pipes) {
				topic := at.topic(t, 1, nil)
				zero := time.Now()
				after := func(s int) time.Time { return zero.Add(time.Duration(s) * time.Second) }
				var sink watcher
				mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: delay * time.Second})
				for i, when := range tc.written {
					time.Sleep(time.Until(after(when)))
					at.write(t, topic, 0, recordAt(after(tc.events[i])))
				}
				const late = delay/sightings + 2
				time.Sleep(time.Until(after(tc.want[len(tc.want)-1] + late)))
				for i, got := range sink.await(t, len(tc.want)) {
					if !got.event.Equal(after(tc.events[i])) {
						t.Errorf("tick %d: got the one of %v, want %v", i, got.event.Sub(zero), after(tc.events[i]).Sub(zero))
					}
					if want := after(tc.want[i]); got.came.Before(want) || got.came.After(want.Add(late*time.Second)) {
						t.Errorf("tick %d came after %v, want %v", i, got.came.Sub(zero), want.Sub(zero))
					}
				}
			})
		})
	}
}

// Random event times, a twentieth of them by clocks that are ahead, in random
// portions and compressions: every tick comes, in order, never before its time, and not much
// later, as a wrong clock holds nobody up for more than a sixteenth of the delay.
func TestDelayHoldsForEveryTickOfARandomFeed(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		const delay, ticks = 15 * time.Minute, 3000
		const most = delay + delay/sightings + 3*lookEvery
		random := rand.New(rand.NewPCG(seed, 0))
		topic := at.topic(t, 1, nil)
		var producers []*Producer
		for codec := NoCompression; codec <= Zstd; codec++ {
			producers = append(producers, mustProducer(t, ProducerConfig{Cluster: at.cluster(), Topic: topic, Compression: codec}))
		}
		var sink watcher
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: delay})
		var events, written []time.Time
		for len(events) < ticks {
			p := producers[random.IntN(len(producers))]
			for range 1 + random.IntN(50) {
				event := time.Now().Add(-time.Duration(random.IntN(int(5 * time.Second))))
				if random.IntN(20) == 0 {
					event = event.Add(time.Duration(random.IntN(int(2 * time.Hour))))
				}
				event = event.Truncate(time.Microsecond)
				events, written = append(events, event), append(written, time.Now())
				mustPut(t, p, "A", int(event.UnixMicro()), int(event.UnixMicro())+1)
			}
			mustFlush(t, p)
			time.Sleep(time.Duration(random.IntN(int(20 * time.Second))))
		}
		time.Sleep(most)
		got := sink.all()
		if len(got) != len(events) {
			t.Fatalf("ticks: got %d, want %d", len(got), len(events))
		}
		for i := range got {
			event := events[i]
			if written[i].Before(event) {
				event = written[i] // it cannot have happened later
			}
			switch age := got[i].came.Sub(event); {
			case !got[i].event.Equal(events[i]):
				t.Fatalf("tick %d is not the one that was written there", i)
			case age < delay:
				t.Fatalf("tick %d came when it was %v old, want at least %v", i, age, delay)
			case got[i].came.Sub(written[i]) > most:
				t.Fatalf("tick %d came %v after it was written, want at most %v", i, got[i].came.Sub(written[i]), most)
			}
		}
		if p := c.Progress()[0]; p.Reconnects != 0 || p.Next != int64(len(events)) || p.Holes != 0 {
			t.Errorf("progress: %+v; want all read over one connection", p)
		}
	})
}

func TestHoldingATickIsBeingReadyAndNotBehind(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordAt(time.Now().Add(-2*time.Hour)), "not a tick", recordAt(time.Now()))
		var sink watcher
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: time.Hour})
		for range 59 {
			time.Sleep(time.Minute)
			at.write(t, topic, 0, recordAt(time.Now()))
			if h := c.Health(time.Now()); !c.Ready() || h != (feed.Health{}) {
				t.Fatalf("while holding: ready %v, health %+v; want true and nothing", c.Ready(), h)
			}
		}
		time.Sleep(2 * time.Second)
		got := c.Progress()[0]
		if !got.Held || got.AtEnd || got.Next != 2 || got.End != 62 || got.Lag != 60 || got.Ticks != 1 || got.Undecodable != 1 || got.Reconnects != 0 {
			t.Errorf("progress: %+v; want it held at 2 of 62 with 1 tick and 1 undecodable, over one connection", got)
		}
	})
}

// The rest of what was fetched is thrown away, and a fetch of the few that are
// due should not bring much more.
func TestFetchesOfADelayedConsumerBecomeSmall(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, net *pipes) {
		topic := at.topic(t, 1, nil)
		zero := time.Now()
		for n := 0; n < 600; n += 20 {
			var values []string
			for i := range 20 {
				values = append(values, recordAt(zero.Add(time.Duration(n+i)*time.Second)))
			}
			at.write(t, topic, 0, values...)
		}
		const hour = time.Hour
		var sink watcher
		mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: hour})
		time.Sleep(hour + 60*time.Second)
		before := net.heard.Load()
		time.Sleep(60 * time.Second)
		if got, most := net.heard.Load()-before, int64(60*(smallFetch+4096)); got > most {
			t.Errorf("bytes for 60 ticks that come due one by one: got %d, want at most %d", got, most)
		}
		sink.await(t, 120)
	})
}

func TestRunEndsAtOnceWhileATickIsHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordAt(time.Now()))
		c, stop := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: new(watcher), Delay: time.Hour})
		time.Sleep(time.Minute + 100*time.Millisecond)
		if got := c.Progress()[0]; !got.Held {
			t.Fatalf("progress: %+v; want a tick held", got)
		}
		began := time.Now()
		stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("Run ended after %v, want at once", took)
		}
	})
}

func TestConnectionThatIsLostDuringAHoldIsMadeAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, net *pipes) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordAt(time.Now()))
		var sink watcher
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: time.Hour})
		time.Sleep(10 * time.Minute)
		net.silent.Store(true)
		time.Sleep(time.Minute)
		if h := c.Health(time.Now()); h.Down < 30*time.Second || h.Behind < 30*time.Second {
			t.Errorf("health after a minute of silence: %+v, want it down and behind", h)
		}
		net.silent.Store(false)
		time.Sleep(time.Minute)
		if h, p := c.Health(time.Now()), c.Progress()[0]; h != (feed.Health{}) || !p.Held || p.Reconnects == 0 {
			t.Errorf("a minute later: health %+v, progress %+v; want the tick held over a new connection", h, p)
		}
		time.Sleep(48*time.Minute + 2*time.Second)
		sink.await(t, 1)
	})
}

// A topic that is made anew has offsets that were there long ago; its ticks
// are no older for it.
func TestDelayStartsAnewWithTheLog(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, net *pipes) {
		topic := at.topic(t, 1, nil)
		for range 10 {
			at.write(t, topic, 0, recordAt(time.Now()))
		}
		var sink watcher
		mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: time.Hour})
		time.Sleep(2 * time.Hour)
		for range 10 {
			at.write(t, topic, 0, recordAt(time.Now().Add(-2*time.Hour)))
		}
		time.Sleep(time.Second)
		at.deleteTopic(t, topic)
		at.topic(t, 1, nil)
		other := newSite(t, at.addr, dialer(net)) // the old client knows the old topic's id
		for range 15 {                            // shorter than the first log, and longer than it was when its ticks were held
			other.write(t, topic, 0, recordAt(time.Now()))
		}
		time.Sleep(59 * time.Minute)
		if got := len(sink.all()); got != 20 {
			t.Errorf("ticks before the hour is over: got %d, want 20", got)
		}
		time.Sleep(2 * time.Minute)
		sink.await(t, 35)
	})
}

func TestDelay(t *testing.T) {
	onEach(t, delayOverTCP)
}

// delayOverTCP is what can be said without a clock of one's own. A server on a busy
// machine may make the consumer reconnect.
func delayOverTCP(t *testing.T, at *site) {
	const delay, ticks = 400 * time.Millisecond, 100
	topic := at.topic(t, 2, nil)
	var sink watcher
	c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &sink, Delay: delay})
	for n := range ticks {
		at.write(t, topic, int32(n%2), recordAt(time.Now()), recordAt(time.Now()))
		pause(context.Background(), 5*time.Millisecond)
	}
	for _, got := range sink.await(t, 2*ticks) {
		if age := got.came.Sub(got.event); age < delay {
			t.Errorf("a tick came when it was %v old, want at least %v", age, delay)
		}
	}
	until(t, func() string { return caughtUp(c, 2) })
	for _, p := range c.Progress() {
		if p.Ticks != ticks || p.Reconnects != 0 && !at.real {
			t.Errorf("progress: %+v; want %d ticks, and of the broker of this process over one connection", p, ticks)
		}
	}
}

// A sink that takes its time gets ticks of one fetch that are read long after
// the first.
func TestReceivedIsWhenATickWasRead(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		topic := at.topic(t, 1, nil)
		const ticks, each = 300, 10 * time.Millisecond
		var values []string
		for range ticks {
			values = append(values, recordAt(time.Now()))
		}
		at.write(t, topic, 0, values...)
		time.Sleep(time.Hour)
		slow := slowly{each: each}
		mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: &slow})
		for i, got := range slow.await(t, ticks) {
			if age := got.came.Sub(got.received); age < 0 || age > clockEvery*each {
				t.Errorf("tick %d was read %v before it came, want 0 to %v", i, age, clockEvery*each)
			}
		}
	})
}

type slowly struct {
	watcher
	each time.Duration
}

func (s *slowly) Apply(t *feed.Tick, at feed.Position) {
	s.watcher.Apply(t, at)
	time.Sleep(s.each)
}
