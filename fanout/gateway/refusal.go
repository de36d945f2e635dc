package gateway

import (
	"net/http"
	"strconv"

	"tickwire/fanout/wire"
)

// refusal is the answer to who is turned away.
type refusal struct {
	why     string // in metrics
	status  int
	code    wire.Code
	message string
	after   int // seconds until it may be worth while to come again; 0: never as it is
}

// Why somebody is turned away, for metrics.
const (
	whyFull      = "full"        // connections in all
	whyAddress   = "address"     // connections from one address
	whyDropped   = "dropped"     // not even standing room
	whyTimeout   = "timeout"     // no request in time
	whyNoRequest = "no_request"  // no request at all: it left, or its TLS, header or HTTP was not good
	whyDraining  = "draining"    // the server ends
	whyNotReady  = "not_ready"   // the feed has not caught up, or that of delayed values
	whyURLToken  = "url_token"   // a token in the URL
	whyToken     = "token"       // no token, or one that is not good
	whyEntitled  = "entitlement" // the token does not grant it
	whyOrigin    = "origin"      // a page of another site
	whyHandshake = "handshake"   // no handshake of a WebSocket
)

var whys = []string{whyFull, whyAddress, whyDropped, whyTimeout, whyNoRequest, whyDraining, whyNotReady, whyURLToken, whyToken, whyEntitled, whyOrigin, whyHandshake}

var (
	full     = refusal{whyFull, http.StatusServiceUnavailable, wire.TooManyConnections, "this server has as many connections as it can take", 5}
	crowded  = refusal{whyAddress, http.StatusTooManyRequests, wire.TooManyConnections, "too many connections from your address", 5}
	draining = refusal{whyDraining, http.StatusServiceUnavailable, wire.Unavailable, "draining: the server ends, connect again", 1}
	urlToken = refusal{whyURLToken, http.StatusBadRequest, wire.BadRequest,
		"a token does not belong in the URL, which ends up in logs: send it as Authorization: Bearer, as the subprotocol tickwire.bearer.TOKEN beside tickwire.v1, or by op auth", 0}
	badOrigin  = refusal{whyOrigin, http.StatusForbidden, wire.BadOrigin, "pages of this origin may not connect: the operator can allow it by --origins", 0}
	noChannel  = refusal{whyEntitled, http.StatusForbidden, wire.NotEntitled, "the token does not grant this channel", 0}
	noOperator = refusal{whyEntitled, http.StatusForbidden, wire.NotEntitled,
		"this is for operators: bring a token with the claim operator, or ask on the address of --admin", 0}
	noSymbol = refusal{whyEntitled, http.StatusForbidden, wire.NotEntitled, "the token does not grant this symbol", 0}
)

func notReady(err error) *refusal {
	return &refusal{whyNotReady, http.StatusServiceUnavailable, wire.Unavailable, "not ready: " + err.Error(), 1}
}

// refuse answers with an error of the protocol, as JSON.
func (g *Gateway) refuse(w http.ResponseWriter, r *refusal) {
	g.metrics.turnedAway.WithLabelValues(r.why).Inc()
	if r.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.after))
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tickwire"`)
	}
	answerJSON(w, r.status, wire.Error{Type: wire.TypeError, Code: r.code, Message: r.message, Retry: r.after > 0})
}
