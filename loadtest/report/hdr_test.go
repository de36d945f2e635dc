package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestTheLogIsReadBackByItsOwnReader(t *testing.T) {
	r := goodRun()
	r.Command = "tickwire load\n--url x" // must not end the comment
	packed := func(us ...int64) *hdrhistogram.PackedHistogram {
		h := hdrhistogram.NewPacked(1, 600_000_000, 3)
		for _, one := range us {
			if err := h.RecordValue(one); err != nil {
				t.Fatal(err)
			}
		}
		return h
	}
	at := func(s int) time.Time { return r.Started.Add(time.Duration(s) * time.Second) }
	var log bytes.Buffer
	err := HDR(&log, r, []Interval{
		{Start: at(0), End: at(1), Histogram: packed(100, 200, 250_000)},
		{Start: at(0), End: at(1), Tag: TagUncorrected, Histogram: packed(100, 200, 300)},
		{Start: at(1), End: at(2), Histogram: packed()},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := log.String()
	reader := hdrhistogram.NewHistogramLogReader(&log)
	for i, want := range []struct {
		tag        string
		count, max int64
		start      int // seconds
	}{{"", 3, 250_000, 0}, {TagUncorrected, 3, 300, 0}, {"", 0, 0, 1}} {
		h, err := reader.NextIntervalHistogram()
		if err != nil || h == nil {
			t.Fatalf("interval %d of\n%s\ngot %v, %v", i, text, h, err)
		}
		if h.Tag() != want.tag || h.TotalCount() != want.count || !h.ValuesAreEquivalent(h.Max(), want.max) || h.StartTimeMs() != at(want.start).UnixMilli() {
			t.Errorf("interval %d: got tag %q, %d values to %d, from %d; want %+v from %d", i, h.Tag(), h.TotalCount(), h.Max(), h.StartTimeMs(), want, at(want.start).UnixMilli())
		}
	}
	if h, err := reader.NextIntervalHistogram(); h != nil || err != nil {
		t.Errorf("after the last: got %v, %v, want none", h, err)
	}
}
