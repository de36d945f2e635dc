package loadtest

import (
	"context"
	"time"

	"tickwire/loadtest/report"
	"tickwire/loadtest/sample"
	"tickwire/loadtest/swarm"
)

// while does something of a bounded time, with a reading every second, and has it
// end early when ctx ends or work fails.
func (s *run) while(ctx context.Context, phase string, of time.Duration, do func(ctx context.Context) error) (err error) {
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

// halted reports whether the run must come to its end before its time, and notes
// why.
func (s *run) halted(ctx context.Context) bool {
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

// measure counts for so long, or until ctx ends or work fails.
func (s *run) measure(ctx context.Context, phase string, d time.Duration) error {
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
func (s *run) begin(ctx context.Context) error {
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
func (s *run) readServer(ctx context.Context, read func(*sample.Server, context.Context) error) {
	if s.metrics == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTime)
	defer cancel()
	read(s.metrics, ctx)
}

// tick takes a reading every second until done is closed, ctx ends or work fails,
// and one at the end.
func (s *run) tick(ctx context.Context, phase string, of time.Duration, done <-chan struct{}) {
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
func (s *run) progress(phase string, elapsed, of time.Duration, stats map[swarm.Cohort]swarm.Stats) report.Progress {
	p := report.Progress{Phase: phase, Elapsed: elapsed, Of: of, Now: s.tally.second()}
	for _, c := range stats {
		p.Violations += c.Ledger.Broken()
		p.Failures += c.Failed
	}
	return p
}

func (s *run) reading(stats map[swarm.Cohort]swarm.Stats) sample.Reading {
	r := sample.Reading{At: time.Now(), Published: s.truth.Published()}
	for _, c := range stats {
		r.Connections += c.Open
		r.Updates += c.Ledger.Updates
		r.Frames += c.Ledger.Frames
		r.Bytes += c.Bytes
	}
	return r
}
