package fanout

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// topic is a topic: what it has of each partition, for several nodes to read.
type topic [][]string // symbols; "!X" is a quote of X

func (tp *topic) put(partition int, symbols ...string) {
	for len(*tp) <= partition {
		*tp = append(*tp, nil)
	}
	(*tp)[partition] = append((*tp)[partition], symbols...)
}

// read has a node take in what is on the topic, from an offset on.
func (tp topic) read(h *Hub, from int) {
	for partition, symbols := range tp {
		for offset, symbol := range symbols {
			if offset < from {
				continue
			}
			tick := feed.Tick{Symbol: []byte(symbol), Time: 1, Price: feed.Number("1"), Size: feed.Number("1")}
			if symbol[0] == '!' {
				tick = feed.Tick{Symbol: []byte(symbol[1:]), Time: 1, Bid: feed.Number("1")}
			}
			h.Apply(&tick, feed.Position{Partition: int32(partition), Offset: int64(offset)})
		}
	}
}

// Replay makes it an Archive.
func (tp topic) Replay(_ context.Context, partition int32, from, to int64, each func(*feed.Tick, int64) bool) (begun, reached int64, err error) {
	for offset := from; offset < to; offset++ {
		symbol := tp[partition][offset]
		if symbol[0] != '!' && !each(&feed.Tick{Symbol: []byte(symbol), Time: 1, Price: feed.Number("1"), Size: feed.Number("1")}, offset) {
			return from, offset + 1, nil
		}
	}
	return from, to, nil
}

// named is told with the symbols.
func named(messages []any) []string {
	all := []string{}
	for _, m := range messages {
		switch m := m.(type) {
		case *wire.TradesMessage:
			for _, t := range m.Data {
				all = append(all, fmt.Sprint(t.Symbol, " ", t.Seq))
			}
		case *wire.Gap:
			all = append(all, fmt.Sprintf("%s gap %d-%d", m.Symbol, m.From, m.To))
		}
	}
	slices.Sort(all)
	return all
}

// TestAPositionGoesOnWhereTheAckWas, though no trade came in between, on another
// node that may have begun to read late. Its ring holds 4 trades.
func TestAPositionGoesOnWhereTheAckWas(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		before   func(tp *topic)
		terms    []string
		missed   func(tp *topic)
		since    map[string]int64
		from     int  // offset that the second node reads from
		archive  bool // it has one
		later    func(tp *topic)
		first    string // position
		want     []string
		second   string
	}{
		{"nothing was missed", func(tp *topic) { tp.put(0, "A", "B") }, []string{"A"}, func(tp *topic) { tp.put(0, "B") }, nil, 0, false,
			func(tp *topic) { tp.put(0, "A") }, "0-1", []string{"A 3"}, "0-2"},
		{"a symbol with trades before", func(tp *topic) { tp.put(0, "A", "B") }, []string{"A"}, func(tp *topic) { tp.put(0, "A", "B", "A") }, nil, 0, false,
			func(tp *topic) { tp.put(0, "A") }, "0-1", []string{"A 2", "A 4", "A 5"}, "0-1"},
		{"a symbol without a trade", func(tp *topic) { tp.put(0, "!A") }, []string{"A"}, func(tp *topic) { tp.put(0, "A", "A") }, nil, 0, false,
			func(tp *topic) { tp.put(0, "A") }, "0-0", []string{"A 1", "A 2", "A 3"}, "0-0"},
		{"a symbol of a pattern that appears", func(tp *topic) { tp.put(0, "A") }, []string{"*"}, func(tp *topic) { tp.put(0, "N", "N") }, nil, 0, false,
			func(tp *topic) { tp.put(0, "N", "A") }, "0-0", []string{"A 4", "N 1", "N 2", "N 3"}, "0-0"},
		{"in a partition that had nothing", func(tp *topic) { tp.put(1, "A") }, []string{"*"}, func(tp *topic) { tp.put(0, "N", "N"); tp.put(2, "M") }, nil, 0, false,
			func(tp *topic) { tp.put(2, "M") }, "1-0", []string{"M 0", "M 1", "N 0", "N 1"}, "1-0"},
		{"on a node that had nothing at all", func(tp *topic) {}, []string{"*"}, func(tp *topic) { tp.put(0, "N", "N") }, nil, 0, false,
			func(tp *topic) { tp.put(0, "N") }, "none", []string{"N 0", "N 1", "N 2"}, "none"},
		{"since goes before it", func(tp *topic) { tp.put(0, "A", "B") }, []string{"A", "B"}, func(tp *topic) { tp.put(0, "A", "B", "A", "B") }, map[string]int64{"A": 2}, 0, false,
			func(tp *topic) { tp.put(0, "A") }, "0-1", []string{"A 4", "A 6", "B 3", "B 5"}, "0-1"},
		{"since names all that has come", func(tp *topic) { tp.put(0, "A", "B") }, []string{"*"}, func(tp *topic) { tp.put(0, "A", "A") }, map[string]int64{"A": 2}, 0, false,
			func(tp *topic) { tp.put(0, "B") }, "0-1", []string{"A 3", "B 4"}, "0-3"},
		{"more than the ring holds", func(tp *topic) { tp.put(0, "A", "B") }, []string{"A"}, func(tp *topic) { tp.put(0, "A", "A", "A", "A", "A", "A") }, nil, 0, false,
			func(tp *topic) {}, "0-1", []string{"A 4", "A 5", "A 6", "A 7", "A gap 2-3"}, "0-1"},
		{"but an archive does", func(tp *topic) { tp.put(0, "A", "B") }, []string{"A"}, func(tp *topic) { tp.put(0, "A", "A", "A", "A", "A", "A") }, nil, 0, true,
			func(tp *topic) {}, "0-1", []string{"A 2", "A 3", "A 4", "A 5", "A 6", "A 7"}, "0-1"},
		{"the node has read all since", func(tp *topic) { tp.put(0, "B", "B", "!A") }, []string{"*"}, func(tp *topic) { tp.put(0, "A") }, nil, 3, false,
			func(tp *topic) {}, "0-2", []string{"A 3"}, "0-2"},
		{"the node began to read after it", func(tp *topic) { tp.put(0, "B", "!A") }, []string{"A"}, func(tp *topic) { tp.put(0, "A", "A", "A") }, nil, 4, false,
			func(tp *topic) { tp.put(0, "A") }, "0-1", []string{"A 4", "A 5", "A gap 2-3"}, "0-1"},
		{"and has an archive", func(tp *topic) { tp.put(0, "B", "!A") }, []string{"A"}, func(tp *topic) { tp.put(0, "A", "A", "A") }, nil, 4, true,
			func(tp *topic) { tp.put(0, "A") }, "0-1", []string{"A 2", "A 3", "A 4", "A 5"}, "0-1"},
		{"and knows the symbol only later", func(tp *topic) { tp.put(0, "B", "B") }, []string{"*"}, func(tp *topic) { tp.put(0, "N", "N", "B") }, nil, 4, false,
			func(tp *topic) { tp.put(0, "N") }, "0-1", []string{"B 4", "B gap 2-3", "N 5", "N gap 2-4"}, "0-1"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var tp topic
				tc.before(&tp)
				one := New(Config{Shards: 2, Symbols: 10})
				defer one.Close()
				tp.read(one, 0)
				ack := attach(t, one).ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: tc.terms})
				if ack.Position != tc.first {
					t.Errorf("position: got %q, want %q", ack.Position, tc.first)
				}
				tc.missed(&tp)
				config := Config{Shards: 2, Symbols: 10, History: history.Limits{Trades: 4}}
				if tc.archive {
					config.Archive = &tp
				}
				two := New(config)
				defer two.Close()
				tp.read(two, tc.from)
				c := attach(t, two)
				ack = c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: tc.terms, Since: tc.since, Position: ack.Position})
				if ack.Position != tc.second {
					t.Errorf("position of the second ack: got %q, want %q", ack.Position, tc.second)
				}
				synctest.Wait()
				tc.later(&tp)
				tp.read(two, tc.from)
				synctest.Wait()
				if got := named(c.messages()); !slices.Equal(got, tc.want) {
					t.Errorf("told: got %v, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestAPositionThatIsNoneIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "1")
		c := attach(t, h)
		c.sub.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"A"}, Position: "0-"})
		refused := slices.ContainsFunc(c.messages(), func(m any) bool {
			e, ok := m.(*wire.Error)
			return ok && e.Code == wire.BadRequest
		})
		if !refused {
			t.Error("got no error with bad_request")
		}
	})
}

// TestASubscriptionBeginsExactlyAtItsPosition, while trades come in many
// partitions: whatever is after it is told, nothing that is before. It runs in
// real time, since in a bubble a request is over before the next trade.
func TestASubscriptionBeginsExactlyAtItsPosition(t *testing.T) {
	const partitions, trades, symbols = 4, 8000, 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	h := New(Config{Shards: 2, Symbols: partitions * symbols, History: history.Limits{Trades: trades}})
	defer h.Close()
	var applied atomic.Int64
	var writers, clients sync.WaitGroup
	name := func(partition, offset int) string { return fmt.Sprintf("S-%d-%d", partition, offset%symbols) }
	for p := range partitions {
		writers.Go(func() {
			for offset := range trades {
				h.Apply(&feed.Tick{Symbol: []byte(name(p, offset)), Time: 1, Price: feed.Number("1"), Size: feed.Number("1")},
					feed.Position{Partition: int32(p), Offset: int64(offset)})
				applied.Add(1)
			}
		})
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for range 12 {
		c, when := attach(t, h), random.Int64N(partitions*trades)
		clients.Go(func() {
			for applied.Load() < when {
				runtime.Gosched()
			}
			ack := c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"*"}})
			from, err := parsePosition(ack.Position)
			if err != nil {
				t.Errorf("position %q: %v", ack.Position, err)
			}
			writers.Wait()
			want := []string{}
			for p := range partitions {
				for offset := from.next(p); offset < trades; offset++ {
					want = append(want, fmt.Sprint(name(p, int(offset)), " ", offset))
				}
			}
			slices.Sort(want)
			got := []string{}
			for deadline := time.Now().Add(3 * time.Minute); len(got) < len(want) && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				got = append(got, named(c.messages())...) // as the shard comes to it
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				extra := slices.DeleteFunc(slices.Clone(got), func(one string) bool { _, found := slices.BinarySearch(want, one); return found })
				t.Errorf("from %s on: got %d trades and gaps, want %d; too many are %v", ack.Position, len(got), len(want), extra)
			}
		})
	}
	clients.Wait()
}

// TestWhoArrivesIsToldToThePatternsOfBefore: a request takes note of new symbols
// for all, but where it begins itself is its own.
func TestWhoArrivesIsToldToThePatternsOfBefore(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "1")
		c := attach(t, h)
		c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"N*"}})
		synctest.Wait()
		c.sub.shard.book.apply(&feed.Tick{Symbol: []byte("N"), Time: 1, Price: feed.Number("1"), Size: feed.Number("1")}, feed.Position{Offset: 1}) // nobody is roused
		c.sub.shard.book.intakes.of(0).reach(feed.Position{Offset: 1})
		ack := c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"*"}})
		synctest.Wait()
		if got := named(c.messages()); ack.Position != "0-1" || !slices.Equal(got, []string{"N 1"}) {
			t.Errorf("got %v from %s on, want N 1 of the first request, before 0-1", got, ack.Position)
		}
	})
}

// TestTheIDOfAnEventNamesEveryPartition, also one of which nobody watches
// anything: so a symbol that appears in it is told from its first trade, and no
// other.
func TestTheIDOfAnEventNamesEveryPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tp topic
		tp.put(0, "A")
		tp.put(1, "NO", "NO")
		h := New(Config{Shards: 1, Symbols: 10})
		defer h.Close()
		tp.read(h, 0)
		first := &stream{}
		s := h.NewSubscriber(first, Events)
		s.Attach(nil)
		s.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"A", "N*"}})
		tp.put(0, "A")
		tp.read(h, 0)
		synctest.Wait()
		if got := first.ids(); !slices.Equal(got, []string{"0-1,1-1"}) {
			t.Fatalf("ids: got %v, want 0-1,1-1", got)
		}
		s.Detach(ClientLeft)
		tp.put(1, "NEW")
		tp.put(2, "NEWER")
		tp.read(h, 0)
		second := &stream{}
		s = h.NewSubscriber(second, Events)
		if err := s.ResumeFrom("0-1,1-1"); err != nil {
			t.Fatal(err)
		}
		s.Attach(nil)
		s.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"A", "N*"}})
		synctest.Wait()
		if got, want := named(second.messages(t)), []string{"NEW 2", "NEWER 0"}; !slices.Equal(got, want) {
			t.Errorf("told: got %v, want %v", got, want)
		}
	})
}

// stream is an Outbox of events.
type stream struct {
	mu     sync.Mutex
	events []string
}

func (s *stream) TryFrame(frame []byte) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	for event := range strings.SplitSeq(strings.TrimSuffix(string(frame), eventFoot), eventFoot) {
		s.events = append(s.events, event)
	}
	return Sent
}

func (s *stream) Progress() time.Time { return time.Time{} }
func (s *stream) Shut(Reason)         {}

func (s *stream) ids() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range s.events {
		if id, found := strings.CutPrefix(event, "id: "); found {
			id, _, _ = strings.Cut(id, "\n")
			all = append(all, id)
		}
	}
	return all
}

func (s *stream) messages(t *testing.T) (all []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range s.events {
		if _, data, found := strings.Cut(event, "data: "); found && data != "" {
			m, err := wire.Parse([]byte(data))
			if err != nil {
				t.Errorf("%v: %s", err, data)
			}
			all = append(all, m)
		}
	}
	return all
}

// heldArchive has nothing until it is let go.
type heldArchive struct {
	topic
	free chan struct{}
}

func (a *heldArchive) Replay(ctx context.Context, partition int32, from, to int64, each func(*feed.Tick, int64) bool) (begun, reached int64, err error) {
	<-a.free
	return a.topic.Replay(ctx, partition, from, to, each)
}

// TestAnEventHasNoIDWhileAReplayIsUnderWay: who comes again with it would miss
// what is still to be replayed.
func TestAnEventHasNoIDWhileAReplayIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tp topic
		tp.put(0, "A", "B", "A", "A", "A", "A", "A", "A", "B")
		a := &heldArchive{topic: tp, free: make(chan struct{})}
		h := New(Config{Shards: 1, Symbols: 10, History: history.Limits{Trades: 4}, Archive: a})
		defer h.Close()
		a.read(h, 0)
		out := &stream{}
		s := h.NewSubscriber(out, Events)
		if err := s.ResumeFrom("0-1"); err != nil {
			t.Fatal(err)
		}
		s.Attach(nil)
		var asking sync.WaitGroup
		asking.Go(func() {
			s.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"A", "B"}})
		})
		synctest.Wait()
		if got, want := named(out.messages(t)), []string{"B 8"}; !slices.Equal(got, want) {
			t.Errorf("told during the replay: got %v, want %v", got, want)
		}
		if got := out.ids(); len(got) > 0 {
			t.Errorf("ids during the replay: got %v, want none", got)
		}
		close(a.free)
		asking.Wait()
		a.put(0, "A")
		a.read(h, 0)
		synctest.Wait()
		if got, want := out.ids(), []string{"0-9"}; !slices.Equal(got, want) {
			t.Errorf("ids: got %v, want %v", got, want)
		}
		if got, want := named(out.messages(t)), []string{"A 2", "A 3", "A 4", "A 5", "A 6", "A 7", "A 9", "B 8"}; !slices.Equal(got, want) {
			t.Errorf("told: got %v, want %v", got, want)
		}
	})
}
