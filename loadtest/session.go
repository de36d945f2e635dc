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
	missing   []string // of what the plan wants and did not come about
	compared  bool     // what everybody had last, with what was published last

	// work is the publisher and the visitors; it ends with calm.
	work *errgroup.Group
	live context.Context // ends with calm, and with the first failure of work
	calm context.CancelFunc
}

const (
	keep      = time.Minute      // how long values are remembered to check those that come late
	openTime  = 30 * time.Second // for the first ticks to get to the server
	flushTime = 10 * time.Second // for Kafka to have the last
	readTime  = 2 * time.Second  // for the server to tell its metrics
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
	if p.Admin != "" {
		s.metrics = sample.NewServer(metricsURL(p.Admin), s.server.client)
		if err := s.metrics.Begin(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.open(ctx); err != nil {
		return nil, err
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

// while does something of a bounded time, with a reading every second, and has it
// end early when ctx ends or work fails.
func (s *session) while(ctx context.Context, phase string, of time.Duration, do func(ctx context.Context) error) (err error) {
	doing, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = do(doing)
	}()
	s.tick(ctx, phase, of, done)
	cancel()
	<-done
	return err
}

// miss notes something that the plan wants and that does not come about.
func (s *session) miss(format string, args ...any) {
	s.missing = append(s.missing, fmt.Sprintf(format, args...))
}

// halted reports whether the run must come to its end before its time, and notes
// why.
func (s *session) halted(ctx context.Context) bool {
	switch {
	case ctx.Err() != nil:
		s.miss("the run was asked to end before its time")
	case s.live.Err() != nil: // before calm: a part of work failed
		s.miss("the run ended before its time: %v", s.work.Wait())
	default:
		return false
	}
	return true
}

// grow has every cohort reach its share of n connections.
func (s *session) grow(ctx context.Context, n int, over time.Duration) error {
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
func (s *session) draw(seed uint64) *draw {
	return newDraw(s.plan.Mix, len(s.names), s.plan.Watchlist, seed, s.publisher != nil)
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

// measure counts for so long, or until ctx ends or work fails.
func (s *session) measure(ctx context.Context, phase string, d time.Duration) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	timer := time.AfterFunc(d, func() { close(done) })
	defer timer.Stop()
	s.tick(ctx, phase, d, done)
	return nil
}

// begin has everything count from now on.
func (s *session) begin(ctx context.Context) error {
	stats := s.swarm.Stats()
	s.tally.begin(stats, s.reading(stats))
	if s.publisher != nil {
		s.publisher.Begin()
	}
	s.readServer(ctx, (*sample.Server).Begin)
	return s.generator.Begin()
}

// readServer takes a reading of the server's metrics. One that fails is counted in
// the report. It is not held up for long, nor kept from it by the end of ctx.
func (s *session) readServer(ctx context.Context, read func(*sample.Server, context.Context) error) {
	if s.metrics == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTime)
	defer cancel()
	read(s.metrics, ctx)
}

// tick takes a reading every second until done is closed, ctx ends or work fails,
// and one at the end.
func (s *session) tick(ctx context.Context, phase string, of time.Duration, done <-chan struct{}) {
	from := time.Now()
	var told time.Time
	if s.tally.series == nil {
		stats := s.swarm.Stats()
		s.tally.begin(stats, s.reading(stats))
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for over := false; !over; {
		select {
		case <-second.C:
		case <-done:
			over = true
		case <-ctx.Done():
			over = true
		case <-s.live.Done():
			over = true
		}
		stats := s.swarm.Stats()
		s.tally.read(stats, s.reading(stats))
		s.generator.Read()
		s.readServer(ctx, (*sample.Server).Read)
		if now := time.Now(); !over || now.Sub(told) >= sample.Short { // else that was said already
			s.plan.OnSecond(s.progress(phase, now.Sub(from), of, stats))
			told = now
		}
	}
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
// compares. It returns how many have not. What is measured meanwhile is only how
// late the last ones came.
func (s *session) settle(ctx context.Context) (behind map[swarm.Cohort]int) {
	s.calm()
	done := make(chan struct{})
	go func() {
		defer close(done)
		behind = s.compare(ctx)
	}()
	from := time.Now()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-done:
			s.tally.drain()
			return behind
		case <-second.C:
			s.plan.OnSecond(s.progress("settle", time.Since(from), 0, s.swarm.Stats()))
		}
	}
}

// compare holds what everybody has last to what was published last, if that is
// known.
func (s *session) compare(ctx context.Context) (behind map[swarm.Cohort]int) {
	if err := s.quiesce(ctx); err != nil {
		s.miss("the last values were not compared: %v", err)
		return nil
	}
	quiet, cancel := context.WithTimeout(ctx, s.plan.Settle)
	defer cancel()
	behind = s.swarm.Settle(quiet)
	s.swarm.Finish()
	s.compared = true
	return behind
}

// quiesce has all that was published arrive in Kafka or, where others publish,
// learns what the server has last.
func (s *session) quiesce(ctx context.Context) error {
	if err := s.work.Wait(); err != nil { // the truth has a tick that may not have arrived
		return fmt.Errorf("not all that was to be published was: %w", err)
	}
	bound := s.plan.Settle + flushTime
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	if p := s.plan.Publish; p != nil {
		err := p.Flush(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("not within %v", bound)
		}
		if err != nil {
			return fmt.Errorf("the last ticks were not acknowledged by Kafka: %w", err)
		}
		return nil
	}
	return s.server.snapshot(ctx, s.names, s.settleWith)
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
