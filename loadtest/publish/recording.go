package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tickwire/feed"
	"tickwire/feed/source"
)

// MaxGaps is how many gaps of a recording are taken at most.
const MaxGaps = 1_000_000

var errEnough = errors.New("enough gaps")

// Gaps are the times between the ticks of recordings, see source.ReplayConfig,
// up to MaxGaps. A tick that is earlier than the one before counts as being of
// the same time, and a gap over source.MaxPause is cut to it.
func Gaps(ctx context.Context, files []string) ([]time.Duration, error) {
	replay, err := source.NewReplay(source.ReplayConfig{Files: files})
	if err != nil {
		return nil, err
	}
	var gaps []time.Duration
	last := int64(0)
	err = replay.Run(ctx, func(_ context.Context, t *feed.Tick) error {
		if last != 0 {
			gap := time.Duration(t.Time-last) * time.Microsecond
			gaps = append(gaps, min(max(0, gap), source.MaxPause))
		}
		last = max(last, t.Time)
		if len(gaps) == MaxGaps {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("gaps of a recording: %w", err)
	}
	return gaps, nil
}
