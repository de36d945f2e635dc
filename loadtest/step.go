package loadtest

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tickwire/loadtest/report"
	"tickwire/loadtest/swarm"
)

// wellBehaved are the cohorts whose members a server has no reason to lose.
func wellBehaved() []swarm.Cohort { return []swarm.Cohort{swarm.Steady, swarm.Full} }

// lost is how many connections of the well behaved failed, or ended though nobody
// here ended them.
func lost(stats map[swarm.Cohort]swarm.Stats) (n uint64) {
	for _, name := range wellBehaved() {
		n += stats[name].Failed
		for _, evicted := range stats[name].Evicted {
			n += evicted
		}
	}
	return n
}

// try measures a load.
func (k *knee) try(ctx context.Context, load float64) (report.Step, error) {
	before := lost(k.swarm.Stats())
	if err := k.to(ctx, load); err != nil {
		return report.Step{}, err
	}
	for _, part := range []struct {
		phase string
		d     time.Duration
	}{{"warm-up", warmUp}, {"step", k.search.Step}} {
		if err := k.measure(ctx, part.phase, part.d); err != nil {
			return report.Step{}, err
		}
		if k.halted(ctx) {
			return report.Step{}, errHalted
		}
	}
	return k.step(load, before)
}

// step is what was measured since the last begin, and who was lost since there
// were so many.
func (k *knee) step(load float64, before uint64) (report.Step, error) {
	latency := k.tally.latency()
	var published *report.Publisher
	if k.publisher != nil {
		published = k.published()
	}
	g, err := k.generator.Report(latency, published)
	if err != nil {
		return report.Step{}, err
	}
	updates, conflated := k.tally.counted()
	step := report.Step{Load: load, P50: latency.P50, P99: latency.P99, UpdatesPerSecond: perSecond(updates, k.tally.seconds()),
		Lost: lost(k.tally.now) - before, Valid: g.Valid}
	if updates+conflated > 0 {
		step.Conflation = float64(conflated) / float64(updates+conflated)
	}
	open, members := 0, 0
	for _, name := range wellBehaved() {
		open += k.tally.now[name].Open
		members += k.tally.now[name].Members
	}
	switch at, ok := k.holds(); {
	case open < members:
		step.Why = fmt.Sprintf("%d of %d were connected", open, members)
	case step.Lost > 0:
		step.Why = fmt.Sprintf("%d connections failed or ended", step.Lost)
	case latency.Count == 0:
		step.Why = "nothing came"
	case !ok:
		step.Why = fmt.Sprintf("p%v of %v", k.search.Bound.Percentile, at.Round(100*time.Microsecond))
	}
	step.Held = step.Why == ""
	return step, nil
}

// holds reports whether the bound has held since the last begin, and what it is
// about.
func (k *knee) holds() (at time.Duration, ok bool) {
	all := k.tally.all.Corrected
	at = time.Duration(all.ValueAtPercentile(k.search.Bound.Percentile)) * time.Microsecond
	return at, all.TotalCount() > 0 && at < k.search.Bound.Below
}

// to changes the load on the server. Who cannot connect is a result.
func (k *knee) to(ctx context.Context, load float64) error {
	more := load > k.load
	k.load = load
	if k.search.Dimension == Ticks {
		return k.agenda.SetRate(load)
	}
	over := k.plan.Ramp
	k.while(ctx, "to "+strconv.FormatFloat(load, 'f', -1, 64), over, func(ctx context.Context) error {
		if more {
			return k.grow(ctx, int(load), over)
		}
		return k.shrink(ctx, int(load), over/4)
	})
	if k.halted(ctx) {
		return errHalted
	}
	return nil
}
