package loadtest

import (
	"context"

	"tickwire/loadtest/report"
)

// Outcome is what a run found.
type Outcome struct {
	Result *report.Result
	// Intervals are the histograms over time, for report.HDR.
	Intervals []report.Interval
}

// Run carries out a plan. When ctx ends during the measurement, or publishing
// fails, what was measured up to there is settled and told, and Result.Missing
// says so; before that, the error is ctx's or the publisher's. What the
// subscribers found wrong is in the Result, and no error.
func Run(ctx context.Context, p Plan) (*Outcome, error) {
	s, err := start(ctx, p)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.ramp(ctx); err != nil {
		return nil, err
	}
	if err := s.measure(ctx, "run", s.plan.Duration); err != nil {
		return nil, err
	}
	s.halted(ctx)
	return s.outcome(s.settle(context.WithoutCancel(ctx)))
}
