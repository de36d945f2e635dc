package fanout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/feed"
)

func TestACensusNamesTheSlowest(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		for _, symbol := range []string{"A", "B", "C"} {
			m.trade(symbol, "1")
		}
		first, second, rated, quick := attach(t, h), attach(t, h), attach(t, h), attach(t, h)
		began := time.Now()
		first.subscribe(0, "A", "B*")
		second.subscribe(0, "A", "B")
		rated.subscribe(1, "A")
		quick.subscribe(0, "A")
		synctest.Wait()
		first.stall()
		m.trade("A", "2") // this one is in flight
		synctest.Wait()
		time.Sleep(3 * time.Second)
		second.stall()
		for i := range 5 {
			m.trade("A", fmt.Sprint(3+i))
			synctest.Wait()
			m.trade("B", fmt.Sprint(3+i))
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		all := h.Census(10)
		if got := all.Subscribers; got[Plain]+got[Deflate] != 4 || got[Plain] != 2 || got[Events] != 0 {
			t.Errorf("subscribers: got %v, want two plain and two compressed", got)
		}
		if all.Terms != 6 || all.Watched != 2 || all.Ticks != 14 {
			t.Errorf("got %d terms, %d symbols watched and %d ticks, want 6, 2 and 14", all.Terms, all.Watched, all.Ticks)
		}
		var who []Outbox
		for _, s := range all.Slowest {
			who = append(who, s.Outbox)
		}
		if !slices.Equal(who, []Outbox{first, second, rated}) {
			t.Fatalf("got %v, want who is blocked for longest, who is blocked, and who was merged for; not who keeps up", who)
		}
		for i, want := range []Straggler{
			{Blocked: 5 * time.Second, Pending: 2, Conflated: 8}, // A and B, of 5 ticks each the last
			{Blocked: 2 * time.Second, Pending: 2, Conflated: 7}, // the first A is in flight, alone
			{Conflated: 3}, // of A since its rate let it have one
		} {
			got := all.Slowest[i]
			if got.Blocked != want.Blocked || got.Pending != want.Pending || got.Conflated != want.Conflated || got.Bytes == 0 || !got.Attached.Equal(began) {
				t.Errorf("%d: got %+v, want %+v, attached at %v, and bytes", i, got, want, began)
			}
		}
		first.recover()
		synctest.Wait()
		after := h.Census(1)
		if len(after.Slowest) != 1 || after.Slowest[0].Outbox != second {
			t.Errorf("when the first reads again: got %+v, want the second alone", after.Slowest)
		}
		if got := h.Census(0); len(got.Slowest) != 0 {
			t.Errorf("none were asked for: got %+v", got.Slowest)
		}
		second.recover()
	})
}

// TestWhatASnapshotOwesIsPending: a symbol counts once, whether its snapshot or its
// update is due.
func TestWhatASnapshotOwesIsPending(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		for i := range 200 {
			m.trade(symbolName(i), "1")
		}
		c := attach(t, h)
		synctest.Wait()
		c.subscribe(0, "SYM0000-USD")
		synctest.Wait()
		c.stall()
		m.trade("SYM0000-USD", "2")
		synctest.Wait()
		s := c.sub
		for i := range 200 { // as if it had subscribed while it was blocked
			done := make(chan struct{})
			s.shard.post(func() { s.addTerm(s.shard.view(ticker), symbolName(i), 0, 1); close(done) })
			<-done
		}
		m.trade("SYM0000-USD", "3")
		m.trade("SYM0100-USD", "3")
		synctest.Wait()
		if got := h.Census(1).Slowest[0].Pending; got != 200 {
			t.Errorf("got %d symbols pending, want 200", got)
		}
		c.recover()
	})
}

func TestNobodyIsLeftInAHubThatHasEnded(t *testing.T) {
	h := New(Config{Shards: 2})
	m := &market{hub: h}
	m.trade("A", "1")
	attach(t, h)
	h.Close()
	if got := h.Census(10); got.Subscribers != [encodings]int{} || got.Ticks != 1 {
		t.Errorf("got %+v, want no subscriber and one tick", got)
	}
}

// TestTheSlowestAreThoseOfAWholeSort compares with sorting everybody.
func TestTheSlowestAreThoseOfAWholeSort(t *testing.T) {
	for range 20 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			book := newBook(feed.NewSymbols(1))
			sh := newShard(0, book, Policy{}.withDefaults(), newFreshness(book, Policy{}.withDefaults(), Config{}))
			sh.now = time.Now()
			var want []Straggler
			for range random.IntN(60) {
				s := &Subscriber{shard: sh, blocked: random.IntN(4) == 0, conflated: random.Uint64N(20), gone: random.IntN(9) == 0}
				s.blockedAt = sh.now.Add(-time.Duration(1 + random.Int64N(100)))
				sh.subs = append(sh.subs, s)
				if !s.gone && (s.blocked || s.conflated > 0) {
					want = append(want, s.straggler(sh.now))
				}
			}
			most := random.IntN(15)
			all := Census{}.Plus(Census{Slowest: want}, most).Slowest
			got := sh.census(most).Slowest
			same := func(a, b Straggler) bool {
				return a.Blocked == b.Blocked && (a.Blocked > 0 || a.Conflated == b.Conflated)
			}
			if !slices.EqualFunc(got, all, same) {
				t.Errorf("the %d slowest:\n got %+v\nwant %+v", most, got, all)
			}
		})
	}
}

// BenchmarkCensus is what a pulse waits for: a look at 10,000 subscribers of a
// shard.
func BenchmarkCensus(b *testing.B) {
	d := driveByHand(2000)
	for i := range 10_000 {
		d.watch(b, true, symbolName(i%2000), symbolName((i+1)%2000))
	}
	for _, s := range d.shard.subs {
		s.conflated = rand.Uint64N(1 << 20)
	}
	for b.Loop() {
		d.shard.census(10)
	}
}
