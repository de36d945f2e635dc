package sample

import (
	"math"
	"runtime"
	"testing"
	"time"

	"tickwire/loadtest/report"
)

func TestABeatThatComesLateCountsThoseThatItRanOver(t *testing.T) {
	g := &Generator{lag: newHistogram()}
	g.note(-time.Millisecond)
	g.note(10 * time.Millisecond)
	if got, want := g.lag.TotalCount(), int64(1+10); got != want {
		t.Errorf("got %d beats, want the one in time and the %d of the 10 ms", got, want-1)
	}
	near(t, "the longest", g.lag.Max(), 10_000)
}

func TestTheGeneratorReportsOnItself(t *testing.T) {
	g, err := StartGenerator()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Stop()
	deadline := time.Now().Add(2 * time.Minute)
	var r report.Generator
	for burnt := 0; ; burnt++ {
		for range 1000 {
			burnt = burnt*31 + 1
		}
		runtime.GC()
		if r, err = g.Report(report.Latency{P99: math.MaxInt32}, nil); err != nil {
			t.Fatal(err)
		}
		if r.CPUSeconds > 0 && r.MaxLagMS > 0 && r.GCMaxMS > 0 && r.RSSBytes > 0 && r.HeapBytes > 0 && r.WaitMS > 0 && r.Cores > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 2 min of work there is a zero in %+v", r)
		}
	}
	if err := g.Begin(); err != nil {
		t.Fatal(err)
	}
	if again := g.highest; again.CPUSeconds != 0 || again.RSSBytes != 0 {
		t.Errorf("after Begin: got %+v, want nothing", again)
	}
}

func TestAQuantileIsTheBoundOfItsBucket(t *testing.T) {
	bounds := []float64{math.Inf(-1), 1, 2, 4, math.Inf(1)}
	tests := []struct {
		name   string
		counts []uint64
		q      float64
		want   float64
	}{
		{"of nothing", []uint64{0, 0, 0, 0}, 0.99, 0},
		{"the median", []uint64{0, 5, 5, 0}, 0.5, 2},
		{"just above the median", []uint64{0, 5, 5, 0}, 0.51, 4},
		{"the first", []uint64{3, 5, 5, 0}, 0, 1},
		{"the longest", []uint64{0, 99, 1, 0}, 1, 4},
		{"beyond the last bound", []uint64{0, 99, 1, 1}, 1, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := histogram{counts: test.counts, bounds: bounds}
			if got := h.quantile(test.q); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if got := h.since(h).quantile(test.q); got != 0 {
				t.Errorf("since itself: got %v, want 0", got)
			}
		})
	}
}
