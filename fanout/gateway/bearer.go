package gateway

import (
	"errors"
	"net/http"
	"strings"

	"tickwire/fanout/wire"
)

// bearerPrefix begins the subprotocol that carries a token. Browsers let a page
// set no header of a WebSocket's handshake but this.
const bearerPrefix = "tickwire.bearer."

// takeToken takes the token out of a request, so that nobody after it sees it:
// of Authorization: Bearer (RFC 6750 section 2.1), or of a subprotocol. It is
// empty if there is none.
func takeToken(r *http.Request) (token string, err error) {
	var tokens []string
	for _, line := range r.Header.Values("Authorization") {
		scheme, value, _ := strings.Cut(line, " ")
		if value = strings.TrimSpace(value); !strings.EqualFold(scheme, "Bearer") || value == "" {
			err = errors.New("send the token as Authorization: Bearer TOKEN")
		}
		tokens = append(tokens, value)
	}
	r.Header.Del("Authorization")
	carried, named := takeSubprotocols(r)
	if len(carried) > 0 && !named {
		err = errors.New("offer the subprotocol " + wire.Subprotocol + " beside " + bearerPrefix + "TOKEN: the server answers with it and not with the token")
	}
	tokens = append(tokens, carried...)
	switch {
	case err != nil:
		return "", err
	case len(tokens) > 1:
		return "", errors.New("send one token, in one place")
	case len(tokens) == 1:
		return tokens[0], nil
	}
	return "", nil
}

// takeSubprotocols leaves of the subprotocols no more than ours, which is what
// an answer may name.
func takeSubprotocols(r *http.Request) (tokens []string, named bool) {
	const header = "Sec-WebSocket-Protocol"
	for _, line := range r.Header.Values(header) {
		for offer := range strings.SplitSeq(line, ",") {
			offer = strings.TrimSpace(offer)
			if token, ok := strings.CutPrefix(offer, bearerPrefix); ok {
				tokens = append(tokens, token)
			}
			named = named || strings.EqualFold(offer, wire.Subprotocol)
		}
	}
	r.Header.Del(header)
	if named {
		r.Header.Set(header, wire.Subprotocol)
	}
	return tokens, named
}

// tokenInURL reports whether a query has what looks like a token.
func tokenInURL(r *http.Request) bool {
	if r.URL.RawQuery == "" {
		return false
	}
	for name := range r.URL.Query() {
		switch strings.ToLower(name) {
		case "token", "access_token", "auth", "authorization", "bearer", "jwt", "key", "api_key", "apikey":
			return true
		}
	}
	return false
}
