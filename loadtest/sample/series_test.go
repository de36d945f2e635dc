package sample

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestARowIsWhatHappenedInItsSecond(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	s := NewSeries(Reading{At: start, Updates: 100, Frames: 10, Bytes: 1000, Published: 5}, 10)
	l := NewLatencies()
	for us := range int64(1000) {
		l.record(0, 0, 0, us+1)
	}
	s.Add(Reading{At: start.Add(2 * time.Second), Connections: 7, Updates: 300, Frames: 30, Bytes: 5000, Published: 25}, l)
	rows := s.Rows()
	if len(rows) != 1 {
		t.Fatalf("got %d rows, want 1", len(rows))
	}
	r := rows[0]
	if r.At != 2 || r.Seconds != 2 || r.Connections != 7 || r.UpdatesPerSecond != 100 || r.FramesPerSecond != 10 || r.BytesPerSecond != 2000 || r.PublishedPerSecond != 10 {
		t.Errorf("got %+v, want 2 s, 7 connections, and a second 100 updates, 10 frames, 2000 bytes, 10 published", r)
	}
	near(t, "p50", r.P50, 500)
	near(t, "p99", r.P99, 990)
	near(t, "max", r.Max, 1000)
}

func TestALongSeriesHasFewerRowsAndLosesNothing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	start := time.Unix(1_700_000_000, 0)
	for _, limit := range []int{1, 2, 3, 7, 64} {
		s := NewSeries(Reading{At: start}, limit)
		now, whole := Reading{At: start}, NewLatencies()
		for range 20 + random.IntN(130) {
			since := NewLatencies()
			for range random.IntN(20) {
				since.record(0, 0, 0, random.Int64N(1_000_000))
			}
			whole.Merge(since)
			now.At = now.At.Add(time.Second)
			now.Updates += uint64(random.IntN(1000))
			s.Add(now, since)
		}
		updates, seconds, longest, count := 0.0, 0.0, int64(0), int64(0)
		rows := s.Rows()
		for i, r := range rows {
			updates += r.UpdatesPerSecond * r.Seconds
			seconds += r.Seconds
			longest = max(longest, r.Max)
			if i < len(rows)-1 && r.Seconds != rows[0].Seconds {
				t.Errorf("limit %d: row %d covers %v s, and the first %v", limit, i, r.Seconds, rows[0].Seconds)
			}
		}
		for _, i := range s.Intervals() {
			if i.Tag == "" {
				count += i.Histogram.TotalCount()
			}
		}
		if len(rows) > max(limit, 2) {
			t.Errorf("limit %d: got %d rows", limit, len(rows))
		}
		if math.Abs(updates-float64(now.Updates)) > 1e-3 || seconds != now.At.Sub(start).Seconds() || longest != whole.Corrected.Max() || count != whole.Corrected.TotalCount() {
			t.Errorf("limit %d: the rows have %v updates, %v s, max %d, %d samples; want %d, %v, %d, %d", limit,
				updates, seconds, longest, count, now.Updates, now.At.Sub(start).Seconds(), whole.Corrected.Max(), whole.Corrected.TotalCount())
		}
	}
}

// TestAShortTimeHasNoRowOfItsOwn: its rates would be of nothing.
func TestAShortTimeHasNoRowOfItsOwn(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	s := NewSeries(Reading{At: start}, 10)
	l := NewLatencies()
	l.record(0, 0, 0, 1000)
	s.Add(Reading{At: start.Add(time.Second), Updates: 100}, l)
	s.Add(Reading{At: start.Add(time.Second + time.Millisecond), Updates: 101}, l)
	s.Add(Reading{At: start.Add(2 * time.Second), Updates: 200}, l)
	rows := s.Rows()
	if len(rows) != 2 || rows[0].Seconds != 1.001 || math.Abs(rows[0].UpdatesPerSecond-101/1.001) > 1e-9 || rows[1].At != 2 {
		t.Fatalf("got %+v, want rows of 1.001 s and 0.999 s", rows)
	}
	if n := s.rows[0].corrected.TotalCount(); n != 2 {
		t.Errorf("got %d latencies in the first row, want both", n)
	}
}
