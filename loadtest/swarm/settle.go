package swarm

import (
	"context"
	"slices"
	"time"
)

// look is how often Settle looks again.
const look = 50 * time.Millisecond

// Settle waits, once nothing is published any more, until every member that
// should has all that was, or ctx ends. It returns how many have not: of Steady,
// Full and Flap, members without a connection included. Those of Slow are waited
// for too and not counted. From now on Flap cuts no connection.
func (s *Swarm) Settle(ctx context.Context) (missing int) {
	s.calm.Store(true)
	var behind, slow []subscriber
	for _, c := range s.cohorts {
		switch {
		case c.name == Slow:
			slow = append(slow, c.all()...)
		case c.ends():
			behind = append(behind, c.all()...)
		}
	}
	for {
		behind = slices.DeleteFunc(behind, subscriber.complete)
		slow = slices.DeleteFunc(slow, subscriber.complete)
		if len(behind)+len(slow) == 0 || ctx.Err() != nil {
			return len(behind)
		}
		sleep(ctx, look)
	}
}

// Finish has every Watch say what its client lacks, after Settle. Members
// without a connection are left out, as they have been told nothing wrong, and so
// are those of Slow that are behind. Stats then have it. No message that comes
// later is looked at.
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
