package feed

import "time"

// Health is how well a node hears its feed.
type Health struct {
	Behind time.Duration // for how long the node has not been at the end of what it reads, 0: it is
	Down   time.Duration // for how long it has had no connection to a partition, 0: it has all
}
