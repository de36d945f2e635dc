package report

import (
	"fmt"
	"slices"
	"strings"
)

// section is a part of the report, which text and HTML both show: a table, or
// lines, or both.
type section struct {
	Title string
	Head  []string // of the columns; the first is a name, the others are figures
	Rows  [][]string
	Lines []string
}

func (r *Result) sections() []section {
	parts := []section{r.latencySection(), r.hopsSection(), r.trafficSection(), r.cohortSection(), r.kneeSection(),
		r.serverSection(), r.generatorSection(), r.failureSection(), r.violationSection(), r.configSection()}
	var kept []section
	for _, p := range parts {
		if len(p.Rows)+len(p.Lines) > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

func (r *Result) latencySection() section {
	row := func(name string, l Latency) []string {
		return []string{name, micros(l.P50), micros(l.P90), micros(l.P99), micros(l.P999), micros(l.P9999), micros(l.Max), micros(l.Mean)}
	}
	s := section{Title: "Latency", Head: []string{"", "p50", "p90", "p99", "p99.9", "p99.99", "max", "mean"}}
	if r.Mode == Passive {
		s.Rows = [][]string{row("tick's own time to receipt", r.Latency)}
		s.Lines = []string{"Nobody's plan is known: what a publisher held back does not show."}
	} else {
		s.Rows = [][]string{row("planned to received", r.Latency), row("published to received (uncorrected)", r.Uncorrected), row("oldest tick told, planned to received", r.Wait)}
	}
	if c := r.Clock; c != nil {
		way, off := "ahead", c.OffsetUS
		if off < 0 {
			way, off = "behind", -off
		}
		line := fmt.Sprintf("the server's is %s by %s, give or take %s; ", way, micros(off), micros(c.UncertaintyUS))
		if off == 0 && c.UncertaintyUS == 0 { // it was not asked
			line = ""
		}
		s.Lines = append(s.Lines, "Clocks: "+line+c.Note+".")
	}
	return s
}

func (r *Result) hopsSection() section {
	if r.Hops == nil {
		return section{}
	}
	row := func(name string, h Hop) []string { return []string{name, micros(h.P50), micros(h.P99), micros(h.Max)} }
	s := section{Title: "Where the time goes", Head: []string{"", "p50", "p99", "max"}, Rows: [][]string{
		row("planned, until handed to Kafka", r.Hops.Publish), row("handed over, until the node had it", r.Hops.Kafka),
		row("until it wrote to the socket", r.Hops.Server), row("until it was read from there", r.Hops.Client)}}
	if r.Mode == Passive { // nobody knows when it was handed over
		s.Rows = s.Rows[1:]
		s.Rows[0][0] = "tick's own time, until the node had it"
	}
	return s
}

func (r *Result) trafficSection() section {
	each := func(total uint64) string { return pace(over(float64(total), r.Seconds)) }
	s := section{Title: "Traffic", Head: []string{"", "total", "a second"}, Rows: [][]string{
		{"updates", comma(r.Updates), pace(r.UpdatesPerSecond)},
		{"frames", comma(r.Frames), each(r.Frames)},
		{"bytes on the wire", size(float64(r.Bytes)), size(over(float64(r.Bytes), r.Seconds))},
		{"conflated ticks", comma(r.Conflated), each(r.Conflated)},
	}}
	if r.Mode == Publish {
		s.Rows = append(s.Rows, []string{"ticks published", comma(r.TicksPublished), each(r.TicksPublished)})
	}
	line := fmt.Sprintf("Reach %s; %s bytes an update", percent(r.Reach), factor(r.BytesPerUpdate))
	if r.CompressionRatio > 0 {
		line += fmt.Sprintf("; text is %s times the wire", factor(r.CompressionRatio))
	}
	s.Lines = []string{line + "."}
	if p := r.Publisher; p != nil {
		s.Lines = append(s.Lines, fmt.Sprintf("Publisher: %s of %s planned ticks (%s); by its own fault late by %s (p99) and %s at most; %s inside Kafka's client; %s behind at the end.",
			comma(p.Published), comma(p.Planned), p.Schedule, micros(1e3*p.LateMS), micros(1e3*p.MaxLateMS), seconds(p.BlockedS), micros(1e3*p.BehindMS)))
	}
	return s
}

func (r *Result) cohortSection() section {
	s := section{Title: "Cohorts", Head: []string{"", "members", "connected", "failed", "evicted", "reconnects",
		"updates", "bytes", "p50", "p99", "max", "first p99", "reach", "behind", "violations"}}
	for _, name := range r.cohorts() {
		c := r.Cohorts[name]
		reach := percent(c.Reach)
		if c.Updates == 0 && c.Reach == 1 { // of nothing, as who only comes and goes is told
			reach = "-"
		}
		s.Rows = append(s.Rows, []string{name, comma(c.Members), comma(c.Connected), comma(c.Failed), comma(c.Evicted), comma(c.Reconnects),
			comma(c.Updates), size(float64(c.Bytes)), known(c.Latency.P50), known(c.Latency.P99), known(c.Latency.Max),
			known(c.First.P99), reach, comma(c.Behind), comma(c.Violations.Total())})
		for _, text := range mostFirst(c.Closes) {
			s.Lines = append(s.Lines, name+": closed: "+text)
		}
	}
	return s
}

func (r *Result) kneeSection() section {
	k := r.Knee
	if k == nil {
		return section{}
	}
	s := section{Title: "Knee", Head: []string{k.Dimension, "p50", "p99", "updates/s", "conflated", "verdict"}}
	row := func(step Step, verdict string) {
		s.Rows = append(s.Rows, []string{pace(step.Load), micros(step.P50), micros(step.P99), pace(step.UpdatesPerSecond), percent(step.Conflation), verdict})
	}
	for _, step := range k.Steps {
		row(step, step.verdict())
	}
	s.Lines = []string{fmt.Sprintf("No load held %s.", k.Bound)}
	if k.Held > 0 {
		s.Lines = []string{fmt.Sprintf("The highest load that held %s: %s %s.", k.Bound, pace(k.Held), k.Dimension)}
	}
	switch {
	case k.Limited:
		s.Lines = append(s.Lines, fmt.Sprintf("At %s the generator was the limit: the server's knee is not known, but no lower.", pace(k.Broke)))
	case k.Broke == 0 && k.Held > 0:
		s.Lines = append(s.Lines, "No higher load was to be tried: the server's knee is not known, but no lower.")
	}
	if d := k.Double; d != nil {
		row(d.Step, d.verdict())
		manner := "a cliff"
		switch {
		case !d.Valid && !d.Held:
			manner = "the generator was the limit, so this says nothing of the server"
		case d.Graceful:
			manner = "graceful"
		}
		line := "At twice that: " + manner
		if d.Why != "" && (d.Valid || d.Held) {
			line += ", " + d.Why
		}
		s.Lines = append(s.Lines, line+".")
		if k.Recovery < 0 {
			s.Lines = append(s.Lines, "It did not recover from it.")
		} else {
			s.Lines = append(s.Lines, "Recovered after "+seconds(k.Recovery)+".")
		}
	} else if k.Held > 0 && k.Broke > 0 {
		s.Lines = append(s.Lines, "Twice that was not tried.")
	}
	return s
}

func (s Step) verdict() string {
	verdict := "broke"
	switch {
	case s.Held && s.Valid:
		verdict = "held"
	case s.Held:
		verdict = "held, with a late generator"
	case !s.Valid:
		verdict = "the generator's limit"
	}
	if s.Why != "" {
		verdict += ": " + s.Why
	}
	return verdict
}

func (r *Result) serverSection() section {
	v := r.Server
	if v == nil {
		return section{}
	}
	s := section{Title: "Server", Rows: [][]string{
		{"CPU", fmt.Sprintf("%s, %s cores", seconds(v.CPUSeconds), factor(v.Cores))},
		{"memory", fmt.Sprintf("%s, heap %s", memory(v.RSSBytes), memory(v.HeapBytes))},
		{"longest GC pause", micros(v.GCMaxUS)},
		{"goroutines", comma(v.Goroutines)},
		{"subscribers, symbols", fmt.Sprintf("%s, %s", comma(v.Subscribers), comma(v.Symbols))},
		{"pulses", fmt.Sprintf("%s, mean %s", comma(v.Pulses), micros(v.PulseMeanUS))},
		{"updates", fmt.Sprintf("%s in %s frames", comma(v.Updates), comma(v.Frames))},
		{"conflated", fmt.Sprintf("%s, %s", comma(v.Conflated), percent(v.ConflationRatio))},
		{"bytes an update", fmt.Sprintf("%s, text is %s times the wire", factor(v.BytesPerUpdate), factor(v.CompressionRatio))},
		{"behind Kafka", fmt.Sprintf("%s records, newest tick %s old at most", comma(v.LagRecords), micros(1e3*v.AgeMS))},
	}}
	for _, text := range mostFirst(v.Ended) {
		s.Lines = append(s.Lines, "Connections ended: "+text)
	}
	if v.Missed > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("%s of %s readings failed.", comma(v.Missed), comma(v.Readings+v.Missed)))
	}
	return s
}

func (r *Result) generatorSection() section {
	g := r.Generator
	return section{Title: "Generator", Rows: [][]string{
		{"CPU", fmt.Sprintf("%s, %s cores", seconds(g.CPUSeconds), factor(g.Cores))},
		{"memory", fmt.Sprintf("%s, heap %s", memory(g.RSSBytes), memory(g.HeapBytes))},
		{"timers late by", fmt.Sprintf("p99 %s, max %s", micros(1e3*g.LagMS), micros(1e3*g.MaxLagMS))},
		{"wait for a reader", fmt.Sprintf("p99 %s", micros(1e3*g.SeatMS))},
		{"wait for a CPU", fmt.Sprintf("p99 %s", micros(1e3*g.WaitMS))},
		{"longest GC pause", micros(1e3 * g.GCMaxMS)},
	}, Lines: g.Why}
}

func (r *Result) failureSection() section {
	return section{Title: "Failures", Lines: mostFirst(r.Failures)}
}

func (r *Result) violationSection() section {
	v := r.Violations
	s := section{Title: "Violations", Head: []string{"kind", "client", "symbol", "seq before", "seq", "what"}}
	for _, one := range v.Examples {
		s.Rows = append(s.Rows, []string{one.Kind, one.Client, one.Symbol, fmt.Sprint(one.Before), fmt.Sprint(one.Seq), one.What})
	}
	if total := v.Total(); total > uint64(len(v.Examples)) && total > 0 {
		s.Lines = []string{fmt.Sprintf("%s in all.", comma(total))}
	}
	return s
}

func (r *Result) configSection() section {
	s := section{Title: "Configuration"}
	for _, f := range r.Config.fields() {
		if f.Value != "" {
			s.Rows = append(s.Rows, []string{f.Name, f.Value})
		}
	}
	s.Rows = append(s.Rows, []string{"machine", r.Machine.String()})
	return s
}

// known is a time, or a dash when there was nothing that took any.
func known(us int64) string {
	if us == 0 {
		return "-"
	}
	return micros(us)
}

func (m Machine) String() string {
	about := []string{m.CPU, count(m.CPUs, "CPU"), memory(m.Memory), m.OS, m.Arch, m.Kernel, m.Go}
	return strings.Join(slices.DeleteFunc(about, func(one string) bool { return one == "" || one == memory(0) }), ", ")
}

// over is a/b, and 0 when there is nothing to divide by.
func over(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}
