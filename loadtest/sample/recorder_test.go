package sample

import (
	"sync"
	"testing"

	"tickwire/loadtest/report"
)

func TestEverySampleIsTakenOnceWhileTheReaderTakes(t *testing.T) {
	const n = 200_000
	r := NewRecorder()
	all := NewLatencies()
	var worker sync.WaitGroup
	done := make(chan struct{})
	worker.Go(func() {
		defer close(done)
		for i := range int64(n) {
			r.Sample(1000, 1000, 1000+i%7, 1000+i%5000)
		}
	})
	for taking := true; taking; {
		select {
		case <-done:
			taking = false
		default:
		}
		r.Take(all)
	}
	worker.Wait()
	r.Take(all)
	for name, h := range map[string]int64{"corrected": all.Corrected.TotalCount(), "uncorrected": all.Uncorrected.TotalCount()} {
		if h != n {
			t.Errorf("%s: %d samples were taken, want %d", name, h, n)
		}
	}
}

func TestLatencyIsFromThePlannedTime(t *testing.T) {
	tests := []struct {
		name                           string
		planned, sent, received        int64
		wantCorrected, wantUncorrected int64
		wantEarly                      uint64
	}{
		{"published as planned", 1_000_000, 1_000_000, 1_000_800, 800, 800, 0},
		{"a publisher that was held up shows in the corrected one alone", 1_000_000, 1_050_000, 1_050_700, 50_700, 700, 0},
		{"not known when it was published", 1_000_000, 0, 1_000_300, 300, 300, 0},
		{"a clock that is behind counts as no latency, and is counted", 1_000_000, 1_000_000, 999_000, 0, 0, 1},
		{"longer than the histogram is counted at its end", 0, 5, 4 * Longest, Longest, Longest, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, l := NewRecorder(), NewLatencies()
			r.Sample(test.planned, test.planned, test.sent, test.received)
			r.Take(l)
			near(t, "corrected", l.Corrected.Max(), test.wantCorrected)
			near(t, "uncorrected", l.Uncorrected.Max(), test.wantUncorrected)
			if l.Early != test.wantEarly || l.Corrected.TotalCount() != 1 {
				t.Errorf("early %d of %d, want %d of 1", l.Early, l.Corrected.TotalCount(), test.wantEarly)
			}
		})
	}
}

// near holds a value to the three digits of a histogram.
func near(t *testing.T, what string, got, want int64) {
	t.Helper()
	if diff := max(got-want, want-got); diff > want/1000 {
		t.Errorf("%s: got %d us, want %d", what, got, want)
	}
}

func TestADistributionHasThePercentilesOfItsSamples(t *testing.T) {
	l := NewLatencies()
	for us := range int64(100_000) {
		l.record(0, 0, 0, us+1)
	}
	got := Distribution(l.Corrected)
	near(t, "p50", got.P50, 50_000)
	near(t, "p90", got.P90, 90_000)
	near(t, "p99", got.P99, 99_000)
	near(t, "p999", got.P999, 99_900)
	near(t, "p9999", got.P9999, 99_990)
	near(t, "max", got.Max, 100_000)
	near(t, "mean", int64(got.Mean), 50_000)
	if got.Count != 100_000 {
		t.Errorf("count: got %d, want 100000", got.Count)
	}
	if got := Distribution(NewLatencies().Corrected); got != (report.Latency{}) {
		t.Errorf("of nothing: got %+v, want zeros", got)
	}
}

func TestACurveRisesToTheLongest(t *testing.T) {
	l := NewLatencies()
	if got := l.Curve(); got != nil {
		t.Fatalf("the curve of nothing: got %v, want none", got)
	}
	for us := range int64(5000) {
		l.record(0, 0, us/2, us)
	}
	curve := l.Curve()
	for i := 1; i < len(curve); i++ {
		if a, b := curve[i-1], curve[i]; b.Quantile <= a.Quantile || b.Latency < a.Latency || b.Uncorrected < a.Uncorrected {
			t.Fatalf("point %d: %+v comes after %+v", i, b, a)
		}
	}
	last := curve[len(curve)-1]
	if last.Quantile != 1 || last.Latency != l.Corrected.Max() || last.Uncorrected != l.Uncorrected.Max() {
		t.Errorf("the last point: got %+v, want the longest, %d and %d", last, l.Corrected.Max(), l.Uncorrected.Max())
	}
}

func TestHopsAreApart(t *testing.T) {
	h := NewHopRecorder()
	if got := h.Hops(); got != nil {
		t.Fatalf("of nothing: got %+v, want nil", got)
	}
	h.Hop(1000, 1010, 1100, 1120, 1490)
	got := h.Hops()
	near(t, "publish", got.Publish.Max, 10)
	near(t, "kafka", got.Kafka.P50, 90)
	near(t, "server", got.Server.P99, 20)
	near(t, "client", got.Client.Max, 370)
}

func BenchmarkSample(b *testing.B) {
	r := NewRecorder()
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		r.Sample(1_000_000, 999_000, 1_000_000+i&63, 1_000_500+i&4095)
	}
}

func BenchmarkTake(b *testing.B) {
	r, l := NewRecorder(), NewLatencies()
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		for k := range int64(64) {
			r.Sample(0, 0, 0, 500+(i*k)&4095)
		}
		r.Take(l)
	}
}
