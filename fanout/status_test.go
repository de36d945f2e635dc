package fanout

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// clocked is a market whose ticks happen now.
type clocked struct {
	hub    *Hub
	offset int64
}

func (c *clocked) tick(symbol string, partition int32) {
	c.hub.Apply(&feed.Tick{Symbol: []byte(symbol), Time: time.Now().UnixMicro(), Price: feed.Number("1")}, feed.Position{Partition: partition, Offset: c.offset})
	c.offset++
}

// states are the statuses among messages, such as "feed stale" and "A stale".
func states(messages []any) []string {
	var all []string
	for _, m := range messages {
		if s, ok := m.(*wire.Status); ok {
			who := s.Symbol
			if s.Scope == wire.ScopeFeed {
				who = wire.ScopeFeed
			}
			all = append(all, fmt.Sprintf("%s %s", who, s.State))
		}
	}
	return all
}

func TestStatesArePushedWhenTheyChange(t *testing.T) {
	var health, second atomic.Pointer[feed.Health]
	synctest.Test(t, func(t *testing.T) {
		health.Store(&feed.Health{})
		second.Store(&feed.Health{})
		h := New(Config{Shards: 2, Health: func() feed.Health { return *health.Load() }, PartitionHealth: func(p int32) feed.Health {
			if p == 1 {
				return *second.Load()
			}
			return feed.Health{}
		}})
		defer h.Close()
		m := &clocked{hub: h}
		live := func(symbols ...string) func() {
			return func() {
				for i, s := range symbols {
					m.tick(s, int32(i))
				}
			}
		}
		var c *client
		pass := func(d time.Duration, every func()) []string {
			for end := time.Now().Add(d); time.Now().Before(end); {
				every()
				time.Sleep(500 * time.Millisecond)
			}
			synctest.Wait()
			got := states(c.messages())
			slices.Sort(got)
			return got
		}
		live("A", "B")()
		time.Sleep(2 * time.Second) // the feed was stale before its first tick
		synctest.Wait()
		c = attach(t, h)
		c.subscribe(0, "A", "B")
		for _, step := range []struct {
			scenario string
			before   func()
			during   func()
			lasts    time.Duration
			want     []string
		}{
			{"all is well", nil, live("A", "B"), 20 * time.Second, nil},
			{"B has no ticks", nil, live("A"), 62 * time.Second, []string{"B stale"}},
			{"B has some again", nil, live("A", "B"), 2 * time.Second, []string{"B live"}},
			{"nothing comes", nil, func() {}, 12 * time.Second, []string{"feed stale"}},
			{"and all comes again", nil, live("A", "B"), 2 * time.Second, []string{"feed live"}},
			{"the node falls behind in B's partition", func() {
				health.Store(&feed.Health{Behind: 3 * time.Second})
				second.Store(&feed.Health{Behind: 3 * time.Second})
			}, live("A", "B"), 2 * time.Second, []string{"B lagging", "feed lagging"}},
			{"and cannot reach it", func() {
				health.Store(&feed.Health{Behind: 9 * time.Second, Down: 6 * time.Second})
				second.Store(&feed.Health{Behind: 9 * time.Second, Down: 6 * time.Second})
			}, live("A"), 2 * time.Second, []string{"B down", "feed down"}},
			{"and is back", func() { health.Store(&feed.Health{}); second.Store(&feed.Health{}) }, live("A", "B"), 2 * time.Second, []string{"B live", "feed live"}},
		} {
			if step.before != nil {
				step.before()
			}
			if got := pass(step.lasts, step.during); !slices.Equal(got, step.want) {
				t.Errorf("%s: got %q, want %q", step.scenario, got, step.want)
			}
		}
	})
}

func TestWhoComesToAStaleSymbolIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1})
		defer h.Close()
		m := &clocked{hub: h}
		m.tick("A", 0)
		watcher := attach(t, h)
		watcher.subscribe(0, "A")
		for range 70 {
			m.tick("B", 0)
			time.Sleep(time.Second)
		}
		c := attach(t, h)
		c.subscribe(0, "A")
		synctest.Wait()
		messages := c.messages()
		if got, want := states(messages), []string{"A stale"}; !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if _, last := messages[len(messages)-1].(*wire.Status); !last {
			t.Errorf("the state came before the snapshot: %s", text(messages))
		}
		if got := text(h.NotLive()); got != `[{"Symbol":"A","State":"stale","Age":70000000000}]` {
			t.Errorf("NotLive: got %s", got)
		}
	})
}

// TestATickFromTheFutureDoesNotMakeAFeedLive: a wrong clock at one venue.
func TestATickFromTheFutureDoesNotMakeAFeedLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1})
		defer h.Close()
		h.Apply(&feed.Tick{Symbol: []byte("A"), Time: time.Now().Add(24 * time.Hour).UnixMicro(), Price: feed.Number("1")}, feed.Position{})
		h.Apply(&feed.Tick{Symbol: []byte("B"), Time: time.Now().UnixMicro(), Price: feed.Number("1")}, feed.Position{Offset: 1})
		time.Sleep(time.Second)
		if got := h.Feed(); got.State != wire.Live {
			t.Errorf("at first: got %+v, want live", got)
		}
		time.Sleep(10 * time.Second)
		if got := h.Feed(); got.State != wire.Stale || got.Age != 11*time.Second {
			t.Errorf("after 11 s: got %+v, want stale", got)
		}
	})
}
