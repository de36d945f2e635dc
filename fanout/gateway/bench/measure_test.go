//go:build linux

package bench

import (
	"flag"
	"slices"
	"syscall"
	"testing"
	"time"
)

var (
	rounds  = flag.Int("rounds", 3, "how often each server is measured, in turns")
	seconds = flag.Float64("seconds", 1, "how long a server is measured in a round of Levels")
)

// spent is the CPU time of this process, the kernel's work for it included.
func spent(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// median of the rounds; the lower one of two.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// figures is what was measured of one server, by unit, a value a round.
type figures map[string][]float64

func (f figures) add(unit string, value float64) { f[unit] = append(f[unit], value) }

// medians are the figures to report.
func (f figures) medians() map[string]float64 {
	m := make(map[string]float64, len(f))
	for unit, values := range f {
		m[unit] = median(values)
	}
	return m
}

// ratio is the median over the rounds of a's value to b's in the same round.
func ratio(a, b figures, unit string) float64 {
	var ratios []float64
	for i := range min(len(a[unit]), len(b[unit])) {
		ratios = append(ratios, a[unit][i]/b[unit][i])
	}
	return median(ratios)
}

// report prints one line of the benchmark's table. What it prints has been
// measured before.
func report(b *testing.B, name string, values map[string]float64) {
	b.Run(name, func(b *testing.B) {
		b.ReportMetric(0, "ns/op") // leaves it out
		for unit, value := range values {
			b.ReportMetric(value, unit)
		}
	})
}
