package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"tickwire/fanout/splice"
)

const extensionsHeader = "Sec-WebSocket-Extensions"

// agreement is what client and server agree on for compression.
type agreement struct {
	deflate bool // permessage-deflate, without context takeover on either side
	window  bool // the client asked for a window of at most so many bits, and is told ours
}

// windowBits is the server's window in an agreement on one: what splicing needs.
var windowBits = func() (bits int) {
	for 1<<bits < splice.Window {
		bits++
	}
	return bits
}()

// agree looks for the first offer of permessage-deflate that the server can
// take, RFC 7692 section 7.1: one with parameters that it knows, each at most
// once and with a sound value, and with room for the window. It leaves to gws a
// request with that offer alone, or with none: gws itself takes any.
func agree(r *http.Request) agreement {
	var a agreement
	for _, line := range r.Header.Values(extensionsHeader) {
		for offer := range strings.SplitSeq(line, ",") {
			if window, ok := acceptable(offer); ok && !a.deflate {
				a = agreement{true, window}
			}
		}
	}
	r.Header.Del(extensionsHeader)
	if a.deflate {
		r.Header.Set(extensionsHeader, "permessage-deflate")
	}
	return a
}

// acceptable reports whether an offer is one that the server can take, and
// whether it bounds the server's window.
func acceptable(offer string) (window, ok bool) {
	name, parameters, _ := strings.Cut(offer, ";")
	if !strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") {
		return false, false
	}
	seen := make(map[string]bool)
	for parameters != "" {
		var parameter string
		parameter, parameters, _ = strings.Cut(parameters, ";")
		name, value, valued := strings.Cut(parameter, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if seen[name] || !sound(name, strings.Trim(strings.TrimSpace(value), `"`), valued) {
			return false, false
		}
		seen[name] = true
	}
	return seen["server_max_window_bits"], true
}

// sound reports whether a parameter of permessage-deflate is known and has a
// value that the server can do with.
func sound(name, value string, valued bool) bool {
	bits, err := strconv.Atoi(value)
	window := err == nil && bits <= 15 && strconv.Itoa(bits) == value
	switch name {
	case "server_no_context_takeover", "client_no_context_takeover":
		return !valued
	case "server_max_window_bits":
		return window && bits >= windowBits
	case "client_max_window_bits": // what clients send is inflated with the largest window
		return !valued || window && bits >= 8
	}
	return false
}
