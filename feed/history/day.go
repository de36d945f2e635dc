package history

import "time"

// Day is the statistics of the 24 hours, by whole minutes, that end with the
// minute of the newest event time. It is a value: a copy is good for ever.
type Day struct {
	Seq  int64 // offset of the last tick that changed it
	Time int64 // the newest event time
	Figures
}

// minutesOfDay is how long before the running minute the day's first one starts.
const minutesOfDay = int64((24*time.Hour - time.Minute) / time.Microsecond)

// day keeps the figures of the day's closed minutes. They are worked out anew
// when the minute turns or a late trade changed one.
type day struct {
	minute  int64  // start of the running minute
	late    uint64 // of the series of minutes
	version uint64 // of the last trade in them, if that was a late one
	seq     int64  // and its seq
	Figures
}

// Day is the statistics of the last 24 hours, and whether there was a trade. It
// keeps sums in h, so that it costs little while the minute is the same.
func (h *History) Day() (Day, bool) {
	h.count()
	s := &h.series[Minute]
	if s.n == 0 {
		return Day{}, false
	}
	if h.day == nil {
		h.day = new(day)
	}
	if h.day.minute != s.last().start || h.day.late != s.late {
		h.day.sum(s)
	}
	running := h.running(Minute)
	version, seq := h.touched(Minute)
	if h.day.version > version {
		seq = h.day.seq
	}
	d := Day{Seq: seq, Figures: h.day.Figures}
	if !d.merge(&running.amounts) {
		d.mergeExact(&running.Figures)
	}
	second := h.series[Second].last()
	d.Time = second.start + int64(second.closeAt)
	return d, true
}

// sum works d out from the minutes that are over.
func (d *day) sum(s *series) {
	*d = day{minute: s.last().start, late: s.late}
	for i := s.search(d.minute - minutesOfDay); i < s.n-1; i++ {
		b := s.at(i)
		s.mergeInto(&d.Figures, b)
		if b.version > d.version {
			d.version, d.seq = b.version, b.seq
		}
	}
}
