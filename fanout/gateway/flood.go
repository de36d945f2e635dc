package gateway

import (
	"time"

	"golang.org/x/time/rate"
)

// flood bounds the messages of one client by a token bucket. The session's
// reader alone calls it.
type flood struct {
	bucket  *rate.Limiter
	refused int // since the bucket was last full
}

// patienceWithFloods is how many bursts a client may have refused.
const patienceWithFloods = 4

func newFlood(l Limits) flood { return flood{bucket: rate.NewLimiter(rate.Limit(l.Requests), l.Burst)} }

// allow reports whether a message may be carried out.
func (f *flood) allow() bool {
	now := time.Now()
	if f.refused > 0 && f.bucket.TokensAt(now) >= float64(f.bucket.Burst()) {
		f.refused = 0
	}
	if f.bucket.AllowN(now, 1) {
		return true
	}
	f.refused++
	return false
}

// tooLong reports whether the client has gone on for too long.
func (f *flood) tooLong() bool { return f.refused > patienceWithFloods*f.bucket.Burst() }
