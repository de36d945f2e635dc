package kafka

import (
	"testing"
	"time"

	"tickwire/feed"
)

// A broker that takes connections and answers nothing is behind at once, and
// down when the connection is given up; both from the last answer on.
func TestSilentBrokerIsBehindAndThenDown(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, net *pipes) {
		topic := at.topic(t, 1, nil)
		at.write(t, topic, 0, recordOf("A", 1))
		net.silent.Store(true)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: newCollector(t)})
		// healthy checks the health of all and of the partition, to what may pass
		// between two answers.
		healthy := func(why string, behind, down time.Duration) {
			t.Helper()
			near := func(got, want time.Duration) bool {
				return want == 0 && got == 0 || want > 0 && got > want-time.Second && got < want+2*time.Second
			}
			for _, h := range []feed.Health{c.Health(time.Now()), c.PartitionHealth(0, time.Now())} {
				if !near(h.Behind, behind) || !near(h.Down, down) {
					t.Errorf("%s: got %+v, want behind about %v and down about %v", why, h, behind, down)
				}
			}
		}
		time.Sleep(40 * time.Second)
		healthy("silent from the beginning", 40*time.Second, 40*time.Second)
		net.silent.Store(false)
		time.Sleep(time.Minute)
		healthy("answering", 0, 0)
		net.silent.Store(true)
		time.Sleep(2 * time.Second)
		healthy("silent for no longer than a slow answer takes", 0, 0)
		time.Sleep(4 * time.Second)
		healthy("silent for longer than that", 6*time.Second, 0)
		time.Sleep(6 * time.Second)
		healthy("given up", 12*time.Second, 12*time.Second)
		time.Sleep(time.Hour)
		healthy("silent for an hour", time.Hour+12*time.Second, time.Hour+12*time.Second)
		net.silent.Store(false)
		time.Sleep(time.Minute)
		healthy("answering again", 0, 0)
		if h := c.PartitionHealth(7, time.Now()); h.Down == 0 || h.Behind == 0 {
			t.Errorf("a partition that is not there: got %+v, want it down", h)
		}
	})
}

func TestConsumerThatDoesNotRunIsDown(t *testing.T) {
	c := mustConsumer(t, ConsumerConfig{Cluster: Cluster{Brokers: []string{"127.0.0.1:1"}}, Topic: "ticks"})
	if h := c.Health(time.Now().Add(time.Minute)); h.Behind < time.Minute || h.Down < time.Minute {
		t.Errorf("got %+v, want it behind and down for a minute", h)
	}
}

func TestTopicThatIsGoneIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T, at *site, _ *pipes) {
		topic := at.topic(t, 1, nil)
		c, _ := mustConsume(t, ConsumerConfig{Cluster: at.cluster(), Topic: topic, Sink: newCollector(t)})
		time.Sleep(time.Minute)
		if h := c.Health(time.Now()); h != (feed.Health{}) {
			t.Fatalf("before: got %+v, want nothing", h)
		}
		at.deleteTopic(t, topic)
		time.Sleep(time.Minute)
		if h := c.Health(time.Now()); h.Behind < 50*time.Second || h.Down < 50*time.Second {
			t.Errorf("a minute after: got %+v, want it behind and down", h)
		}
	})
}

func TestHealthIsThatOfTheWorstPartitionInEachHalf(t *testing.T) {
	c := mustConsumer(t, ConsumerConfig{Cluster: Cluster{Brokers: []string{"127.0.0.1:1"}}, Topic: "ticks"})
	now := time.Now()
	part := func(id int32, health feed.Health) {
		tr := newTracker(id, now.Add(-health.Behind), time.Hour)
		tr.told.AtEnd = health.Behind == 0
		tr.connected, tr.heard = health.Down == 0, now.Add(-health.Down)
		c.partitions[id] = &partition{tracker: tr}
		if got := c.PartitionHealth(id, now); got != health {
			t.Errorf("partition %d: got %+v, want %+v", id, got, health)
		}
	}
	part(0, feed.Health{})
	part(1, feed.Health{Behind: 9 * time.Minute})
	part(2, feed.Health{Behind: 5 * time.Minute, Down: 4 * time.Minute})
	if got, want := c.Health(now), (feed.Health{Behind: 9 * time.Minute, Down: 4 * time.Minute}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A leader that has lost its office may go on telling that there is nothing new.
func TestLoopThatHearsOfNothingNewIsBehindWhenOthersDo(t *testing.T) {
	now := time.Now()
	tr := newTracker(0, now, time.Hour)
	step := func(why string, after time.Duration, next, seen int64, want time.Duration) {
		t.Helper()
		now = now.Add(after)
		tr.stalled(seen, now, time.Hour)
		tr.tell(Progress{Next: next, End: next, AtEnd: true, CaughtUp: now})
		if got := tr.health(now).Behind; got != want {
			t.Errorf("%s: got %v, want %v", why, got, want)
		}
	}
	step("at the end", 0, 5, 5, 0)
	step("others see more", 10*time.Second, 5, 8, 0)
	step("and still do", 10*time.Second, 5, 9, 10*time.Second)
	step("it was read", 10*time.Second, 9, 9, 0)
	step("the end again", 10*time.Second, 9, 9, 0)
}
