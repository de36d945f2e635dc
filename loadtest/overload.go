package loadtest

import (
	"context"
	"fmt"
	"time"

	"tickwire/loadtest/report"
)

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
