package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"tickwire/fanout/wire"
	"tickwire/loadtest/publish"
	"tickwire/loadtest/report"
	"tickwire/loadtest/sample"
	"tickwire/loadtest/swarm"
	"tickwire/loadtest/verify"
)

// session is a run under way.
type session struct {
	plan      Plan
	server    *server
	metrics   *sample.Server // nil: not asked for
	names     []string
	truth     *verify.Truth
	swarm     *swarm.Swarm
	publisher *publish.Publisher // nil: passive
	agenda    *publish.Plan
	generator *sample.Generator
	tally     *tally
	clock     *report.Clock
	started   time.Time

	// work is the publisher and the visitors; it ends with calm.
	work *errgroup.Group
	live context.Context // ends with calm, and with the first failure of work
	calm context.CancelFunc
}

const (
	keep      = time.Minute      // how long values are remembered to check those that come late
	openTime  = 30 * time.Second // for the first ticks to get to the server
	flushTime = 10 * time.Second // for Kafka to have the last
)

// start has everything ready: the symbols known to the server, nobody connected.
func start(ctx context.Context, p Plan) (_ *session, err error) {
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	s := &session{plan: p, tally: newTally(), started: time.Now()}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.calm = cancel
	s.work, s.live = errgroup.WithContext(live)
	if s.server, err = newServer(&p); err != nil {
		return nil, err
	}
	if s.generator, err = sample.StartGenerator(); err != nil {
		return nil, err
	}
	if s.clock, err = s.compareClocks(ctx); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	if p.Admin != "" {
		s.metrics = sample.NewServer(metricsURL(p.Admin), s.server.client)
		if err := s.metrics.Begin(ctx); err != nil {
			return nil, err
		}
	}
	s.swarm, err = swarm.New(swarm.Config{
		URL: p.URL, TLS: p.TLS, Token: p.Token, Compression: !p.Plain, Sources: p.Sources,
		Truth: s.truth, Symbols: s.names, Channel: p.Channel, Rate: p.Rate, Share: p.Share,
		Sampler: s.tally.sampler, Hops: s.tally.hops, SlowRate: p.Cohorts.SlowRate,
	})
	return s, err
}

// open finds the symbols: those of the publisher, once the server has a tick of
// each, or those that the server has.
func (s *session) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if s.plan.Publish == nil {
		return s.listen(ctx)
	}
	p := s.plan.Publish
	s.names = publish.Names(p.Prefix, p.Symbols)
	if err := s.server.reachable(ctx, s.names[0]); err != nil {
		return err
	}
	s.truth = verify.NewTruth(s.names, keep)
	var err error
	if s.agenda, err = p.agenda(ctx, s.plan.Seed); err != nil {
		return err
	}
	s.publisher, err = publish.New(publish.Config{Symbols: p.Symbols, Prefix: p.Prefix, Mix: publish.Mix(s.plan.Mix), Seed: s.plan.Seed,
		Schedule: s.agenda, Put: p.Put, Truth: s.truth})
	if err != nil {
		return err
	}
	before := time.Now().UnixMicro()
	if err := s.publisher.Open(ctx); err != nil {
		return fmt.Errorf("the first ticks cannot be published: %w", err)
	}
	if err := p.Flush(ctx); err != nil {
		return fmt.Errorf("the first ticks cannot be published: %w", err)
	}
	return s.server.awaitTicks(ctx, s.names, before)
}

// listen learns what the server has, the symbols that tick most first.
func (s *session) listen(ctx context.Context) error {
	names, err := s.server.ranked(ctx)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("the server has no symbols: is something published? (or let the load tester publish)")
	}
	s.truth = verify.Learn(keep)
	for i, name := range names {
		if id, ok := s.truth.ID([]byte(name)); !ok || int(id) != i {
			return fmt.Errorf("the server has a symbol %.40q twice, or one that is none", name)
		}
	}
	s.names = names
	return nil
}

// ramp connects everybody, evenly over the plan's time, while ticks come. That
// some cannot connect is a result; that nobody can is an error.
func (s *session) ramp(ctx context.Context) error {
	if s.publisher != nil {
		s.work.Go(func() error { return ended(s.publisher.Run(s.live), s.live) })
	}
	if rate := s.plan.Cohorts.Churn; rate > 0 {
		lists := newDraw(s.plan.Mix, len(s.names), s.plan.Watchlist, s.plan.Seed+1)
		s.work.Go(func() error { return ended(s.swarm.Churn(s.live, rate, lists.watchlist), s.live) })
	}
	done := make(chan error, 1)
	go func() { done <- s.grow(ctx, s.plan.Connections, s.plan.Ramp) }()
	failed := s.tick(ctx, "ramp", s.plan.Ramp, done)
	if err := s.broken(ctx); err != nil {
		return err
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

// ended is what is wrong with work that came to its end.
func ended(err error, live context.Context) error {
	if live.Err() != nil {
		return nil // as asked
	}
	return err
}

// broken is why the run cannot go on, if it cannot.
func (s *session) broken(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.live.Err() != nil { // before calm: a part of work failed
		return s.work.Wait()
	}
	return nil
}

// grow has every cohort reach its share of n connections.
func (s *session) grow(ctx context.Context, n int, over time.Duration) error {
	var all errgroup.Group
	first := 0
	for _, part := range s.plan.parts(n) {
		lists, from := newDraw(s.plan.Mix, len(s.names), s.plan.Watchlist, s.plan.Seed), first
		first += MaxConnections // a member keeps its list when its cohort grows
		all.Go(func() error {
			return s.swarm.Grow(ctx, part.cohort, part.members, func(i int) []int32 { return lists.watchlist(from + i) }, over)
		})
	}
	return all.Wait()
}

// shrink has every cohort have its share of n connections.
func (s *session) shrink(ctx context.Context, n int, over time.Duration) error {
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

// measure counts for so long, or until ctx ends.
func (s *session) measure(ctx context.Context, phase string, d time.Duration) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	timeout := make(chan error, 1)
	timer := time.AfterFunc(d, func() { timeout <- nil })
	defer timer.Stop()
	s.tick(ctx, phase, d, timeout)
	if s.live.Err() != nil {
		return s.work.Wait()
	}
	return nil
}

// begin has everything count from now on.
func (s *session) begin(ctx context.Context) error {
	s.tally.begin(s.swarm.Stats(), s.reading(s.swarm.Stats()))
	if err := s.generator.Begin(); err != nil {
		return err
	}
	if s.metrics != nil {
		return s.metrics.Begin(ctx)
	}
	return nil
}

// tick takes a reading every second until done says something, ctx ends or work
// fails, and one at the end.
func (s *session) tick(ctx context.Context, phase string, of time.Duration, done <-chan error) (err error) {
	from := time.Now()
	if s.tally.series == nil {
		s.tally.begin(s.swarm.Stats(), s.reading(s.swarm.Stats()))
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for over := false; !over; {
		select {
		case <-second.C:
		case err = <-done:
			over = true
		case <-ctx.Done():
			over = true
		case <-s.live.Done():
			over = true
		}
		stats := s.swarm.Stats()
		s.tally.read(stats, s.reading(stats))
		s.generator.Read()
		if s.metrics != nil {
			s.metrics.Read(ctx) // a reading that failed is counted in the report
		}
		s.plan.OnSecond(s.progress(phase, time.Since(from), of, stats))
	}
	return err
}

// progress is the newest second.
func (s *session) progress(phase string, elapsed, of time.Duration, stats map[swarm.Cohort]swarm.Stats) report.Progress {
	p := report.Progress{Phase: phase, Elapsed: elapsed, Of: of, Now: s.tally.second()}
	for _, c := range stats {
		p.Violations += c.Ledger.Broken()
		p.Failures += c.Failed
	}
	return p
}

func (s *session) reading(stats map[swarm.Cohort]swarm.Stats) sample.Reading {
	r := sample.Reading{At: time.Now(), Published: s.truth.Published()}
	for _, c := range stats {
		r.Connections += c.Open
		r.Updates += c.Ledger.Updates
		r.Frames += c.Ledger.Frames
		r.Bytes += c.Bytes
	}
	return r
}

// settle stops the ticks, waits until everybody has the last of them, and
// compares. It returns how many have not.
func (s *session) settle(ctx context.Context) (behind map[swarm.Cohort]int, err error) {
	s.calm()
	if err := s.work.Wait(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.plan.Settle+flushTime)
	defer cancel()
	if p := s.plan.Publish; p != nil {
		if err := p.Flush(ctx); err != nil {
			return nil, fmt.Errorf("Kafka has not acknowledged the last ticks: %w", err)
		}
	} else if err := s.server.snapshot(ctx, s.names, s.settleWith); err != nil {
		return nil, fmt.Errorf("the last values cannot be had: %w", err)
	}
	quiet, cancel := context.WithTimeout(ctx, s.plan.Settle)
	defer cancel()
	behind = s.swarm.Settle(quiet)
	s.swarm.Finish()
	return behind, nil
}

// settleWith takes what the server says to be the last value of a symbol.
func (s *session) settleWith(u wire.Update) {
	if id, ok := s.truth.ID([]byte(u.Symbol)); ok {
		s.truth.Settle(id, &u)
	}
}

// close ends everything.
func (s *session) close() {
	if s.calm != nil {
		s.calm()
		s.work.Wait()
	}
	if s.swarm != nil {
		s.swarm.Close()
	}
	if s.generator != nil {
		s.generator.Stop()
	}
	if s.server != nil {
		s.server.close()
	}
}
