package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// TagUncorrected marks the intervals whose latencies are from publication. Those
// without a tag are from the planned time.
const TagUncorrected = "uncorrected"

// Interval is the histogram of a part of the run, in microseconds.
type Interval struct {
	Start, End time.Time
	Tag        string // no comma, space or line break
	Histogram  *hdrhistogram.PackedHistogram
}

// HDR writes an HdrHistogram log, format 1.3 with V2 histograms, that the tools of
// HdrHistogram read. The log's times are seconds from the start; its values are
// microseconds and its column Interval_Max seconds, where those tools by default
// think of nanoseconds and milliseconds: give them an output unit of 1.
// The histograms stay the caller's; their tags and times are set.
func HDR(w io.Writer, r *Result, intervals []Interval) error {
	buffered := bufio.NewWriter(w)
	log := hdrhistogram.NewHistogramLogWriter(buffered)
	start := r.Started.UnixMilli()
	log.SetBaseTime(start)
	for _, line := range []error{
		log.OutputComment(fmt.Sprintf("[tickwire load %s: latencies in microseconds]", oneLine(r.Version))),
		log.OutputComment("[" + oneLine(r.Command) + "]"),
		log.OutputLogFormatVersion(),
		log.OutputBaseTime(start),
		log.OutputStartTime(start),
		log.OutputLegend(),
	} {
		if line != nil {
			return fmt.Errorf("HDR log: %w", line)
		}
	}
	for _, i := range intervals {
		i.Histogram.SetTag(i.Tag)
		i.Histogram.SetStartTimeMs(i.Start.UnixMilli())
		i.Histogram.SetEndTimeMs(i.End.UnixMilli())
		if err := log.OutputIntervalPackedHistogram(i.Histogram); err != nil {
			return fmt.Errorf("HDR log: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("HDR log: %w", err)
	}
	return nil
}

// oneLine is text that stays on a line of the log.
func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
