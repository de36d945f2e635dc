package history

import (
	"time"

	"tickwire/feed"
)

// History is the recent past of one symbol. The zero History is empty and ready,
// with the default limits. It is not safe for concurrent use: every call, what
// is read from an iterator included, is under the caller's lock.
type History struct {
	Limits *Limits // nil: the defaults; to be set before the first Add

	// What every trade touches comes first, to be in few cache lines.
	ordinal uint64 // of the last trade
	counted uint64 // ordinal of the last trade that is in the bars
	last    int64  // seq of the last trade
	odd     oddTrades
	trades  ring[packed]

	version uint64 // of the last change
	newest  uint64 // version of the last trade in the newest second
	seq     int64  // and its seq
	volume  feed.Sum
	anew    uint64 // ordinal of the last trade before seq fell
	clock   int64  // the highest that Close was told
	ahead   uint64
	series  [Intervals]series
	day     *day
}

// maxAhead is how far an event time may lie ahead of the time of receipt.
const maxAhead = int64(time.Minute / time.Microsecond)

// Add takes in a valid tick and its offset. A tick without a price is none of
// its business. It copies what it keeps.
//
// It only puts the trade into the ring. Trades are counted in the bars when
// somebody looks, or when there are many of them: one after the other they take
// a third of what they take each on its own, when nothing of the symbol is in
// the processor's cache.
func (h *History) Add(t *feed.Tick, seq int64) {
	if len(t.Price) == 0 {
		return
	}
	h.keepTrade(t, seq)
	if h.ordinal-h.counted >= min(atOnce, uint64(h.Limits.trades())) {
		h.count()
	}
}

// atOnce is how many trades wait in the ring at the most.
const atOnce = 64

// count takes the trades that wait into the bars. Whoever reads what depends on
// them calls it first.
func (h *History) count() {
	for i := h.behind(h.counted); i < h.trades.n; i++ {
		d := h.deal(i)
		h.countTrade(&d)
	}
	h.counted = h.ordinal
}

func (h *History) countTrade(d *deal) {
	h.version++
	if d.fits {
		h.volume.AddUnits(d.size, d.sizePlaces)
	} else {
		h.volume.Add(d.exact.size.number())
	}
	if d.received != 0 && d.time-d.received > maxAhead {
		h.ahead++
		return
	}
	seconds := &h.series[Second]
	switch {
	case seconds.n == 0:
		h.begin(d.time, Hour)
	case d.time < seconds.last().start:
		h.addLate(d)
		return
	case d.time >= seconds.last().start+lengths[Second]:
		h.turn(d.time)
	}
	h.newest, h.seq = h.version, d.seq
	seconds.add(seconds.last(), d)
}

// begin opens the bars that hold the event time t, up to the interval longest.
func (h *History) begin(t int64, longest Interval) {
	for i := range longest + 1 {
		h.series[i].begin(i.start(t), h.Limits.bars(i))
	}
}

// turn opens a later second than the newest: it and what else ends with it are
// closed, each after it was merged into the next longer interval.
func (h *History) turn(t int64) {
	version, seq := h.newest, h.seq
	for i := range Intervals {
		s := &h.series[i]
		over := s.last()
		if over.version > version {
			version, seq = over.version, over.seq
		}
		over.version, over.seq = max(version, s.closed), seq
		if h.clock < over.start+lengths[i] {
			over.version = h.version
		}
		if i == Hour {
			break
		}
		next := &h.series[i+1]
		next.absorb(next.last(), s)
		if next.last().start == (i + 1).start(t) {
			h.begin(t, i)
			return
		}
	}
	h.begin(t, Hour)
}

// addLate counts a trade of a second before the newest in every series that
// reaches back to it. The newest bar of a longer interval will be merged into
// those above it, so they do not get it here.
func (h *History) addLate(d *deal) {
	for i := range Intervals {
		s := &h.series[i]
		start := i.start(d.time)
		running := start == s.last().start
		b := s.last()
		if !running {
			if b = s.reach(start, h.Limits.bars(i)); b == nil {
				s.left++
				continue
			}
			s.late = h.version
		}
		b.version, b.seq = h.version, d.seq
		s.add(b, d)
		if running {
			return
		}
	}
}

// Close tells that event time has come to now, in microseconds since 1970, even
// if no trade says so. It reports whether a bar became closed by it.
func (h *History) Close(now int64) bool {
	before := h.clock
	if now <= before {
		return false
	}
	h.count()
	h.clock = now
	closed := false
	for i := range h.series {
		s := &h.series[i]
		if s.n == 0 || s.last().start+lengths[i] > now {
			break // the longer ones end no earlier
		}
		if s.last().start+lengths[i] > before {
			s.closed, closed = h.version+1, true
		}
	}
	if closed {
		h.version++
	}
	return closed
}

// Version rises with every change: by Add of a trade, and by a Close that closed
// a bar.
func (h *History) Version() uint64 {
	h.count()
	return h.version
}

// Late is how many trades were older than all that the series of an interval
// held when they came, and are not in it.
func (h *History) Late(i Interval) uint64 {
	h.count()
	return h.series[i].left
}

// Ahead is how many trades had an event time too far ahead of their receipt, and
// are in no bar.
func (h *History) Ahead() uint64 {
	h.count()
	return h.ahead
}

// AppendVolume appends the sizes of all trades, those that are in no bar
// included.
func (h *History) AppendVolume(dst []byte) []byte {
	h.count()
	return h.volume.Append(dst)
}
