package swarm

import (
	"slices"
	"strconv"
	"sync"

	"tickwire/fanout/wire"
	"tickwire/loadtest/verify"
)

// Cohort is a kind of member.
type Cohort string

// The cohorts.
const (
	Steady  Cohort = "steady"  // reads whenever there is something
	Stalled Cohort = "stalled" // never reads once its subscription was acknowledged
	Slow    Cohort = "slow"    // reads Config.SlowRate bytes a second
	Churn   Cohort = "churn"   // comes, takes the first snapshot, and leaves: see Swarm.Churn
	Flap    Cohort = "flap"    // a whole client whose connection is cut at random, and that goes on where it was
	Full    Cohort = "full"    // a whole client, with stamps
)

// Cohorts are all cohorts.
func Cohorts() []Cohort { return []Cohort{Steady, Stalled, Slow, Churn, Flap, Full} }

// subscriber is a member, light or whole.
type subscriber interface {
	// leave ends it, without waiting for that.
	leave()
	// complete reports whether it is there and has all that was published.
	complete() bool
	// finish has its Watch say what was missing.
	finish(t *tally)
}

// cohort is what is known of one.
type cohort struct {
	swarm  *Swarm
	name   Cohort
	number int   // in Cohorts
	shared tally // of members that are lent no seat, and of Finish

	mu      sync.Mutex // protects what follows
	members []subscriber
	made    int // members so far: the number of the next one
	ids     func(i int) []int32
	phases  [phases]int
	counts  Stats // but for what is in tallies and phases
	connect times
	first   times // snapshots
}

// phase is how far a member is.
type phase uint8

const (
	absent     phase = iota // not yet, or no longer, one
	connecting              // up to the last ack
	open                    // subscribed
	waiting                 // to come again
	lost                    // not to come again
	phases
)

// tally is what one seat has found of one cohort.
type tally struct {
	mu     sync.Mutex // protects what follows
	ledger verify.Ledger
	bytes  uint64
}

// end has a Watch say what its client lacks.
func (t *tally) end(w *verify.Watch, connected bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if connected {
		w.Finish(&t.ledger)
	} else {
		w.Lost(&t.ledger)
	}
}

func newCohort(s *Swarm, number int, name Cohort) *cohort {
	c := &cohort{swarm: s, name: name, number: number, connect: newTimes(), first: newTimes()}
	c.counts = newStats()
	c.shared.ledger.Share = 1
	return c
}

// light reports whether its members are this package's own.
func (c *cohort) light() bool { return c.name != Full && c.name != Flap }

// narrow reports whether its members have small receive buffers.
func (c *cohort) narrow() bool { return c.name == Stalled || c.name == Slow }

// ends reports whether its members end with all that was published.
func (c *cohort) ends() bool {
	return c.name == Steady || c.name == Full || c.name == Flap || c.name == Slow
}

// nameOf is what member i is called in violations.
func (c *cohort) nameOf(i int) string { return string(c.name) + "-" + strconv.Itoa(i) }

// listed is the symbols of member i; nil: every symbol.
func (c *cohort) listed(i int) []int32 {
	c.mu.Lock()
	ids := c.ids
	c.mu.Unlock()
	if ids == nil {
		return nil
	}
	return ids(i)
}

// names are the terms that member i subscribes to.
func (c *cohort) names(i int) []string {
	ids := c.listed(i)
	if ids == nil {
		return []string{"*"}
	}
	all := make([]string, len(ids))
	for at, id := range ids {
		all[at] = c.swarm.config.Symbols[id]
	}
	return all
}

// move notes that a member has come to another phase, which it returns.
func (c *cohort) move(from, to phase) phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases[from]--
	c.phases[to]++
	return to
}

// count changes the counts.
func (c *cohort) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.counts)
}

// fail notes an attempt or a connection that failed.
func (c *cohort) fail(err error) {
	text := said(err)
	c.count(func(s *Stats) {
		s.Failed++
		tell(s.Failures, text)
	})
}

func (c *cohort) deny(denied []wire.Denied) {
	c.count(func(s *Stats) {
		for _, d := range denied {
			tell(s.Denied, string(d.Code))
		}
	})
}

// take removes the last member.
func (c *cohort) take() (subscriber, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.members)
	if n == 0 {
		return nil, false
	}
	last := c.members[n-1]
	c.members = slices.Delete(c.members, n-1, n)
	return last, true
}

// remove removes a member that has ended.
func (c *cohort) remove(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = slices.DeleteFunc(c.members, func(other subscriber) bool { return other == subscriber(m) })
}

func (c *cohort) all() []subscriber {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}
