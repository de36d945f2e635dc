package loadtest

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"tickwire/loadtest/swarm"
)

// ramp connects everybody, evenly over the plan's time, while ticks come. That
// some cannot connect is a result; that nobody can is an error.
func (s *run) ramp(ctx context.Context) error {
	if s.publisher != nil {
		s.work.Go(func() error { return s.publisher.Run(s.live) })
	}
	if rate := s.plan.Cohorts.Churn; rate > 0 {
		lists := s.draw(s.plan.Seed + 1)
		s.work.Go(func() error { return s.swarm.Churn(s.live, rate, lists.watchlist) })
	}
	failed := s.while(ctx, "ramp", s.plan.Ramp, func(ctx context.Context) error { return s.grow(ctx, s.plan.Connections, s.plan.Ramp) })
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.live.Err() != nil { // before calm: a part of work failed
		return s.work.Wait()
	}
	for _, c := range s.swarm.Stats() {
		if c.Open > 0 {
			return nil
		}
	}
	if failed == nil {
		failed = errors.New("no connection came about")
	}
	return failed
}

// grow has every cohort reach its share of n connections.
func (s *run) grow(ctx context.Context, n int, over time.Duration) error {
	var all errgroup.Group
	first := 0
	for _, part := range s.plan.parts(n) {
		lists, from := s.draw(s.plan.Seed), first
		first += MaxConnections // a member keeps its list when its cohort grows
		all.Go(func() error {
			return s.swarm.Grow(ctx, part.cohort, part.members, func(i int) []int32 { return lists.watchlist(from + i) }, over)
		})
	}
	return all.Wait()
}

// draw makes watchlists. When we publish, all of them are of our symbols: nobody
// here knows what those of others should be.
func (s *run) draw(seed uint64) *draw {
	return newDraw(s.plan.Mix, len(s.names), s.plan.Watchlist, seed, s.publisher != nil)
}

// shrink has every cohort have its share of n connections.
func (s *run) shrink(ctx context.Context, n int, over time.Duration) error {
	var all errgroup.Group
	for _, part := range s.plan.parts(n) {
		all.Go(func() error { return s.swarm.Shrink(ctx, part.cohort, part.members, over) })
	}
	return all.Wait()
}

// part is a cohort's share of the connections.
type part struct {
	cohort  swarm.Cohort
	members int
}

// parts shares n connections out. A cohort that was asked for has one at least.
func (p *Plan) parts(n int) []part {
	all := []part{{swarm.Stalled, 0}, {swarm.Slow, 0}, {swarm.Flap, 0}, {swarm.Full, 0}}
	left := n
	for i, share := range []float64{p.Cohorts.Stalled, p.Cohorts.Slow, p.Cohorts.Flap, p.Cohorts.Full} {
		if share > 0 {
			all[i].members = min(left, max(1, int(share*float64(n)+0.5)))
			left -= all[i].members
		}
	}
	return append(all, part{swarm.Steady, left})
}
