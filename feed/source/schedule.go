package source

import (
	"context"
	"time"
)

// A tick may be this much early, so that one sleep serves all ticks of a
// millisecond. Timers are no finer anyway.
const grain = time.Millisecond

// maxBehind bounds what is caught up after a stall, in time of the plan.
const maxBehind = time.Second

// schedule holds a run to planned moments. Being late never moves the plan, so
// the rate holds however long a Put takes, up to maxBehind.
type schedule struct {
	zero  time.Time // when moment 0 of the plan was
	timer *time.Timer
}

func newSchedule() *schedule {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &schedule{zero: time.Now(), timer: timer}
}

// wait returns at moment at of the plan, or at once when it is less than grain
// away or past. When it is further past than maxBehind, the plan is moved on.
func (s *schedule) wait(ctx context.Context, at time.Duration) error {
	ahead := at - time.Since(s.zero)
	if ahead < -maxBehind {
		s.zero = s.zero.Add(-ahead - maxBehind)
	}
	if ahead < grain {
		return ctx.Err()
	}
	s.timer.Reset(ahead)
	select {
	case <-s.timer.C:
		return nil
	case <-ctx.Done():
		s.timer.Stop()
		return ctx.Err()
	}
}
