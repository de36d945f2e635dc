package source

import (
	"context"

	"tickwire/feed"
)

// Put takes one tick, which is valid. It may block: that is the backpressure.
// An error ends the run and is what Run returns. The tick and what it points to
// are the source's again when Put returns.
type Put func(ctx context.Context, t *feed.Tick) error
