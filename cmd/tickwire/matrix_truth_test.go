package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/feed"
)

// truth is all that there can be to tell, computed apart from the server: each
// symbol's state after each of its ticks, its trades, and each bar after each of
// its trades.
type truth struct {
	mu     sync.Mutex // protects what follows
	states map[string]*state
	rows   map[int64]string    // of updates, by seq
	trades map[string][]string // rows since begin
	bars   map[second]*figures
	were   map[string]bool // rows of bars
}

// state is a symbol's newest update, and its volume as a number.
type state struct {
	update
	volume decimal.Decimal
}

// figures are a bar and its values as numbers.
type figures struct {
	bar
	first, last              int64 // event times
	open, high, low, closing decimal.Decimal
	volume                   decimal.Decimal
	places, sizePlaces       int32 // of the finest price and size
}

func newTruth() *truth {
	return &truth{states: make(map[string]*state), rows: make(map[int64]string), trades: make(map[string][]string),
		bars: make(map[second]*figures), were: make(map[string]bool)}
}

func (h *truth) tick(t *feed.Tick, seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.update(t, seq)
	if len(t.Price) == 0 {
		return
	}
	one := trade{S: string(t.Symbol), Q: seq, T: t.Time, P: string(t.Price), Z: string(t.Size)}
	if t.Side != feed.NoSide {
		one.D = string(rune(t.Side))
	}
	h.trades[one.S] = append(h.trades[one.S], one.String())
	of := second{one.S, t.Time - t.Time%time.Second.Microseconds()}
	if h.bars[of] == nil {
		h.bars[of] = &figures{bar: bar{S: of.symbol, T: of.start}}
	}
	h.bars[of].add(one)
	h.were[h.bars[of].String()] = true
}

func (h *truth) update(t *feed.Tick, seq int64) {
	s := h.states[string(t.Symbol)]
	if s == nil {
		s = &state{update: update{S: string(t.Symbol)}}
		h.states[s.S] = s
	}
	s.Q, s.T = seq, t.Time
	s.N++
	for of, n := range map[*string]feed.Number{&s.P: t.Price, &s.Z: t.Size, &s.B: t.Bid, &s.A: t.Ask} {
		if len(n) > 0 {
			*of = string(n)
		}
	}
	if len(t.Size) > 0 {
		s.volume = s.volume.Add(decimal.RequireFromString(string(t.Size)))
	}
	s.V = s.volume.StringFixed(max(0, -s.volume.Exponent())) // as many places as the finest size had
	h.rows[seq] = s.String()
}

// add counts one more trade. Open is the price of the lowest event time, of
// several the first; close that of the highest, of several the last. All prices
// have as many places as the finest of them, and so has the volume.
func (f *figures) add(t trade) {
	price, size := decimal.RequireFromString(t.P), decimal.RequireFromString(t.Z)
	if f.K == 0 || t.T < f.first {
		f.open, f.first = price, t.T
	}
	if f.K == 0 || t.T >= f.last {
		f.closing, f.last = price, t.T
	}
	if f.K == 0 {
		f.high, f.low = price, price
	}
	f.high, f.low, f.volume = decimal.Max(f.high, price), decimal.Min(f.low, price), f.volume.Add(size)
	f.places, f.sizePlaces = max(f.places, -price.Exponent()), max(f.sizePlaces, -size.Exponent())
	f.K++
	f.Q = t.Q
	for text, n := range map[*string]decimal.Decimal{&f.O: f.open, &f.H: f.high, &f.L: f.low, &f.C: f.closing} {
		*text = n.StringFixed(f.places)
	}
	f.V = f.volume.StringFixed(f.sizePlaces)
}

// begin forgets the trades so far: nobody was there to be told.
func (h *truth) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.trades)
}

// checkUpdate, checkTrade and checkBar say what is wrong with something told.

func (h *truth) checkUpdate(u update) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if want := h.rows[u.Q]; u.String() != want {
		return fmt.Errorf("an update that never was: got %v, want %s", u, want)
	}
	return nil
}

// checkTrade is about the n-th trade of its symbol, from 0.
func (h *truth) checkTrade(t trade, n int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows := h.trades[t.S]
	if n >= len(rows) || t.String() != rows[n] {
		return fmt.Errorf("trade %d of %s: got %v, want the one of %d that is %s", n, t.S, t, len(rows), rows[min(n, len(rows)):min(n+1, len(rows))])
	}
	return nil
}

func (h *truth) checkBar(b bar) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.were[b.String()] {
		return fmt.Errorf("a bar that never was: got %v, want now %v", b, h.bars[b.second()])
	}
	return nil
}

// missing is what has not been told to somebody who has these: how many trades,
// and which bars in their last state.
func (h *truth) missing(trades map[string]int, bars map[second]bar) (n int, rows []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for symbol, all := range h.trades {
		n += len(all) - trades[symbol]
	}
	for of, f := range h.bars {
		if got := bars[of]; got != f.bar {
			rows = append(rows, fmt.Sprintf("%v, not %v", f.bar, got))
		}
	}
	return n, rows
}

func (h *truth) sums() sums {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := sums{Symbols: len(h.states), Bars: len(h.bars)}
	s.Hash = hashOf(rowsOf(slices.Collect(maps.Values(h.states))))
	s.Trades, s.TradeHash = hashOfTrades(h.trades)
	s.BarHash = hashOf(rowsOf(slices.Collect(maps.Values(h.bars))))
	return s
}

// barsOf are the rows of the bars of a symbol, by rising start.
func (h *truth) barsOf(symbol string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*figures
	for of, f := range h.bars {
		if of.symbol == symbol {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *figures) int { return int(a.T - b.T) })
	return rowsOf(all)
}
