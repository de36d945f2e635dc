package sample

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tickwire/loadtest/report"
)

// Reading is totals at a moment. They only rise, but for Connections.
type Reading struct {
	At          time.Time
	Connections int
	Published   uint64
	Updates     uint64
	Frames      uint64
	Bytes       uint64
}

// Series is the run over time, in rows that cover a second each at first. When
// there are too many, two and two become one, with their histograms added, so a
// long run has rows of two seconds, of four, and no figure of it is made up.
// Not safe for concurrent use.
type Series struct {
	start  time.Time
	limit  int
	each   int // readings in a full row
	before Reading
	rows   []span
}

// span is a row before it is told.
type span struct {
	from, to               Reading
	readings               int
	corrected, uncorrected *hdrhistogram.PackedHistogram
}

// Short is a time that has no row of its own: its rates would say nothing.
const Short = time.Second / 2

// NewSeries begins with the first reading and has at most limit rows, which is
// at least 2.
func NewSeries(first Reading, limit int) *Series {
	return &Series{start: first.At, limit: max(limit, 2), each: 1, before: first}
}

// Add takes the next reading, and the latencies since the one before. If that was
// less than Short ago, both belong to the row before.
func (s *Series) Add(next Reading, since *Latencies) {
	one := span{from: s.before, to: next, readings: 1, corrected: pack(since.Corrected), uncorrected: pack(since.Uncorrected)}
	s.before = next
	if last := len(s.rows) - 1; last >= 0 && next.At.Sub(one.from.At) < Short {
		one.readings = 0
		s.rows[last].join(one)
		return
	}
	if s.full() && len(s.rows) == s.limit {
		s.halve()
	}
	if s.full() {
		s.rows = append(s.rows, one)
		return
	}
	s.rows[len(s.rows)-1].join(one)
}

// full reports whether the last row takes no more.
func (s *Series) full() bool {
	return len(s.rows) == 0 || s.rows[len(s.rows)-1].readings >= s.each
}

func (s *Series) halve() {
	kept := s.rows[:0]
	for i := 0; i < len(s.rows); i += 2 {
		one := s.rows[i]
		if i+1 < len(s.rows) {
			one.join(s.rows[i+1])
		}
		kept = append(kept, one)
	}
	clear(s.rows[len(kept):])
	s.rows, s.each = kept, 2*s.each
}

func (a *span) join(b span) {
	a.to = b.to
	a.readings += b.readings
	a.corrected.Merge(b.corrected)
	a.uncorrected.Merge(b.uncorrected)
}

func pack(h *hdrhistogram.Histogram) *hdrhistogram.PackedHistogram {
	p := hdrhistogram.NewPacked(1, Longest, digits)
	p.MergeFrom(h)
	return p
}

// Rows are what the report shows.
func (s *Series) Rows() []report.Row {
	rows := make([]report.Row, 0, len(s.rows))
	for _, one := range s.rows {
		rows = append(rows, one.row(s.start))
	}
	return rows
}

func (a *span) row(start time.Time) report.Row {
	seconds := a.to.At.Sub(a.from.At).Seconds()
	each := func(from, to uint64) float64 { return ratio(float64(to-from), seconds) }
	return report.Row{
		At: a.to.At.Sub(start).Seconds(), Seconds: seconds, Connections: a.to.Connections,
		PublishedPerSecond: each(a.from.Published, a.to.Published),
		UpdatesPerSecond:   each(a.from.Updates, a.to.Updates),
		FramesPerSecond:    each(a.from.Frames, a.to.Frames),
		BytesPerSecond:     each(a.from.Bytes, a.to.Bytes),
		P50:                a.corrected.ValueAtPercentile(50), P99: a.corrected.ValueAtPercentile(99), Max: a.corrected.Max(),
	}
}

// Intervals are the histograms of the rows, for report.HDR. They stay the
// series'; read them before the next Add.
func (s *Series) Intervals() []report.Interval {
	var intervals []report.Interval
	for _, one := range s.rows {
		intervals = append(intervals,
			report.Interval{Start: one.from.At, End: one.to.At, Histogram: one.corrected},
			report.Interval{Start: one.from.At, End: one.to.At, Tag: report.TagUncorrected, Histogram: one.uncorrected})
	}
	return intervals
}

// ratio is a/b, and 0 when there is nothing to divide by.
func ratio(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}
