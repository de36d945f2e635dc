package fanout

import (
	"strings"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// AppendUpdates appends the update of every symbol that a term matches, in the
// order of first sight and with commas between them; without terms, of all.
func (h *Hub) AppendUpdates(dst []byte, terms ...string) []byte {
	return h.appendEach(dst, terms, func(dst []byte, s *slot, name string) []byte {
		dst, _, _ = s.read(dst, name, false)
		return dst
	})
}

// AppendStats appends the statistics of every symbol that a term matches and
// that has had a trade, like AppendUpdates.
func (h *Hub) AppendStats(dst []byte, terms ...string) []byte {
	return h.appendEach(dst, terms, func(dst []byte, s *slot, name string) []byte {
		s.mu.Lock()
		defer s.mu.Unlock()
		if day, ok := s.history.Day(); ok {
			dst = appendDay(dst, name, &day)
		}
		return dst
	})
}

// appendEach appends what there is of every symbol that a term matches.
func (h *Hub) appendEach(dst []byte, terms []string, read func(dst []byte, s *slot, name string) []byte) []byte {
	start := len(dst)
	for id := range feed.SymbolID(h.book.symbols.Len()) {
		name := h.book.symbols.Name(id)
		if !matches(name, terms) {
			continue
		}
		end := len(dst)
		if end > start {
			dst = append(dst, ',')
		}
		had := len(dst)
		if dst = read(dst, h.book.slot(id), name); len(dst) == had {
			dst = dst[:end] // interned this moment, or nothing of this kind
		}
	}
	return dst
}

func matches(symbol string, terms []string) bool {
	for _, term := range terms {
		if prefix, ok := wire.Pattern(term); symbol == term || ok && strings.HasPrefix(symbol, prefix) {
			return true
		}
	}
	return len(terms) == 0
}

// BarsQuery is what AppendBars appends.
type BarsQuery struct {
	Symbol   string
	Channel  string // of bars
	From, To int64  // starts from From up to but not including To, microseconds since 1970
	Limit    int    // the newest so many
}

// AppendBars appends the bars of a symbol as JSON with commas between them, the
// oldest first, and tells from which start on this node knows all; 0: it has
// none. It reports false for a symbol that has not been seen.
func (h *Hub) AppendBars(dst []byte, q BarsQuery) (text []byte, reach int64, known bool) {
	slot, known := h.slotOf(q.Symbol)
	if !known {
		return dst, 0, false
	}
	interval := channelOf(q.Channel, false).interval()
	h.closeBars(slot, q.Symbol)
	slot.mu.Lock()
	defer slot.mu.Unlock()
	start := len(dst)
	for bar := range slot.history.Bars(interval, q.From, q.To, q.Limit) {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = appendBar(dst, q.Symbol, &bar)
	}
	reach, _ = slot.history.Reach(interval)
	return dst, reach, true
}

// closeBars closes the bars whose interval is over, and has those told that
// watch them.
func (h *Hub) closeBars(s *slot, symbol string) {
	if s.closeBars(time.Now().Add(-grace - h.fresh.delay).UnixMicro()) {
		id, _ := h.book.symbols.Lookup(symbol)
		h.mark(id, s)
	}
}

// AppendTrades appends the trades of a symbol with a seq higher than since as
// JSON with commas between them, the oldest first; of more than limit the newest
// if since is negative, else the oldest. complete tells whether no trade between
// since and the first is missing. known is false for a symbol that has not been
// seen.
func (h *Hub) AppendTrades(dst []byte, symbol string, since int64, limit int) (text []byte, complete, known bool) {
	slot, known := h.slotOf(symbol)
	if !known {
		return dst, false, false
	}
	ordinal, held := uint64(0), false
	if since >= 0 {
		ordinal, held = h.book.tradeUpTo(slot, since)
	}
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if newest := slot.history.Ordinal(); since < 0 {
		ordinal = newest - min(newest, uint64(limit))
	}
	start := len(dst)
	for trade := range slot.history.Trades(ordinal) {
		if limit--; limit < 0 {
			break
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		one := tradeOf(symbol, &trade, false)
		dst = wire.AppendTrade(dst, &one)
	}
	return dst, held, true
}

func (h *Hub) slotOf(symbol string) (*slot, bool) {
	id, ok := h.book.symbols.Lookup(symbol)
	if !ok {
		return nil, false
	}
	return h.book.slot(id), true
}
