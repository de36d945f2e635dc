package swarm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Swarm is all cohorts. Make it with New, and Close it. Its methods may be
// called at the same time, but for one cohort only one of Grow and Shrink.
type Swarm struct {
	config  Config
	url     *url.URL
	target  *target
	cohorts map[Cohort]*cohort
	seats   []*seat
	turns   chan *member // that have something to read, to whichever seat is free
	errands chan errand  // to whichever dialer is free
	calm    atomic.Bool  // Flap cuts no more

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	closing sync.Once
	work    sync.WaitGroup // dialers, members, whole clients
	seated  sync.WaitGroup // seats, which end after all members
}

// New makes a swarm without members, or says what is wrong with the config.
func New(config Config) (*Swarm, error) {
	config = config.withDefaults()
	u, err := config.check()
	if err != nil {
		return nil, err
	}
	s := &Swarm{config: config, url: u, target: newTarget(u, config.Sources), cohorts: make(map[Cohort]*cohort),
		turns: make(chan *member), errands: make(chan errand)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for number, name := range Cohorts() {
		s.cohorts[name] = newCohort(s, number, name)
	}
	for range s.config.Seats {
		seat := newSeat(s)
		s.seats = append(s.seats, seat)
		s.seated.Go(seat.run)
	}
	for range s.config.DialLimit {
		s.work.Go(newDialer(s).run)
	}
	return s, nil
}

// Close ends all connections, politely where the member reads, and returns when
// everything has ended. Another call waits for that as well.
func (s *Swarm) Close() {
	s.closing.Do(func() {
		s.stop() // whoever connects now gives up, so that these are all
		for _, c := range s.cohorts {
			for _, m := range c.all() {
				m.leave()
			}
		}
		s.work.Wait()
		close(s.turns)
		s.seated.Wait()
	})
}

// Stats are those of every cohort.
func (s *Swarm) Stats() map[Cohort]Stats {
	all := make(map[Cohort]Stats, len(s.cohorts))
	for name, c := range s.cohorts {
		all[name] = c.stats()
	}
	return all
}

// Grow makes a cohort n members in all, at an even pace over so long. watchlists
// gives the symbols of each member by its number, from 0 on; it is called at every
// connect, from many goroutines, and must say the same every time. Without it, and
// where it gives nil, a member subscribes to everything. Grow returns when each of
// the new members has subscribed (of Flap and Full: is connected), or failed at
// its first attempt; the error then tells how many failed, and why the first of
// them did. They go on trying.
func (s *Swarm) Grow(ctx context.Context, name Cohort, n int, watchlists func(i int) []int32, over time.Duration) error {
	c := s.cohorts[name]
	if c == nil || name == Churn {
		return fmt.Errorf("a cohort of kind %q cannot grow", name)
	}
	c.mu.Lock()
	c.ids = watchlists
	more := n - len(c.members)
	c.mu.Unlock()
	if more <= 0 {
		return nil
	}
	g := newGrowth(more)
	pace := evenly(more, over)
	for i := range more {
		if err := pace.wait(ctx, i); err != nil {
			return err
		}
		if err := c.add(ctx, g); err != nil {
			return err
		}
	}
	return g.wait(ctx, name)
}

// Shrink makes a cohort n members in all, at an even pace over so long. The
// newest leave first.
func (s *Swarm) Shrink(ctx context.Context, name Cohort, n int, over time.Duration) error {
	c := s.cohorts[name]
	if c == nil {
		return fmt.Errorf("there is no cohort %q", name)
	}
	fewer := c.stats().Members - n
	pace := evenly(fewer, over)
	for i := range max(0, fewer) {
		if err := pace.wait(ctx, i); err != nil {
			return err
		}
		if last, ok := c.take(); ok {
			last.leave()
		}
	}
	return nil
}

// Churn has members come at an even pace, subscribe, take their first snapshot
// and leave, until ctx ends. There are never more than four times
// Config.DialLimit of them. If that, or the dialers, cannot keep the pace, fewer
// come: see Stats.Planned and Visits. watchlists is as of Grow.
func (s *Swarm) Churn(ctx context.Context, perSecond float64, watchlists func(i int) []int32) error {
	if !(perSecond > 0) {
		return fmt.Errorf("a churn of %v a second is none", perSecond)
	}
	c := s.cohorts[Churn]
	c.mu.Lock()
	c.ids = watchlists
	c.mu.Unlock()
	at := make(chan struct{}, 4*s.config.DialLimit)
	pace := pace{time.Now(), time.Duration(float64(time.Second) / perSecond)}
	for i := 0; pace.wait(ctx, i) == nil && s.ctx.Err() == nil; i++ {
		c.count(func(s *Stats) { s.Planned++ })
		select {
		case at <- struct{}{}:
		case <-ctx.Done():
			return nil
		case <-s.ctx.Done():
			return nil
		}
		m := newMember(c, nil)
		m.visit = func() { <-at }
		if !s.send(ctx, errand{member: m}) {
			m.done()
		}
	}
	return nil
}

// pace is an even one.
type pace struct {
	start time.Time
	step  time.Duration
}

func evenly(n int, over time.Duration) pace {
	return pace{time.Now(), over / time.Duration(max(1, n))}
}

// wait returns when it is time for number i.
func (p pace) wait(ctx context.Context, i int) error {
	if d := time.Until(p.start.Add(time.Duration(i) * p.step)); d > 0 {
		sleep(ctx, d)
	}
	return ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// add makes one more member and sends it to connect.
func (c *cohort) add(ctx context.Context, g *growth) error {
	if c.swarm.ctx.Err() != nil {
		return errors.New("the swarm is closed")
	}
	if !c.light() {
		return c.addWhole(g)
	}
	m := newMember(c, g)
	if !c.swarm.send(ctx, errand{member: m}) {
		c.remove(m)
		return errors.Join(ctx.Err(), c.swarm.ctx.Err())
	}
	return nil
}

// growth waits for the first attempts of new members.
type growth struct {
	left atomic.Int64
	done chan struct{}

	mu     sync.Mutex // protects what follows
	failed int
	first  error
}

func newGrowth(n int) *growth {
	g := &growth{done: make(chan struct{})}
	g.left.Store(int64(n))
	return g
}

// tried notes how an attempt ended.
func (g *growth) tried(err error) {
	if err != nil {
		g.mu.Lock()
		g.failed++
		if g.first == nil {
			g.first = err
		}
		g.mu.Unlock()
	}
	if g.left.Add(-1) == 0 {
		close(g.done)
	}
}

func (g *growth) wait(ctx context.Context, name Cohort) error {
	select {
	case <-g.done:
	case <-ctx.Done():
		return fmt.Errorf("%d members of %s have not subscribed yet: %w", g.left.Load(), name, ctx.Err())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed > 0 {
		return fmt.Errorf("%d members of %s could not subscribe at once, the first: %s", g.failed, name, said(g.first))
	}
	return nil
}

// backoff is how long a member waits at most that has failed so often in a row.
func (s *Swarm) backoff(failures int) time.Duration {
	b := s.config.Backoff
	return min(b.Max, b.Min<<min(failures, int(math.Log2(float64(b.Max/b.Min)))+1))
}
