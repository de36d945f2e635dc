package kafka

import (
	"log/slog"
	"sync"
	"time"
)

// complaint is a log line that may have cause to be written very often, and is
// written at most once in an interval. Safe for concurrent use.
type complaint struct {
	log      *slog.Logger
	interval time.Duration

	mu      sync.Mutex
	last    time.Time
	skipped int
}

// warn writes the line, with how many were left out since the last one, or
// leaves it out.
func (c *complaint) warn(text string, args ...any) {
	c.mu.Lock()
	now := time.Now()
	if !c.last.IsZero() && now.Sub(c.last) < c.interval {
		c.skipped++
		c.mu.Unlock()
		return
	}
	skipped := c.skipped
	c.last, c.skipped = now, 0
	c.mu.Unlock()
	c.log.Warn(text, append(args, "left_out", skipped)...)
}
