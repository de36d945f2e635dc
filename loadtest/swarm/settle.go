package swarm

import (
	"context"
	"slices"
	"time"
)

// look is how often Settle looks again.
const look = 50 * time.Millisecond

// Settle waits, once nothing is published any more, until every member that
// should has all that was, or ctx ends. It returns how many have not, by cohort:
// of Steady, Full, Flap and Slow, members without a connection included. From now
// on Flap cuts no connection.
func (s *Swarm) Settle(ctx context.Context) (behind map[Cohort]int) {
	s.calm.Store(true)
	left := make(map[Cohort][]subscriber)
	for _, c := range s.cohorts {
		if c.ends() {
			left[c.name] = c.all()
		}
	}
	for {
		behind = make(map[Cohort]int)
		for name := range left {
			left[name] = slices.DeleteFunc(left[name], subscriber.complete)
			if n := len(left[name]); n > 0 {
				behind[name] = n
			}
		}
		if len(behind) == 0 || ctx.Err() != nil {
			return behind
		}
		sleep(ctx, look)
	}
}

// Finish has every Watch say what its client lacks, after Settle. Stats then have
// it. What members without a connection lack is expected and did not arrive, but
// they have been told nothing wrong. Those of Slow that are behind are left out. No
// message that comes later is looked at.
func (s *Swarm) Finish() {
	for _, c := range s.cohorts {
		if !c.ends() {
			continue
		}
		for _, m := range c.all() {
			if c.name == Slow && !m.complete() {
				continue
			}
			m.finish(&c.shared)
		}
	}
}
