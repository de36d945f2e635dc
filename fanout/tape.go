package fanout

import (
	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// What a slot has of its symbol's trades. Everything is read under the slot's
// lock, and copied out as text.

// logAfter reads what a channel has after a version into the segments that next
// gives, and returns up to which version what there was is lost.
func (s *slot) logAfter(c channel, symbol string, after uint64, next func() *segment) (lost uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.trades() {
		for bar := range s.history.Changed(c.interval(), after) {
			s.encodeBar(next(), &bar, symbol)
		}
		return 0
	}
	for trade := range s.history.Trades(after) {
		s.encodeTrade(next(), &trade, symbol, c.stamped())
	}
	if oldest, ok := s.history.Oldest(); ok {
		lost = oldest.Ordinal - 1
	}
	return lost
}

func (s *slot) encodeTrade(seg *segment, t *history.Trade, symbol string, stamped bool) {
	trade := tradeOf(symbol, t, stamped)
	seg.text = wire.AppendTrade(seg.text[:0], &trade)
	seg.ordinal, seg.at = t.Ordinal, feed.Position{Partition: s.at.Partition, Offset: t.Seq}
}

func tradeOf(symbol string, t *history.Trade, stamped bool) wire.Trade {
	trade := wire.Trade{Symbol: symbol, Seq: t.Seq, Time: t.Time, Price: t.Price(), Size: t.Size(), Side: sideText(t.Side)}
	if stamped {
		trade.Received = t.Received
	}
	return trade
}

func sideText(s feed.Side) string {
	switch s {
	case feed.Buy:
		return "b"
	case feed.Sell:
		return "s"
	}
	return ""
}

func (s *slot) encodeBar(seg *segment, b *history.Bar, symbol string) {
	seg.text = appendBar(seg.text[:0], symbol, b)
	seg.ordinal, seg.at = b.Version, feed.Position{Partition: s.at.Partition, Offset: b.Start}
}

// appendBar appends a bar as one JSON object.
func appendBar(dst []byte, symbol string, b *history.Bar) []byte {
	var room [5 * feed.MaxNumber]byte
	var ends [6]int
	text := room[:0]
	for i, figure := range [...]func([]byte) []byte{b.AppendOpen, b.AppendHigh, b.AppendLow, b.AppendClose, b.AppendVolume} {
		text = figure(text)
		ends[i+1] = len(text)
	}
	figure := func(i int) feed.Number { return text[ends[i]:ends[i+1]] }
	return wire.AppendBar(dst, &wire.Bar{Symbol: symbol, Start: b.Start, Seq: b.Seq, Open: figure(0), High: figure(1), Low: figure(2), Close: figure(3),
		Volume: figure(4), Count: b.Count(), Closed: b.Closed})
}

// logVersion is the version of the newest entry of a channel.
func (s *slot) logVersion(c channel) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.trades() {
		return s.history.Ordinal()
	}
	return s.history.Version()
}

// empty reports whether the symbol has had no tick: it has just been seen.
func (s *slot) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ordinal == 0
}

// lastTrade is where the newest trade stands, and its ordinal; 0: there was none.
func (s *slot) lastTrade() (at feed.Position, ordinal uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ordinal = s.at, s.history.Ordinal()
	for last := range s.history.Trades(ordinal - 1) {
		at.Offset = last.Seq
	}
	return at, ordinal
}

// tradeUpTo is the ordinal of the last trade of a slot up to a seq, and whether
// all that came after it are held. If not the ordinal is 0.
//
// What is held begins with the first trade that this node has seen of the symbol,
// or other ones have been replaced. Of a first one it is known that none was
// before it down to where this node began to read the partition.
func (b *Book) tradeUpTo(s *slot, seq int64) (ordinal uint64, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ordinal = s.history.Ordinal()
	oldest, ok := s.history.Oldest()
	if !ok {
		return 0, ordinal == 0 && b.intakes.since(s.at.Partition, seq)
	}
	if next, ok := s.history.After(seq); ok {
		ordinal = next.Ordinal - 1
	}
	switch {
	case ordinal >= oldest.Ordinal, seq == oldest.Seq-1:
		return ordinal, true
	case oldest.Ordinal == 1:
		return 0, b.intakes.since(s.at.Partition, seq)
	}
	return 0, false
}

// newestBar encodes the newest bar of a channel, if there is one. What changes
// after it has a higher version.
func (s *slot) newestBar(c channel, symbol string, seg *segment) (has bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for bar := range s.history.Bars(c.interval(), 0, feed.MaxTime, 1) {
		s.encodeBar(seg, &bar, symbol)
		seg.ordinal, has = s.history.Version(), true
	}
	return has
}

// readDay encodes the statistics of the symbol, if it has had a trade.
func (s *slot) readDay(symbol string, seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.text, seg.ordinal, seg.at = seg.text[:0], 0, s.at
	if day, ok := s.history.Day(); ok {
		seg.text, seg.ordinal = appendDay(seg.text, symbol, &day), s.history.Ordinal()
	}
}

// appendDay appends the statistics as one JSON object.
func appendDay(dst []byte, symbol string, d *history.Day) []byte {
	var room [8 * feed.MaxNumber]byte
	var ends [9]int
	text := room[:0]
	for i, figure := range [...]func([]byte) []byte{d.AppendOpen, d.AppendHigh, d.AppendLow, d.AppendClose, d.AppendVolume, d.AppendVWAP, d.AppendChange, d.AppendPercent} {
		text = figure(text)
		ends[i+1] = len(text)
	}
	figure := func(i int) feed.Number { return text[ends[i]:ends[i+1]] }
	return wire.AppendStat(dst, &wire.Stat{Symbol: symbol, Seq: d.Seq, Time: d.Time, Open: figure(0), High: figure(1), Low: figure(2), Last: figure(3),
		Volume: figure(4), VWAP: figure(5), Change: figure(6), Percent: figure(7), Count: d.Count()})
}

// closeBars closes the bars whose interval ended before now, and reports whether
// there were any.
func (s *slot) closeBars(now int64) (closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.history.Close(now)
}

// addOdd adds the trades that did not count in all bars.
func (s *slot) addOdd(to *OddTrades) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range history.Intervals {
		to.Late[i] += s.history.Late(i)
	}
	to.Ahead += s.history.Ahead()
}
