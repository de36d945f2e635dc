package verify

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

func TestTicksOlderThanKeepAreNotChecked(t *testing.T) {
	s := newScript(NewTruth([]string{btc, eth, xrp}, 100*time.Millisecond), wire.Ticker, 0)
	for range 200 {
		s.market()
	}
	s.snapshot("A", s.of(3, nil)) // far older
	s.ticker("A", s.of(4, func(u *wire.Update) { u.Price = feed.Number("77") }))
	if l := &s.ledger; l.Broken() != 0 || l.Unchecked != 2 {
		t.Errorf("old ones: got %d violations, %d unchecked, want 0 and 2: %+v", l.Broken(), l.Unchecked, l.Violations)
	}
	s.ticker("A", s.of(1990, nil))
	s.ticker("A", s.of(1995, func(u *wire.Update) { u.Price = feed.Number("77") }))
	if l := &s.ledger; l.Value != 1 || l.Broken() != 1 || l.Unchecked != 2 {
		t.Errorf("new ones: got %d violations, %d unchecked, want 1 and 2: %+v", l.Broken(), l.Unchecked, l.Violations)
	}
	s.ticker("A", s.of(1996, func(u *wire.Update) { u.Time = s.of(5, nil).Time }))
	if s.ledger.Value != 2 {
		t.Errorf("an old time after a new one: got %d value violations, want 2", s.ledger.Value)
	}
	s.rest("A")
	if w := s.clients["A"]; !w.Complete() {
		t.Error("the last value is kept whatever its age: want the client complete")
	}
}

func TestTheTruthIsBounded(t *testing.T) {
	const ticks = 200_000
	for name, truth := range map[string]*Truth{"all are kept": NewTruth([]string{btc}, time.Hour), "a tenth is": NewTruth([]string{btc}, ticks/10*time.Microsecond)} {
		before := heap()
		tick := feed.Tick{Symbol: []byte(btc), Price: feed.Number("1.5"), Size: feed.Number("2")}
		for i := range ticks {
			tick.Time = int64(1 + i)
			truth.Publish(0, &tick, int64(i+2))
		}
		bytes := float64(heap()-before) / ticks
		if most := 34.0; bytes > most || name == "a tenth is" && bytes > most/9 {
			t.Errorf("%s: %.1f bytes a tick, want %.0f at most", name, bytes, most)
		}
		if got := truth.Published(); got != ticks {
			t.Errorf("published: got %d, want %d", got, ticks)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestASizeWithMorePlacesLaterKeepsTheVolumesBefore(t *testing.T) {
	s := newScript(published3(), wire.Ticker, 1)
	for _, size := range []string{"1", "2.5", "0.00000001", "3", "900000000.1"} {
		s.publish(&feed.Tick{Symbol: []byte(btc), Price: feed.Number("1"), Size: feed.Number(size)})
	}
	s.snapshot("A", s.of(0, nil))
	s.ticker("A", s.of(1, nil), s.of(2, nil), s.of(3, nil), s.of(4, func(u *wire.Update) { u.Volume = feed.Number("900000006.60000002") }))
	if l := &s.ledger; l.Value != 1 || l.Broken() != 1 || l.Unchecked != 0 {
		t.Errorf("got %+v, %d unchecked; want the last v alone to be wrong", l.Violations, l.Unchecked)
	}
}

func TestVolumesThatDoNotFitAreNotCheckedAndNoAlarm(t *testing.T) {
	s := newScript(published3(), wire.Ticker, 1)
	for _, size := range []string{"1", "5000000000000000000", "5000000000000000000", "0.00000001"} {
		s.publish(&feed.Tick{Symbol: []byte(btc), Price: feed.Number("1"), Size: feed.Number(size)})
	}
	s.snapshot("A", s.of(0, nil))
	s.ticker("A", s.of(1, nil), s.of(2, nil), s.of(3, nil))
	if l := &s.ledger; l.Broken() != 0 || l.Unchecked == 0 {
		t.Errorf("got %+v, %d unchecked; want no violation and some unchecked", l.Violations, l.Unchecked)
	}
}

func TestAmountsAreExact(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	text := func() feed.Number {
		digits := fmt.Sprint(r.Uint64() >> r.IntN(64))
		if places := r.IntN(10); places > 0 {
			digits += "." + fmt.Sprintf("%0*d", places, r.IntN(10))
		}
		if r.IntN(4) == 0 {
			digits = "-" + digits
		}
		return feed.Number(digits)
	}
	fitted := 0
	for range 20_000 {
		x, y := text(), text()
		a, ok := amountOf(x)
		b, also := amountOf(y)
		if !ok || !also {
			continue
		}
		d, e := decimalOf(x), decimalOf(y)
		if got := a.equals(b); got != d.Equal(e) {
			t.Errorf("seed %d: %s equals %s: got %v", seed, x, y, got)
		}
		if got, ok := a.less(b); ok && !got.decimal().Equal(d.Sub(e)) {
			t.Errorf("seed %d: %s - %s: got %s", seed, x, y, got.decimal())
		} else if ok {
			fitted++
		}
		if got, ok := a.plus(b); ok && !got.decimal().Equal(d.Add(e)) {
			t.Errorf("seed %d: %s + %s: got %s", seed, x, y, got.decimal())
		}
	}
	if fitted < 1000 {
		t.Errorf("seed %d: only %d differences fitted", seed, fitted)
	}
}

func decimalOf(n feed.Number) decimal.Decimal {
	d, _ := n.Decimal()
	return d
}

// samples are what a Sampler was told.
type samples [][4]int64

func (s *samples) Sample(planned, oldest, sent, received int64) {
	*s = append(*s, [4]int64{planned, oldest, sent, received})
}

func TestLatencyIsOfUpdatesThatAreTrue(t *testing.T) {
	s := newScript(published3(), wire.Ticker, 0)
	s.market()
	var got samples
	s.ledger.Sampler = &got
	w := s.client("A")
	w.Take([]byte(data(wire.SnapshotHead, s.sent[btc][:1])), 5, &s.ledger)
	w.Take([]byte(data(wire.TickerHead, s.sent[btc][1:2])), 6, &s.ledger)
	w.Take([]byte(data(wire.TickerHead, s.sent[btc][3:4])), 7, &s.ledger) // and the one between
	w.Take([]byte(data(wire.TickerHead, s.sent[btc][3:4])), 8, &s.ledger) // again
	w.Take([]byte(data(wire.TickerHead, []wire.Update{s.of(4, func(u *wire.Update) { u.Price = feed.Number("8") })})), 8, &s.ledger)
	one, two, three := s.of(1, nil).Time, s.of(2, nil).Time, s.of(3, nil).Time
	if want := (samples{{one, one, one + 7, 6}, {three, two, three + 7, 7}}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLedgersAddUp(t *testing.T) {
	s := newScript(published3(), wire.Ticker, 0)
	s.market()
	var sum Ledger
	for i := range 3 {
		s.ledger = Ledger{}
		client := fmt.Sprint("C", i)
		s.snapshot(client, s.of(0, nil))
		s.ticker(client, s.of(3, nil))
		for range 60 {
			s.ticker(client, s.of(3, nil))
		}
		s.rest(client)
		s.client(client).Finish(&s.ledger)
		sum.Add(&s.ledger)
	}
	if sum.Order != 180 || len(sum.Violations) != MaxViolations || sum.Broken() != 180 {
		t.Errorf("got %d order violations, %d shown, want 180 and %d", sum.Order, len(sum.Violations), MaxViolations)
	}
	// A client is told tick 0, 3 and 9 of one symbol, 9 of the other.
	if sum.Updates != 186 || sum.Snapshots != 6 || sum.Conflated != 3*(2+5) || sum.Expected != 3*11 || sum.Reach() != 1 {
		t.Errorf("got %+v, want 186 updates, 6 snapshots, 21 conflated, 33 expected, reach 1", sum)
	}
}

func TestReachIsWhatWasToldOfWhatWasDue(t *testing.T) {
	s := newScript(published3(), wire.Ticker, 0)
	s.market()
	s.snapshot("A", s.of(0, nil), s.sent[eth][9])
	s.ticker("A", s.of(4, nil)) // 4 of 9
	s.client("A").Finish(&s.ledger)
	if l := &s.ledger; l.Expected != 2+9 || l.Accounted != 2+4 {
		t.Errorf("got %d of %d, want 6 of 11", l.Accounted, l.Expected)
	}
}

// A publisher and the workers of a swarm are at it at the same time.
func TestEveryoneAtOnce(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("LOAD-%05d", i))
	}
	truth := NewTruth(names, 50*time.Millisecond)
	s := newScript(truth, wire.Ticker, 0)
	told := make([]chan []byte, 4)
	var ledgers [4]Ledger
	var workers sync.WaitGroup
	for n := range told {
		told[n] = make(chan []byte, 16)
		workers.Go(func() {
			w := truth.Watch(fmt.Sprint(n), wire.Ticker, nil)
			w.Connect("node", false)
			ledgers[n].Share = 0.1
			for text := range told[n] {
				w.Take(text, 0, &ledgers[n])
				w.Complete()
			}
			w.Finish(&ledgers[n])
		})
	}
	for round := range 300 {
		var us []wire.Update
		for _, name := range names {
			s.publish(&feed.Tick{Symbol: []byte(name), Price: feed.Number("1.5"), Size: feed.Number("0.25"), Bid: feed.Number("1"), Ask: feed.Number("2")})
			us = append(us, s.last[name])
		}
		head := wire.TickerHead
		if round == 0 {
			head = wire.SnapshotHead
		}
		for _, to := range told {
			to <- bytes.Clone([]byte(data(head, us)))
		}
	}
	for _, to := range told {
		close(to)
	}
	workers.Wait()
	for n := range ledgers {
		if l := &ledgers[n]; l.Broken() != 0 || l.Unchecked != 0 || l.Updates != 299*20 {
			t.Errorf("worker %d: %d updates, %d unchecked, violations %+v", n, l.Updates, l.Unchecked, l.Violations)
		}
	}
}

// TestWhoIsGoneLacksWhatCameAfter, and nobody has broken a promise to it.
func TestWhoIsGoneLacksWhatCameAfter(t *testing.T) {
	s := newScript(published3(), wire.Ticker, 0)
	s.market()
	s.snapshot("A", s.of(0, nil), s.sent[eth][9])
	s.ticker("A", s.of(4, nil)) // 4 of 9
	s.client("A").Lost(&s.ledger)
	if l := s.ledger; l.Expected != 2+9 || l.Accounted != 2+4 || l.Broken() != 0 {
		t.Errorf("got %d of %d ticks, %d violations; want 6 of 11 and none", l.Accounted, l.Expected, l.Broken())
	}
	never := s.truth.Watch("B", wire.Ticker, nil)
	var l Ledger
	if never.Lost(&l); l.Expected != 0 {
		t.Errorf("who was told nothing: got %d expected, want none", l.Expected)
	}
}
