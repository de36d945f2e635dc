package main

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// watchBoard is what the table shows: the newest values and how they move. The
// client writes it and the view reads it, each in its own time.
type watchBoard struct {
	now func() time.Time

	mu      sync.Mutex
	rows    []*watchRow // sorted by symbol
	link    client.State
	feed    wire.Status // the zero Status: live
	fault   string      // the last one
	updates watchPace
	widths  watchWidths
}

// watchRow is one symbol.
type watchRow struct {
	watchLine
	first, price decimal.Decimal
	priced       bool // there has been a price
	ordinal      uint64
	counted      bool      // ordinal is of this connection
	time         time.Time // of the last tick
	ticks        watchPace
}

// watchLine is a row as text, at one moment.
type watchLine struct {
	symbol, last, change, percent, bid, ask string

	denied wire.Code     // then there are no values
	moved  int           // the last move of the price: 1 up, -1 down
	gained int           // the sign of change
	perSec float64       // ticks
	age    time.Duration // of the last tick
}

// name is the symbol, with its verdict if it has one.
func (l *watchLine) name() string {
	if l.denied == "" {
		return l.symbol
	}
	return l.symbol + " (" + strings.ReplaceAll(string(l.denied), "_", " ") + ")"
}

// watchWidths are the widths of the widest texts so far: columns only grow.
type watchWidths struct{ symbol, last, change, percent, bid, ask int }

// watchPage is a part of the board at one moment.
type watchPage struct {
	link    client.State
	feed    wire.Status
	fault   string
	total   int // rows on the board
	first   int // the place of the first of lines
	lines   []watchLine
	updates float64 // a second, of all symbols
	widths  watchWidths
}

func newWatchBoard() *watchBoard { return &watchBoard{now: time.Now} }

func (b *watchBoard) state(s client.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.link = s
	if s.Phase != client.Connected {
		return
	}
	for _, r := range b.rows { // this connection may count otherwise
		r.counted = false
	}
}

func (b *watchBoard) status(s wire.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Scope == wire.ScopeFeed {
		b.feed = s
	}
}

func (b *watchBoard) broke(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = err.Error()
}

func (b *watchBoard) deny(denied []wire.Denied) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range denied {
		r := b.row(d.Symbol)
		r.denied = d.Code
		b.widths.fit(&r.watchLine)
	}
}

func (b *watchBoard) update(updates []wire.Update, snapshot bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.updates.add(now, uint64(len(updates)))
	for i := range updates {
		u := &updates[i]
		r := b.row(u.Symbol)
		r.take(u, now, snapshot)
		b.widths.fit(&r.watchLine)
	}
}

// row finds a symbol's row or makes it.
func (b *watchBoard) row(symbol string) *watchRow {
	i, found := slices.BinarySearchFunc(b.rows, symbol, func(r *watchRow, s string) int { return strings.Compare(r.symbol, s) })
	if !found {
		r := &watchRow{watchLine: watchLine{symbol: symbol}}
		b.widths.fit(&r.watchLine)
		b.rows = slices.Insert(b.rows, i, r)
	}
	return b.rows[i]
}

// page reads the lines from first on, n at most. A first beyond the last full
// page is that one's.
func (b *watchBoard) page(first, n int) watchPage {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	first = max(0, min(first, len(b.rows)-n))
	page := watchPage{link: b.link, feed: b.feed, fault: b.fault, total: len(b.rows), first: first, updates: b.updates.perSecond(now), widths: b.widths}
	for _, r := range b.rows[first:min(first+n, len(b.rows))] {
		line := r.watchLine
		line.perSec = r.ticks.perSecond(now)
		line.age = max(0, now.Sub(r.time))
		page.lines = append(page.lines, line)
	}
	return page
}

// take makes u the newest values of the row.
func (r *watchRow) take(u *wire.Update, now time.Time, snapshot bool) {
	if !snapshot && r.counted && u.Ordinal > r.ordinal {
		r.ticks.add(now, u.Ordinal-r.ordinal)
	}
	r.denied, r.ordinal, r.counted, r.time = "", u.Ordinal, true, time.UnixMicro(u.Time)
	r.bid, r.ask = string(u.Bid), string(u.Ask)
	if string(u.Price) == r.last {
		return
	}
	price, err := u.Price.Decimal()
	if err != nil {
		return // there has been no trade
	}
	r.last = string(u.Price)
	r.trade(price)
}

func (r *watchRow) trade(price decimal.Decimal) {
	if !r.priced {
		r.first, r.priced = price, true
	} else if sign := price.Cmp(r.price); sign != 0 {
		r.moved = sign
	}
	r.price = price
	change := price.Sub(r.first)
	r.gained = change.Sign()
	r.change = signed(change, change.StringFixed(max(0, -change.Exponent())))
	r.percent = ""
	if !r.first.IsZero() {
		percent := change.Mul(decimal.New(100, 0)).DivRound(r.first.Abs(), 2)
		r.percent = signed(percent, percent.StringFixed(2)) + "%"
	}
}

func signed(d decimal.Decimal, text string) string {
	if d.Sign() > 0 {
		return "+" + text
	}
	return text
}

func (w *watchWidths) fit(l *watchLine) {
	w.symbol = max(w.symbol, len(l.name()))
	w.last = max(w.last, len(l.last))
	w.change = max(w.change, len(l.change))
	w.percent = max(w.percent, len(l.percent))
	w.bid = max(w.bid, len(l.bid))
	w.ask = max(w.ask, len(l.ask))
}

// watchPace counts over the last few seconds. The zero value has begun at the
// first count.
type watchPace struct {
	counts [watchSpan]uint64 // of each second, by its number modulo the span
	since  int64             // the second of the first count
	last   int64             // the second of the newest count
}

// watchSpan is how many seconds a pace is taken over.
const watchSpan = 5

func (p *watchPace) add(now time.Time, n uint64) {
	second := now.Unix()
	if p.since == 0 {
		p.since, p.last = second, second
	}
	for p.last < second { // seconds without a count
		p.last++
		p.counts[p.last%watchSpan] = 0
		p.last = max(p.last, second-watchSpan)
	}
	p.counts[p.last%watchSpan] += n
}

// perSecond leaves out the second that has only begun, unless there is no
// other.
func (p *watchPace) perSecond(now time.Time) float64 {
	if p.since == 0 {
		return 0
	}
	p.add(now, 0)
	second := p.last
	seconds := min(second-p.since, watchSpan-1)
	if seconds == 0 {
		return float64(p.counts[second%watchSpan])
	}
	var sum uint64
	for s := second - seconds; s < second; s++ {
		sum += p.counts[s%watchSpan]
	}
	return float64(sum) / float64(seconds)
}
