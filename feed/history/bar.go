package history

import "iter"

// Bar is the trades of one interval. It is a value: a copy is good for ever.
type Bar struct {
	Start   int64  // of the interval, microseconds since 1970: a multiple of its length
	Seq     int64  // offset of the last tick that changed it
	Version uint64 // of the History, when it was last changed or became closed
	Closed  bool   // a late trade may still change it
	Figures
}

// Bars are the bars of an interval that start in [from, to), the newest limit
// of them, by rising start.
func (h *History) Bars(i Interval, from, to int64, limit int) iter.Seq[Bar] {
	return func(yield func(Bar) bool) {
		h.count()
		first, end := h.series[i].search(from), h.series[i].search(to)
		h.each(i, max(first, end-max(limit, 0)), end, 0, yield)
	}
}

// Changed are the bars of an interval whose version is above after, by rising
// start.
func (h *History) Changed(i Interval, after uint64) iter.Seq[Bar] {
	return func(yield func(Bar) bool) {
		h.count()
		h.each(i, h.series[i].unchanged(after), h.series[i].n, after, yield)
	}
}

// Reach is the start of the oldest bar that is held of an interval, and whether
// there is one.
func (h *History) Reach(i Interval) (start int64, ok bool) {
	h.count()
	if h.series[i].n == 0 {
		return 0, false
	}
	return h.series[i].at(0).start, true
}

// each yields the bars from the first to before the end-th whose version is
// above after.
func (h *History) each(i Interval, first, end int, after uint64, yield func(Bar) bool) {
	s := &h.series[i]
	for ; first < end; first++ {
		if first < s.n-1 && s.at(first).version <= after {
			continue
		}
		if b := h.bar(i, first); b.Version > after && !yield(b) {
			return
		}
	}
}

// bar is the n-th oldest of an interval.
func (h *History) bar(i Interval, n int) Bar {
	s := &h.series[i]
	if n == s.n-1 {
		return h.running(i)
	}
	b := s.at(n)
	return Bar{Start: b.start, Seq: b.seq, Version: b.version, Closed: true, Figures: s.figures(b)}
}

// running is the newest bar of an interval, which must have one: what is over of
// it, and then the newest bar of each shorter interval, which lies within it.
func (h *History) running(i Interval) Bar {
	s := &h.series[i]
	b := Bar{Start: s.last().start, Figures: s.figures(s.last())}
	for j := i; j > Second; {
		j--
		h.series[j].mergeInto(&b.Figures, h.series[j].last())
	}
	b.Version, b.Seq = h.touched(i)
	b.Version = max(b.Version, s.closed)
	b.Closed = h.clock >= b.Start+lengths[i]
	return b
}

// touched is the version, and the seq, of the last trade in the newest bar of an
// interval.
func (h *History) touched(i Interval) (version uint64, seq int64) {
	version, seq = h.newest, h.seq
	for j := range i + 1 {
		if b := h.series[j].last(); b.version > version {
			version, seq = b.version, b.seq
		}
	}
	return version, seq
}
