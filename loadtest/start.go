package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"tickwire/loadtest/publish"
	"tickwire/loadtest/report"
	"tickwire/loadtest/sample"
	"tickwire/loadtest/swarm"
	"tickwire/loadtest/verify"
)

// run is one that is under way.
type run struct {
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
func start(ctx context.Context, p Plan) (_ *run, err error) {
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	s := &run{plan: p, tally: newTally(), started: time.Now()}
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
		Sampler: s.tally.sampler, Hops: s.tally.hops, Waited: s.generator.Waited, SlowRate: p.Cohorts.SlowRate,
	})
	return s, err
}

// open finds the symbols: those of the publisher, once the server has a tick of
// each, or those that the server has.
func (s *run) open(ctx context.Context) error {
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
func (s *run) listen(ctx context.Context) error {
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

// miss notes something that the plan wants and that does not come about.
func (s *run) miss(format string, args ...any) {
	s.missing = append(s.missing, fmt.Sprintf(format, args...))
}

// close ends everything.
func (s *run) close() {
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
