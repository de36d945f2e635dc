package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tickwire/loadtest/report"
)

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
	k := &knee{run: s, search: how, load: how.first(&p),
		report: &report.Knee{Bound: how.Bound.String(), BoundUS: how.Bound.Below.Microseconds(), Dimension: string(how.Dimension)}}
	if err := k.look(ctx); err != nil && !errors.Is(err, errHalted) {
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
	*run
	search Search
	load   float64 // on the server now
	report *report.Knee
}

// errHalted says that the search was cut short, for what run.halted noted.
var errHalted = errors.New("the search was cut short")

// look is the whole search.
func (k *knee) look(ctx context.Context) error {
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
