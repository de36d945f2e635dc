package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/gateway/access"
	"tickwire/fanout/wire"
)

// caller is who makes a request, and where the values are that it may have.
type caller struct {
	grant    *access.Grant // nil: it has still to bring a token
	hub      *fanout.Hub
	operator bool
}

// everything is the grant of everybody where no token is needed.
var everything access.Grant

type callerKey struct{}

// callerOf is who makes a request that was admitted.
func callerOf(r *http.Request) caller { return r.Context().Value(callerKey{}).(caller) }

// admit lets those through who may have values, and says who they are. later
// tells that a token may still come when the request has been served.
func (g *Gateway) admit(later bool, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.config.Limits.Origins.share(w, r)
		c, refused := g.judgeCaller(r, later)
		if refused != nil {
			g.refuse(w, refused)
			return
		}
		serve(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	}
}

func (g *Gateway) judgeCaller(r *http.Request, later bool) (caller, *refusal) {
	token, err := takeToken(r)
	switch {
	case tokenInURL(r):
		return caller{}, &urlToken
	case g.draining.Load():
		return caller{}, &draining
	case !g.config.Limits.Origins.allow(r):
		return caller{}, &badOrigin
	}
	if err := g.config.Ready(); err != nil {
		return caller{}, notReady(err)
	}
	if g.config.Access == nil {
		return caller{&everything, g.hub, g.config.AnyOperator && g.config.Limits.Origins.own(r.Host)}, nil
	}
	if err != nil {
		return caller{}, &refusal{whyToken, http.StatusBadRequest, wire.BadRequest, err.Error(), 0}
	}
	if token == "" && later {
		return caller{}, nil
	}
	return g.identify(r.Context(), token)
}

// identify is the caller that a token makes.
func (g *Gateway) identify(ctx context.Context, token string) (caller, *refusal) {
	grant, err := g.verify(ctx, token)
	switch {
	case errors.Is(err, access.ErrUnavailable):
		return caller{}, &refusal{whyToken, http.StatusServiceUnavailable, wire.Unavailable, err.Error(), 5}
	case err != nil:
		return caller{}, &refusal{whyToken, http.StatusUnauthorized, wire.Unauthorized, err.Error(), 0}
	}
	hub, err := g.hubFor(grant.Delay)
	if err != nil {
		return caller{}, notReady(err)
	}
	return caller{grant, hub, grant.Operator}, nil
}

// verify is what a token grants; of no token, why one is needed.
func (g *Gateway) verify(ctx context.Context, token string) (*access.Grant, error) {
	switch {
	case g.config.Access == nil:
		return &everything, nil
	case token == "":
		return nil, access.ErrMissing
	}
	return g.config.Access.Verify(ctx, token)
}

// hubFor is the hub whose values are that old.
func (g *Gateway) hubFor(delay time.Duration) (*fanout.Hub, error) {
	if delay == 0 {
		return g.hub, nil
	}
	if g.config.Delayed == nil {
		return nil, errors.New("delayed values are not set up")
	}
	hub, err := g.config.Delayed(delay)
	if err != nil {
		return nil, err
	}
	return hub, g.hubs.add(hub)
}
