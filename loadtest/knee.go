package loadtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tickwire/loadtest/publish"
	"tickwire/loadtest/report"
	"tickwire/loadtest/swarm"
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
	// Most is the highest load to try. Default: 16,000 connections, or as many as
	// this process may have files open for; a million ticks a second.
	Most float64
	// Step is how long each load is measured, after a second in which it counts
	// for nothing. Default: 10 s.
	Step time.Duration
}

const (
	warmUp   = time.Second // of a step
	halvings = 3           // between the last load that held and the first that did not

	// After an overload the load is lower until the bound has held for some
	// seconds in a row: what was held up then must not be taken for the next
	// load's.
	recovered     = 3
	recoveryBound = time.Minute
	restBound     = 20 * time.Second
)

func (s Search) withDefaults() Search {
	if s.Dimension == "" {
		s.Dimension = Connections
	}
	if s.Most == 0 {
		s.Most = 1_000_000
		if s.Dimension == Connections {
			s.Most = 16_000
			if files := openFiles(); files > 0 {
				s.Most = min(s.Most, float64(files-spare))
			}
		}
	}
	if s.Step == 0 {
		s.Step = 10 * time.Second
	}
	return s
}

// check reports the first thing that is wrong with a search from a plan on, or
// nil.
func (s *Search) check(p *Plan) error {
	b := s.Bound
	switch {
	case !(b.Percentile > 0 && b.Percentile < 100) || b.Below <= 0:
		return fmt.Errorf("%v is no bound; one is such as p99<20ms", b)
	case s.Step < 0:
		return fmt.Errorf("a step of %v", s.Step)
	case s.Dimension != Connections && s.Dimension != Ticks:
		return fmt.Errorf("there is no dimension %.40q: %s, %s", s.Dimension, Connections, Ticks)
	case s.Dimension == Ticks && p.Publish == nil:
		return errors.New("only a load tester that publishes can raise the ticks")
	case !(s.Most >= s.first(p)):
		return fmt.Errorf("the search begins at %.0f %s, over its limit of %.0f: raise that, or begin lower", s.first(p), s.Dimension, s.Most)
	case s.Dimension == Ticks && s.Most > publish.MaxRate:
		return fmt.Errorf("a limit of %.0f ticks a second: give %d at most", s.Most, publish.MaxRate)
	case s.Dimension == Ticks:
		return nil
	case s.Most > MaxConnections:
		return fmt.Errorf("a limit of %.0f connections: give %d at most", s.Most, MaxConnections)
	}
	return fits(int(s.Most), openFiles())
}

// first is the load that the plan asks for.
func (s *Search) first(p *Plan) float64 {
	if s.Dimension == Ticks {
		return p.Publish.Rate
	}
	return float64(p.Connections)
}

// FindKnee looks for the highest load at which the bound holds. It begins with
// the plan's and doubles it until the bound breaks, then halves the distance
// three times. Then it puts twice the load that held on the server, to see
// whether it bends or breaks, goes back, and measures how long it takes until
// the bound holds again. The Result is of the time at the load that held, and has
// the search in Knee. A search that is cut short tells what it has found: see Run.
//
// A load holds when the bound does, and when all subscribers that read are
// connected and stay so. That of one that held the generator was late itself
// changes nothing, as its lateness is in the latency. One that did not hold then
// says nothing of the server, and the report says so.
func FindKnee(ctx context.Context, p Plan, how Search) (*Outcome, error) {
	how, p = how.withDefaults(), p.withDefaults()
	if err := how.check(&p); err != nil {
		return nil, err
	}
	s, err := start(ctx, p)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.ramp(ctx); err != nil {
		return nil, err
	}
	k := &knee{session: s, search: how, load: how.first(&p),
		report: &report.Knee{Bound: how.Bound.String(), BoundUS: how.Bound.Below.Microseconds(), Dimension: string(how.Dimension)}}
	if err := k.run(ctx); err != nil && !errors.Is(err, errHalted) {
		return nil, err
	}
	out, err := s.outcome(s.settle(context.WithoutCancel(ctx)))
	if err == nil {
		out.Result.Knee = k.report
		out.Result.Config.Bound = fmt.Sprintf("%v, %s up to %.0f", how.Bound, how.Dimension, how.Most)
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

// errHalted says that the search was cut short, for what session.halted noted.
var errHalted = errors.New("the search was cut short")

// run is the whole search.
func (k *knee) run(ctx context.Context) error {
	try := func(load float64) (report.Step, error) {
		step, err := k.try(ctx, load)
		if err == nil {
			k.report.Steps = append(k.report.Steps, step)
		}
		return step, err
	}
	quiet := func(load float64) error {
		_, _, err := k.rest(ctx, load, restBound)
		return err
	}
	err := find(k.report, k.load, k.search.Most, try, quiet)
	if err != nil || k.report.Held == 0 {
		return err
	}
	return k.overload(ctx)
}

// find looks for the highest load that holds, and notes it and the lowest that
// does not. try measures a load. rest goes to a load, half of
// one that held, until nothing is left of an overload.
func find(into *report.Knee, first, most float64, try func(load float64) (report.Step, error), rest func(load float64) error) error {
	attempt := func(load float64) (held bool, err error) {
		step, err := try(load)
		if err != nil {
			return false, err
		}
		if step.Held {
			into.Held = load
		} else {
			into.Broke, into.Limited = load, !step.Valid
		}
		return step.Held, nil
	}
	for load := first; into.Broke == 0; load = min(2*load, most) {
		if held, err := attempt(load); err != nil || held && load >= most {
			return err // nothing that may be put on it breaks it
		}
	}
	for range halvings {
		load := whole(into.Held + (into.Broke-into.Held)/2)
		if load <= into.Held || load >= into.Broke {
			break
		}
		lower := into.Held
		if lower == 0 {
			lower = load
		}
		if err := rest(whole(lower / 2)); err != nil {
			return err
		}
		if _, err := attempt(load); err != nil {
			return err
		}
	}
	return nil
}

// whole rounds a load.
func whole(load float64) float64 { return float64(int(load + 0.5)) }

// overload puts twice the load that held on the server, and then goes back to it.
// The result of the run is of the time after that.
func (k *knee) overload(ctx context.Context) error {
	held := k.report.Held
	if 2*held <= k.search.Most {
		step, err := k.try(ctx, 2*held)
		if err != nil {
			return err
		}
		k.report.Double = doubled(step, k.updatesAt(held))
	}
	after, ok, err := k.rest(ctx, held, recoveryBound)
	if err != nil {
		return err
	}
	k.report.Recovery = -1
	if ok {
		k.report.Recovery = after.Seconds()
	}
	k.tally.excuse(k.swarm.Stats())
	if err := k.measure(ctx, "knee", k.search.Step); err != nil {
		return err
	}
	if k.halted(ctx) {
		return errHalted
	}
	return nil
}

// doubled is what twice the load did. It bends when those that are connected stay
// so, get newer values in place of older ones, and as many updates a second as at
// the load that held.
func doubled(step report.Step, at float64) *report.Double {
	d := &report.Double{Step: step}
	switch {
	case step.Lost > 0:
		d.Why = fmt.Sprintf("%d connections failed or ended", step.Lost)
	case step.UpdatesPerSecond < 0.9*at:
		d.Why = fmt.Sprintf("%.0f updates a second came, and %.0f at half the load", step.UpdatesPerSecond, at)
	default:
		d.Graceful, d.Why = true, fmt.Sprintf("nobody was lost, and %.0f updates a second came, after %.0f at half the load", step.UpdatesPerSecond, at)
	}
	return d
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

// reading are the cohorts whose members a server has no reason to lose.
func reading() []swarm.Cohort { return []swarm.Cohort{swarm.Steady, swarm.Full} }

// lost is how many connections of those that read failed, or ended though nobody
// here ended them.
func lost(stats map[swarm.Cohort]swarm.Stats) (n uint64) {
	for _, name := range reading() {
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
	for _, name := range reading() {
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

// rest goes to a load and waits until the bound holds there, but not for ever. It
// returns how long that took.
func (k *knee) rest(ctx context.Context, load float64, most time.Duration) (after time.Duration, ok bool, err error) {
	if err := k.to(ctx, load); err != nil {
		return 0, false, err
	}
	after, ok, err = recovery(most, func() (bool, error) {
		if err := k.measure(ctx, "rest", time.Second); err != nil {
			return false, err
		}
		if k.halted(ctx) {
			return false, errHalted
		}
		_, ok := k.holds()
		return ok, nil
	})
	return after.Round(time.Second / 10), ok, err
}

// recovery measures one second after the other until some in a row were good, or
// for so long. It returns when the first of them began.
func recovery(most time.Duration, second func() (good bool, err error)) (after time.Duration, ok bool, err error) {
	from := time.Now()
	for good := 0; time.Since(from) < most; {
		if good == 0 {
			after = time.Since(from)
		}
		kept, err := second()
		switch {
		case err != nil:
			return 0, false, err
		case !kept:
			good = 0
		default:
			good++
		}
		if good == recovered {
			return after, true, nil
		}
	}
	return 0, false, nil
}
