package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tickwire/fanout/wire"
	"tickwire/loadtest/swarm"
)

// settle stops the ticks, waits until everybody has the last of them, and
// compares. It returns how many have not. What is measured meanwhile is only how
// late the last ones came.
func (s *run) settle(ctx context.Context) (behind map[swarm.Cohort]int) {
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
func (s *run) compare(ctx context.Context) (behind map[swarm.Cohort]int) {
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
func (s *run) quiesce(ctx context.Context) error {
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
func (s *run) settleWith(u wire.Update) {
	if id, ok := s.truth.ID([]byte(u.Symbol)); ok {
		s.truth.Settle(id, &u)
	}
}
