package report

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"
)

// Progress is how a run stands.
type Progress struct {
	Phase       string        // ramp, run, settle
	Elapsed, Of time.Duration // in this phase; Of 0: nobody knows
	Now         Row           // the newest second
	Violations  uint64        // so far
	Failures    uint64        // so far
}

const barWidth = 16

// Line tells it in one line of text without colours and without a line break.
func Line(p Progress) string {
	bar := progress.New(progress.WithWidth(barWidth), progress.WithoutPercentage(), progress.WithFillCharacters('█', '░'))
	bar.FullColor, bar.EmptyColor = lipgloss.NoColor{}, lipgloss.NoColor{}
	of := "-"
	part := 0.0
	if p.Of > 0 {
		part = min(1, max(0, p.Elapsed.Seconds()/p.Of.Seconds()))
		of = whole(p.Of)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-6s %s %4s/%-4s %7s conns %10s upd/s %8s frm/s %9s/s  p50 %-7s p99 %-7s",
		p.Phase, bar.ViewAs(part), whole(p.Elapsed), of, comma(p.Now.Connections), pace(p.Now.UpdatesPerSecond), pace(p.Now.FramesPerSecond),
		size(p.Now.BytesPerSecond), known(p.Now.P50), known(p.Now.P99))
	if p.Violations > 0 {
		fmt.Fprintf(&b, "  ! %s", count(int(p.Violations), "violation"))
	}
	if p.Failures > 0 {
		fmt.Fprintf(&b, "  ! %s", count(int(p.Failures), "failure"))
	}
	return strings.TrimRight(b.String(), " ")
}

func whole(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Round(time.Second).Seconds())) }
