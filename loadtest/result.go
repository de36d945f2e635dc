package loadtest

import (
	"context"
	"fmt"
	"time"

	"tickwire/loadtest/report"
	"tickwire/loadtest/sample"
	"tickwire/loadtest/swarm"
	"tickwire/loadtest/verify"
)

// outcome is what was found. Counts are of the time that was measured, and
// latencies too, with those of what came after it; what was broken, and reach, are
// of the whole run.
func (s *run) outcome(behind map[swarm.Cohort]int) (*Outcome, error) {
	t := s.tally
	r := &report.Result{
		Started: s.started, Machine: sample.Machine(context.Background()), Mode: report.Passive, Config: s.config(),
		Connections: t.peak, Seconds: t.seconds(),
		Latency: t.latency(), Uncorrected: sample.Distribution(t.all.Uncorrected), Wait: sample.Distribution(t.all.Wait), Percentiles: t.all.Curve(), Hops: t.hops.Hops(),
		Cohorts: make(map[string]report.Cohort), Failures: make(map[string]uint64),
		Clock: s.clock, Series: t.series.Rows(),
	}
	if s.publisher != nil {
		r.Mode = report.Publish
		r.TicksPublished = t.last.Published - t.first.Published
		r.Publisher = s.published()
	}
	s.addCohorts(r, behind)
	r.Converged = s.compared && r.Behind == 0
	r.UpdatesPerSecond = perSecond(r.Updates, r.Seconds)
	if r.Updates > 0 {
		r.BytesPerUpdate = float64(r.Bytes) / float64(r.Updates)
	}
	var err error
	if r.Generator, err = s.generator.Report(r.Latency, r.Publisher); err != nil {
		return nil, err
	}
	if s.metrics != nil {
		if r.Server, err = s.metrics.Report(); err != nil {
			s.miss("the server's figures are left out: %v", err)
		}
	}
	r.Missing = s.missing
	return &Outcome{Result: r, Intervals: t.series.Intervals()}, nil
}

func perSecond(n uint64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

// addCohorts adds the cohorts up.
func (s *run) addCohorts(r *report.Result, behind map[swarm.Cohort]int) {
	var all verify.Ledger
	var text uint64
	for name, now := range s.swarm.Stats() {
		l := &now.Ledger
		all.Add(l)
		if now.Connections == 0 && now.Failed == 0 && now.Members == 0 {
			continue // nobody asked for it
		}
		base, at := s.tally.base[name], s.tally.now[name]
		c := s.cohort(name, &now)
		c.Behind = behind[name]
		if name != swarm.Slow { // which may be
			r.Behind += c.Behind
		}
		r.Cohorts[string(name)] = c
		r.Frames += c.Frames
		r.Updates += c.Updates
		r.Conflated += c.Conflated
		r.Bytes += c.Bytes
		text += at.Ledger.TextBytes - base.Ledger.TextBytes
		for what, n := range since(now.Failures, s.tally.excused[name].Failures) {
			r.Failures[what] += n
		}
		for code, n := range now.Denied {
			r.Failures[fmt.Sprintf("symbols denied: %s", code)] += n
		}
	}
	r.Reach = all.Reach()
	r.Violations = violations(&all)
	if r.Bytes > 0 {
		r.CompressionRatio = float64(text) / float64(r.Bytes)
	}
}

func (s *run) cohort(name swarm.Cohort, now *swarm.Stats) report.Cohort {
	base, at := s.tally.base[name], s.tally.now[name]
	l, before, after, ages := &now.Ledger, &base.Ledger, &at.Ledger, s.tally.cohorts[name]
	excused := s.tally.excused[name]
	c := report.Cohort{
		Members: now.Members, Connected: s.tally.most[name], Failed: now.Failed - excused.Failed, Closes: since(now.Evicted, excused.Evicted),
		Reconnects: now.Reconnects - excused.Reconnects,
		Frames:     after.Frames - before.Frames, Updates: after.Updates - before.Updates, Snapshots: after.Snapshots - before.Snapshots,
		Conflated: after.Conflated - before.Conflated, Bytes: at.Bytes - base.Bytes,
		Latency: sample.Distribution(ages.Corrected), Uncorrected: sample.Distribution(ages.Uncorrected), Wait: sample.Distribution(ages.Wait),
		Connect: times(now.Connect), First: times(now.Snapshot),
		Reach: l.Reach(), Decoded: after.Decoded - before.Decoded, Unchecked: l.Unchecked, Gaps: l.Gaps,
		Violations: violations(l),
	}
	for _, n := range c.Closes {
		c.Evicted += n
	}
	if name == swarm.Churn {
		c.Members, c.Connected = int(now.Planned), int(now.Visits)
	}
	return c
}

// since is by how much counts have risen.
func since(now, before map[string]uint64) map[string]uint64 {
	risen := make(map[string]uint64)
	for what, n := range now {
		if n -= before[what]; n > 0 {
			risen[what] = n
		}
	}
	return risen
}

func times(t swarm.Times) report.Hop {
	return report.Hop{P50: t.P50.Microseconds(), P99: t.P99.Microseconds(), Max: t.Max.Microseconds()}
}

func violations(l *verify.Ledger) report.Violations {
	v := report.Violations{Order: l.Order, Value: l.Value, GapUnsaid: l.GapUnsaid, Final: l.Final}
	for _, one := range l.Violations {
		v.Examples = append(v.Examples, report.Violation(one))
	}
	return v
}

// published is how the plan was kept.
func (s *run) published() *report.Publisher {
	p := s.publisher.Stats()
	return &report.Publisher{
		Planned: p.Planned, Published: p.Published, Schedule: string(s.plan.Publish.Schedule),
		MaxLateMS: milliseconds(p.MaxLate), LateMS: milliseconds(p.P99Late), BlockedS: p.Blocked.Seconds(), BehindMS: milliseconds(p.Behind),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// config is the plan as the report has it.
func (s *run) config() report.Config {
	p := &s.plan
	c := report.Config{
		URL: s.server.endpoint(), Connections: p.Connections, Watchlist: max(0, p.Watchlist), Symbols: len(s.names), Mix: string(p.Mix),
		Channel: p.Channel, Rate: p.Rate, Compression: !p.Plain, RampSeconds: p.Ramp.Seconds(), Duration: p.Duration.Seconds(),
		Share: p.Share, Stalled: share(p.Cohorts.Stalled), Flap: share(p.Cohorts.Flap), Full: share(p.Cohorts.Full), Seed: p.Seed,
	}
	if p.Cohorts.Slow > 0 {
		c.Slow = fmt.Sprintf("%s:%dB/s", share(p.Cohorts.Slow), p.Cohorts.SlowRate)
	}
	if p.Cohorts.Churn > 0 {
		c.Churn = fmt.Sprintf("%g/s", p.Cohorts.Churn)
	}
	if p.Publish != nil {
		c.Schedule, c.TicksPerSecond = string(p.Publish.Schedule), p.Publish.Rate
	}
	return c
}

// share is a part of the connections as a person would write it.
func share(part float64) string {
	if part == 0 {
		return ""
	}
	return fmt.Sprintf("%g%%", 100*part)
}
