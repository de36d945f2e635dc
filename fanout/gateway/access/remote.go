package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

// When a JWKS server is asked.
const (
	askAgain  = 5 * time.Minute  // the keys may be that old: then one that was taken out is forgotten
	askFailed = time.Minute      // after it did not answer, while the old keys do
	askEvery  = 10 * time.Second // at most, whatever kids strangers make up
	askTime   = 5 * time.Second  // for one answer
)

const maxJWKS = 1 << 20 // bytes

// remote has its keys from a JWKS server. It has no goroutine: who needs keys
// that are not there asks, and others who need them wait with it.
type remote struct {
	url     *url.URL
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	asking  singleflight.Group
	limit   *rate.Limiter
	fetched atomic.Pointer[fetched]
}

// fetched is what the server said last. It stays good when the server is down.
type fetched struct {
	set   keySet
	until time.Time // when to ask again
}

func openRemote(ctx context.Context, c JWTConfig) (*remote, error) {
	u, err := url.Parse(c.JWKS)
	if err != nil || u.Host == "" {
		return nil, errors.New("the URL of the JWKS cannot be read")
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: askTime}
	}
	r := &remote{url: u, client: c.Client, log: c.Log, now: time.Now, limit: rate.NewLimiter(rate.Every(askEvery), 2)}
	r.refresh(ctx)
	return r, nil
}

func (r *remote) keys(ctx context.Context, kid string) (keySet, error) {
	have := r.fetched.Load()
	if have == nil || len(have.set.named(kid)) == 0 || r.now().After(have.until) {
		r.asking.Do("", func() (any, error) { r.refresh(context.WithoutCancel(ctx)); return nil, nil })
		have = r.fetched.Load()
	}
	if have == nil {
		return nil, ErrUnavailable
	}
	return have.set, nil
}

// refresh asks the server, if it was not asked a moment ago.
func (r *remote) refresh(ctx context.Context) {
	now := r.now()
	if !r.limit.AllowN(now, 1) {
		return
	}
	set, err := r.ask(ctx)
	if err == nil {
		r.fetched.Store(&fetched{set, now.Add(askAgain)})
		return
	}
	have := r.fetched.Load()
	if have == nil {
		r.log.Warn("the JWKS cannot be had: no token is accepted until it can", "error", err)
		return
	}
	r.log.Warn("the JWKS cannot be had: the keys that were had before stay in force", "error", err)
	r.fetched.Store(&fetched{have.set, now.Add(askFailed)})
}

func (r *remote) ask(ctx context.Context) (keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", r.url.Redacted(), answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxJWKS+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxJWKS {
		return nil, fmt.Errorf("%s answered with more than %d bytes", r.url.Redacted(), maxJWKS)
	}
	set, err := parseJWKS(text, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.url.Redacted(), err)
	}
	return set, nil
}
