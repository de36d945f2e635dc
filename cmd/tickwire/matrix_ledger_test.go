package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"maps"
	"slices"

	"tickwire/fanout/wire"
)

// What the server tells, as any client would read it, without this program's own
// packages. As text each is a row; the scripts make the same.

// update is an element of ticker.
type update struct {
	S          string
	Q, N, T    int64
	P, Z, B, A string
	V          string
}

func (u update) String() string {
	return fmt.Sprintf("%s|%d|%d|%d|%s|%s|%s|%s|%s", u.S, u.Q, u.N, u.T, u.P, u.Z, u.B, u.A, u.V)
}

// trade is an element of trades.
type trade struct {
	S       string
	Q, T    int64
	P, Z, D string
}

func (t trade) String() string { return fmt.Sprintf("%s|%d|%d|%s|%s|%s", t.S, t.Q, t.T, t.P, t.Z, t.D) }

// bar is an element of bars_1s. Whether it is closed is the clock's to say.
type bar struct {
	S             string
	T, Q          int64
	O, H, L, C, V string
	K             int64
}

func (b bar) String() string {
	return fmt.Sprintf("%s|%d|%d|%s|%s|%s|%s|%s|%d", b.S, b.T, b.Q, b.O, b.H, b.L, b.C, b.V, b.K)
}

// second is which bar it is.
type second struct {
	symbol string
	start  int64
}

func (b bar) second() second { return second{b.S, b.T} }

// message is any message of the server.
type message struct {
	Type, Channel, Code string
	ID                  int
	Data                json.RawMessage
}

// taker takes the elements of messages, or says what is wrong with one.
type taker interface {
	takeUpdate(kind string, u update) error
	takeTrade(trade) error
	takeBar(bar) error
}

// hand gives the elements of m to a taker. It returns the channel, "" if m is of
// none, and how many there were.
func (m *message) hand(to taker) (channel string, n int, err error) {
	channel = m.Type
	if m.Type == wire.TypeSnapshot {
		channel = m.Channel
	}
	switch channel {
	case wire.Ticker:
		n, err = handAll(m.Data, func(u update) error { return to.takeUpdate(m.Type, u) })
	case wire.Trades:
		n, err = handAll(m.Data, to.takeTrade)
	case wire.Bars1s:
		n, err = handAll(m.Data, to.takeBar)
	default:
		return "", 0, nil
	}
	return channel, n, err
}

func handAll[E any](data []byte, take func(E) error) (int, error) {
	var all []E
	if err := json.Unmarshal(data, &all); err != nil {
		return 0, err
	}
	for _, one := range all {
		if err := take(one); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// sums stand for all that a client has got, or that there was: the newest update
// of every symbol, every trade, and the last that was told of every bar.
type sums struct {
	Symbols, Trades, Bars    int
	Hash, TradeHash, BarHash string
}

// rowsOf are the rows of elements.
func rowsOf[E fmt.Stringer](elements []E) []string {
	rows := make([]string, len(elements))
	for i, e := range elements {
		rows[i] = e.String()
	}
	return rows
}

// hashOf is a hash of rows in the order of their text.
func hashOf(rows []string) string {
	rows = slices.Sorted(slices.Values(rows))
	h := sha256.New()
	for _, row := range rows {
		fmt.Fprintln(h, row)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// hashOfTrades is a hash of rows in their order, symbol after symbol, and how
// many there are.
func hashOfTrades(rows map[string][]string) (n int, text string) {
	h := sha256.New()
	for _, symbol := range slices.Sorted(maps.Keys(rows)) {
		for _, row := range rows[symbol] {
			fmt.Fprintln(h, row)
			n++
		}
	}
	return n, fmt.Sprintf("%x", h.Sum(nil))
}

// account is what a client saw, by its own account.
type account struct {
	Name string
	sums
	Stream               uint32 // hash of all its updates, FNV-1a
	Messages             int
	Answers              int // to requests after the first ones
	Pings, Pongs         int // frames
	Protocol, Extensions string
	Code                 int // of the close frame
	Faults               []string
}

// ledger is what a client has got.
type ledger struct {
	latest map[string]update
	trades map[string][]string // rows
	last   map[string]int64    // seq of the last trade
	bars   map[second]bar
	stream hash.Hash32 // of all updates, in order
	report account
}

func newLedger(name string) *ledger {
	return &ledger{latest: make(map[string]update), trades: make(map[string][]string), last: make(map[string]int64), bars: make(map[second]bar),
		stream: fnv.New32a(), report: account{Name: name}}
}

func (l *ledger) fault(format string, args ...any) {
	if len(l.report.Faults) < 10 {
		l.report.Faults = append(l.report.Faults, fmt.Sprintf(format, args...))
	}
}

// take reads one message and returns the number of the request that it
// answers, 0: none.
func (l *ledger) take(text []byte) (answers int) { return l.takeFor(l, text) }

// takeFor is take with the elements of the message going to another taker.
func (l *ledger) takeFor(to taker, text []byte) (answers int) {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		l.fault("%v: %.500q", err, text)
		return 0
	}
	l.report.Messages++
	if (l.report.Messages == 1) != (m.Type == wire.TypeHello) {
		l.fault("message %d is %s", l.report.Messages, text)
	}
	channel, _, err := m.hand(to)
	if err != nil {
		l.fault("%v: %.500s", err, text)
	}
	switch m.Type {
	case wire.TypeAck, wire.TypePong:
		return m.ID
	case wire.TypeHello, wire.TypeHeartbeat, wire.TypeNotice, wire.TypeStatus:
	default:
		if channel == "" {
			l.fault("unexpected: %s", text)
		}
	}
	return 0
}

func (l *ledger) takeUpdate(kind string, u update) (err error) {
	before, known := l.latest[u.S]
	switch {
	case !known && kind == wire.Ticker:
		err = fmt.Errorf("%v: an update before its snapshot", u)
	case known && (u.Q < before.Q || u.N < before.N || kind == wire.Ticker && u.Q == before.Q):
		err = fmt.Errorf("%s: %v after %v", kind, u, before)
	}
	l.latest[u.S] = u
	fmt.Fprintln(l.stream, u)
	return err
}

func (l *ledger) takeTrade(t trade) error {
	if before, known := l.last[t.S]; known && t.Q <= before {
		return fmt.Errorf("trades: %v after that of seq %d", t, before)
	}
	l.trades[t.S], l.last[t.S] = append(l.trades[t.S], t.String()), t.Q
	return nil
}

func (l *ledger) takeBar(b bar) error {
	before, known := l.bars[b.second()]
	l.bars[b.second()] = b
	if known && (b.Q < before.Q || b.K < before.K) {
		return fmt.Errorf("bars: %v after %v", b, before)
	}
	return nil
}

func (l *ledger) close() account {
	l.report.sums, l.report.Stream = l.sums(), l.stream.Sum32()
	return l.report
}

func (l *ledger) sums() sums {
	s := sums{Symbols: len(l.latest), Bars: len(l.bars)}
	s.Hash = hashOf(rowsOf(slices.Collect(maps.Values(l.latest))))
	s.Trades, s.TradeHash = hashOfTrades(l.trades)
	s.BarHash = hashOf(rowsOf(slices.Collect(maps.Values(l.bars))))
	return s
}
