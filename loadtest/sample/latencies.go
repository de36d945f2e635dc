package sample

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tickwire/loadtest/report"
)

const (
	// Longest is the longest latency that is told apart, in microseconds. What
	// took longer counts as this, so that a stall is never lost from the tail.
	Longest = 10 * 60 * 1_000_000
	digits  = 3
)

// Latencies are the three histograms of a set of updates, about 450 KiB together.
// Not safe for concurrent use.
type Latencies struct {
	Corrected   *hdrhistogram.Histogram // from the planned time
	Uncorrected *hdrhistogram.Histogram // from the time of publication
	Wait        *hdrhistogram.Histogram // from the planned time of the oldest tick that an update stands for
	Early       uint64                  // received before they were planned, and counted as 0: the clocks differ
}

// NewLatencies are none yet.
func NewLatencies() *Latencies {
	return &Latencies{Corrected: newHistogram(), Uncorrected: newHistogram(), Wait: newHistogram()}
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, Longest, digits) }

func (l *Latencies) record(planned, oldest, sent, received int64) {
	if sent == 0 {
		sent = planned
	}
	if received < planned {
		l.Early++
	}
	record(l.Corrected, received-planned)
	record(l.Uncorrected, received-sent)
	record(l.Wait, received-oldest)
}

// record cannot fail: the value is in the range of every histogram here.
func record(h *hdrhistogram.Histogram, us int64) {
	_ = h.RecordValue(min(max(us, 0), Longest))
}

// Merge adds others; they stay as they are.
func (l *Latencies) Merge(others *Latencies) {
	l.Corrected.Merge(others.Corrected)
	l.Uncorrected.Merge(others.Uncorrected)
	l.Wait.Merge(others.Wait)
	l.Early += others.Early
}

// Reset forgets all.
func (l *Latencies) Reset() {
	l.Corrected.Reset()
	l.Uncorrected.Reset()
	l.Wait.Reset()
	l.Early = 0
}

// Curve is both distributions in points that a chart on the usual scale needs:
// a few for every halving of what is left, to the last value.
func (l *Latencies) Curve() []report.Percentile {
	total := l.Corrected.TotalCount()
	if total == 0 {
		return nil
	}
	const halving = 5 // points for it
	var curve []report.Percentile
	for i := 0; ; i++ {
		rest := math.Pow(2, -float64(i)/halving)
		if rest*float64(total) < 1 {
			break
		}
		curve = append(curve, l.at(1-rest))
	}
	return append(curve, l.at(1))
}

func (l *Latencies) at(quantile float64) report.Percentile {
	return report.Percentile{
		Quantile:    quantile,
		Latency:     l.Corrected.ValueAtPercentile(100 * quantile),
		Uncorrected: l.Uncorrected.ValueAtPercentile(100 * quantile),
	}
}

// Distribution is what the report says of a histogram of microseconds.
func Distribution(h *hdrhistogram.Histogram) report.Latency {
	at := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9, 99.99})
	return report.Latency{
		P50: at[0], P90: at[1], P99: at[2], P999: at[3], P9999: at[4],
		Max: h.Max(), Mean: h.Mean(), Count: h.TotalCount(),
	}
}
