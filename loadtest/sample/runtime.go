package sample

import (
	"math"
	"runtime/metrics"
)

// Histograms of the Go runtime, since the start of the process, in seconds.
const (
	schedWaits = "/sched/latencies:seconds"
	gcPauses   = "/sched/pauses/total/gc:seconds"
)

// histogram has counts between bounds; there is one bound more.
type histogram struct {
	counts []uint64
	bounds []float64
}

func readHistogram(name string) histogram {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return histogram{} // a runtime that does not have it
	}
	h := sample[0].Value.Float64Histogram()
	return histogram{counts: h.Counts, bounds: h.Buckets}
}

// since is what was added since before. The bounds are always the same.
func (h histogram) since(before histogram) histogram {
	counts := make([]uint64, len(h.counts))
	for i, n := range h.counts {
		counts[i] = n
		if i < len(before.counts) {
			counts[i] -= before.counts[i]
		}
	}
	return histogram{counts: counts, bounds: h.bounds}
}

// quantile is the upper bound of the bucket that the quantile is in, or the
// lower one when that is infinite; 0 when nothing was counted.
func (h histogram) quantile(q float64) float64 {
	var total, seen uint64
	for _, n := range h.counts {
		total += n
	}
	rank := max(1, uint64(math.Ceil(q*float64(total))))
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			if upper := h.bounds[i+1]; !math.IsInf(upper, 0) {
				return upper
			}
			return h.bounds[i]
		}
	}
	return 0
}
