package loadtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tickwire/loadtest/report"
)

// Bound is what a load must keep to hold: a percentile of the latency below a
// time.
type Bound struct {
	Percentile float64 // 50, 90, 99, 99.9, 99.99
	Below      time.Duration
}

// ParseBound reads a bound such as p99<20ms or p99.9<100ms.
func ParseBound(text string) (Bound, error) {
	name, limit, found := strings.Cut(strings.ReplaceAll(text, " ", ""), "<")
	p, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if !found || !strings.HasPrefix(name, "p") || err != nil || p <= 0 || p >= 100 {
		return Bound{}, fmt.Errorf("%q is no bound; one is such as p99<20ms", text)
	}
	below, err := time.ParseDuration(strings.TrimPrefix(limit, "="))
	if err != nil || below <= 0 {
		return Bound{}, fmt.Errorf("%q bounds nothing: %q is no time such as 20ms", text, limit)
	}
	return Bound{p, below}, nil
}

// String is the bound as ParseBound reads it.
func (b Bound) String() string {
	return fmt.Sprintf("p%s<%v", strconv.FormatFloat(b.Percentile, 'f', -1, 64), b.Below)
}

// Dimension is what of a load is raised.
type Dimension string

// The dimensions.
const (
	Connections Dimension = "connections"
	Ticks       Dimension = "ticks_per_s"
)

// Search says how to look for the knee.
type Search struct {
	Bound     Bound
	Dimension Dimension // Default: Connections.
	// Most is the highest load to try. Default: 16,000 connections, of the about
	// 20,000 files that a process may have open; a million ticks a second.
	Most float64
	// Step is how long each load is measured, after a second in which it counts
	// for nothing. Default: 10 s.
	Step time.Duration
}

const (
	warmUp        = time.Second // of a step
	halvings      = 3           // between the last load that held and the first that did not
	recoveryBound = time.Minute
	recovered     = 3 // seconds in a row that keep the bound
)

func (s Search) withDefaults() Search {
	if s.Dimension == "" {
		s.Dimension = Connections
	}
	if s.Most == 0 {
		s.Most = 16_000
		if s.Dimension == Ticks {
			s.Most = 1_000_000
		}
	}
	if s.Step == 0 {
		s.Step = 10 * time.Second
	}
	return s
}

// FindKnee looks for the highest load at which the bound holds. It begins with
// the plan's and doubles it until the bound breaks, then halves the distance
// three times. Then it puts twice the load that held on the server, to see
// whether it bends or breaks, goes back, and measures how long it takes until
// the bound holds again. The Result is of the time at the load that held, and has
// the search in Knee.
func FindKnee(ctx context.Context, p Plan, how Search) (*Outcome, error) {
	how = how.withDefaults()
	if how.Dimension == Ticks && p.Publish == nil {
		return nil, errors.New("only a load tester that publishes can raise the ticks")
	}
	s, err := start(ctx, p)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.ramp(ctx); err != nil {
		return nil, err
	}
	k := &knee{session: s, search: how, report: &report.Knee{Bound: how.Bound.String(), BoundUS: how.Bound.Below.Microseconds(), Dimension: string(how.Dimension)}}
	k.load = k.first()
	if err := k.find(ctx); err != nil {
		return nil, err
	}
	if err := k.overload(ctx); err != nil {
		return nil, err
	}
	behind, err := s.settle(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	out, err := s.outcome(behind)
	if err == nil {
		out.Result.Knee = k.report
		out.Result.Config.Bound = how.Bound.String()
	}
	return out, err
}

// knee is a search under way.
type knee struct {
	*session
	search Search
	load   float64 // on the server now
	report *report.Knee
}

// first is the load that the plan asks for.
func (k *knee) first() float64 {
	if k.search.Dimension == Ticks {
		return k.plan.Publish.Rate
	}
	return float64(k.plan.Connections)
}

// find looks for the highest load that holds.
func (k *knee) find(ctx context.Context) error {
	held, broke := 0.0, 0.0
	for load := k.first(); broke == 0; load = min(2*load, k.search.Most) {
		step, err := k.try(ctx, load)
		if err != nil {
			return err
		}
		if !step.Held {
			broke = load
			break
		}
		if held = load; load == k.search.Most {
			k.report.Held = held
			return nil // nothing that we can put on it breaks it
		}
	}
	for range halvings {
		load := k.whole(held + (broke-held)/2)
		if load <= held || load >= broke {
			break
		}
		step, err := k.try(ctx, load)
		if err != nil {
			return err
		}
		if step.Held {
			held = load
		} else {
			broke = load
		}
	}
	k.report.Held = held
	return nil
}

// whole rounds a load.
func (k *knee) whole(load float64) float64 { return float64(int(load + 0.5)) }

// overload puts twice the load that held on the server, and then goes back to it.
// The result of the run is of the time after that.
func (k *knee) overload(ctx context.Context) error {
	held := k.report.Held
	if held == 0 {
		return nil
	}
	if 2*held <= k.search.Most {
		if err := k.double(ctx, 2*held); err != nil {
			return err
		}
	}
	if err := k.to(ctx, held); err != nil {
		return err
	}
	if err := k.recover(ctx); err != nil {
		return err
	}
	return k.measure(ctx, "at the knee", k.search.Step)
}

// double sees what twice the load does. It bends when those that are connected
// stay so, get newer values in place of older ones, and as many updates a second
// as at the load that held.
func (k *knee) double(ctx context.Context, load float64) error {
	before := k.lost()
	at := k.updatesAt(k.report.Held)
	step, err := k.try(ctx, load)
	if err != nil {
		return err
	}
	d := &report.Double{Step: step, Graceful: true}
	switch lost := k.lost() - before; {
	case lost > 0:
		d.Graceful, d.Why = false, fmt.Sprintf("%d connections ended", lost)
	case step.UpdatesPerSecond < 0.9*at:
		d.Graceful, d.Why = false, fmt.Sprintf("%.0f updates a second came, and %.0f at half the load", step.UpdatesPerSecond, at)
	default:
		d.Why = fmt.Sprintf("nobody was lost, and %.0f updates a second came, after %.0f at half the load", step.UpdatesPerSecond, at)
	}
	k.report.Double = d
	return nil
}

// updatesAt is what came at a load that was tried.
func (k *knee) updatesAt(load float64) (updates float64) {
	for _, step := range k.report.Steps {
		if step.Load == load {
			updates = step.UpdatesPerSecond
		}
	}
	return updates
}

// lost is how many connections ended that nobody here ended.
func (k *knee) lost() (n uint64) {
	for _, c := range k.swarm.Stats() {
		n += c.Failed
		for _, evicted := range c.Evicted {
			n += evicted
		}
	}
	return n
}

// try measures a load.
func (k *knee) try(ctx context.Context, load float64) (report.Step, error) {
	if err := k.to(ctx, load); err != nil {
		return report.Step{}, err
	}
	if err := k.measure(ctx, fmt.Sprintf("warm-up at %.0f", load), warmUp); err != nil {
		return report.Step{}, err
	}
	if err := k.measure(ctx, fmt.Sprintf("%.0f %s", load, k.search.Dimension), k.search.Step); err != nil {
		return report.Step{}, err
	}
	if ctx.Err() != nil {
		return report.Step{}, context.Cause(ctx)
	}
	step, err := k.step(load)
	k.report.Steps = append(k.report.Steps, step)
	return step, err
}

// step is what was measured since the last begin.
func (k *knee) step(load float64) (report.Step, error) {
	latency := k.tally.latency()
	var published *report.Publisher
	if k.publisher != nil {
		published = k.published()
	}
	g, err := k.generator.Report(latency, published)
	if err != nil {
		return report.Step{}, err
	}
	at := time.Duration(k.tally.all.Corrected.ValueAtPercentile(k.search.Bound.Percentile)) * time.Microsecond
	updates, conflated := k.tally.counted()
	step := report.Step{Load: load, P50: latency.P50, P99: latency.P99, UpdatesPerSecond: perSecond(updates, k.tally.seconds()),
		Held: latency.Count > 0 && at < k.search.Bound.Below, Valid: g.Valid}
	if updates+conflated > 0 {
		step.Conflation = float64(conflated) / float64(updates+conflated)
	}
	return step, nil
}

// to changes the load on the server. Who cannot connect is a result.
func (k *knee) to(ctx context.Context, load float64) error {
	more := load > k.load
	k.load = load
	if k.search.Dimension == Ticks {
		return k.agenda.SetRate(load)
	}
	over := k.plan.Ramp
	done := make(chan error, 1)
	go func() {
		if more {
			done <- k.grow(ctx, int(load), over)
		} else {
			done <- k.shrink(ctx, int(load), over/4)
		}
	}()
	k.tick(ctx, fmt.Sprintf("to %.0f %s", load, k.search.Dimension), over, done)
	return k.broken(ctx)
}

// recover waits until the bound holds again, and notes how long that took.
func (k *knee) recover(ctx context.Context) error {
	from := time.Now()
	k.report.Recovery = -1
	for good := 0; time.Since(from) < recoveryBound && ctx.Err() == nil; {
		if err := k.measure(ctx, "recovery", time.Second); err != nil {
			return err
		}
		at := time.Duration(k.tally.all.Corrected.ValueAtPercentile(k.search.Bound.Percentile)) * time.Microsecond
		if at >= k.search.Bound.Below {
			good = 0
			continue
		}
		if good++; good == recovered {
			k.report.Recovery = max(0, time.Since(from)-recovered*time.Second).Seconds()
			return nil
		}
	}
	return k.broken(ctx)
}
