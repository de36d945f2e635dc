package client

import (
	"errors"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// advice is what the end of a connection says about coming again.
type advice int

const (
	later advice = iota
	atOnce
	never
)

func adviceOf(err error) advice {
	var closed *CloseError
	var refused *HandshakeError
	var version *VersionError
	switch {
	case errors.As(err, &closed):
		return adviceOfCode(closed.Code)
	case errors.As(err, &refused):
		return adviceOfStatus(refused.Status)
	case errors.As(err, &version):
		return never
	}
	return later
}

// adviceOfCode: see the close codes in package wire. The codes of RFC 6455,
// 1012 among them, all mean later.
func adviceOfCode(code uint16) advice {
	switch {
	case code >= 4000 && code <= 4099:
		return atOnce
	case code >= 4500 && code <= 4599:
		return never
	}
	return later
}

// adviceOfStatus: a server that is there and wants something else, or has
// moved, will not change its mind.
func adviceOfStatus(status int) advice {
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return later
	}
	return never
}

// retry decides when to come again.
type retry struct {
	backoff  Backoff
	waits    backoff.ExponentialBackOff
	hastened bool // has come at once since the last steady connection
	renews   bool // a token, at every connection
	welcome  bool // there was a connection: a token was good
}

func newRetry(b Backoff) *retry {
	r := &retry{backoff: b, waits: backoff.ExponentialBackOff{
		// A factor of 1 spreads a wait evenly over nought to twice the interval.
		InitialInterval: b.Min / 2, MaxInterval: b.Max / 2, Multiplier: 2, RandomizationFactor: 1,
	}}
	r.waits.Reset()
	return r
}

// after is how long to wait after a connection that ended with err, having
// lasted that long since its hello; not at all when ok is false. A server that
// says "at once" every time is taken at its word once.
func (r *retry) after(err error, lasted time.Duration) (wait time.Duration, ok bool) {
	if lasted >= r.backoff.Steady {
		r.waits.Reset()
		r.hastened = false
	}
	r.welcome = r.welcome || lasted > 0
	switch adviceOf(err) {
	case never:
		if !r.mayRenew(err) {
			return 0, false
		}
	case atOnce:
		if !r.hastened {
			r.hastened = true
			return 0, true
		}
	}
	wait = r.waits.NextBackOff()
	if refused := (*HandshakeError)(nil); errors.As(err, &refused) {
		wait += min(refused.RetryAfter, r.backoff.Max)
	}
	return wait, true
}

// mayRenew reports whether another token may do: one was good, and has expired.
func (r *retry) mayRenew(err error) bool {
	var refused *HandshakeError
	return r.renews && r.welcome && errors.As(err, &refused) && refused.Status == http.StatusUnauthorized
}
