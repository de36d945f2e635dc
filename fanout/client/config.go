package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"tickwire/fanout/wire"
)

// Config is what a Client is made of. Only URL is required; the zero value of
// any other field means its default.
type Config struct {
	// URL is the server's endpoint, such as ws://127.0.0.1:8080/v1/ws.
	URL string
	// Subscriptions are what to subscribe from the start. A server closes a
	// connection that subscribes to nothing.
	Subscriptions []Subscription

	// OnUpdates gets the updates of one message. snapshot tells that these are
	// current values, of a new subscription or of a new connection: seq and
	// ordinal of their symbols may start anew. The updates belong to the client
	// and are good during the call only.
	OnUpdates func(updates []wire.Update, snapshot bool)
	// OnHeartbeat gets what the server says while there is nothing to send.
	OnHeartbeat func(wire.Heartbeat)
	// OnNotice gets what the server warns of.
	OnNotice func(wire.Notice)
	// OnState gets every change of the connection's state.
	OnState func(State)
	// OnDenied gets the verdicts on subscriptions that nobody waits for: those
	// of Config, and all of them after a reconnect.
	OnDenied func([]wire.Denied)
	// OnFault gets what went wrong without ending the connection: a message
	// that cannot be decoded, an *OrderError, a *RefusedError of a request that
	// nobody waits for.
	OnFault func(error)

	// Backoff is when to come again.
	Backoff Backoff
	// Handshake bounds the time from dialling to hello. Default: 10 s.
	Handshake time.Duration
	// ReadLimit bounds one message of the server, in bytes, after
	// decompression. Default: 16 MiB.
	ReadLimit int
	// NoCompression asks the server for plain frames. Default: permessage-deflate.
	NoCompression bool
	// Header goes with every handshake. Default: none.
	Header http.Header
	// TLS is for wss. Default: the system's certificates and the URL's host.
	TLS *tls.Config
	// Dial makes the connection beneath, TLS not included. Default: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Subscription is what to subscribe at one rate.
type Subscription struct {
	Symbols []string // names, or patterns that end in a star
	Rate    float64  // most updates a second of each symbol; 0: every change
}

// Backoff is how long to wait before coming again. Waits are random, so that
// clients that lost one server do not come back together: the first is up to
// Min, each further one up to twice that of the one before, none over Max. A
// wait that the server asks for (Retry-After) comes on top.
type Backoff struct {
	Min    time.Duration // Default: 1 s.
	Max    time.Duration // Default: 30 s.
	Steady time.Duration // a connection that lasted this long starts it all over. Default: 1 min.
}

func (c Config) withDefaults() Config {
	c.Backoff = c.Backoff.withDefaults()
	if c.Handshake <= 0 {
		c.Handshake = 10 * time.Second
	}
	if c.ReadLimit <= 0 {
		c.ReadLimit = 16 << 20
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.OnUpdates == nil {
		c.OnUpdates = func([]wire.Update, bool) {}
	}
	if c.OnNotice == nil {
		c.OnNotice = func(wire.Notice) {}
	}
	if c.OnHeartbeat == nil {
		c.OnHeartbeat = func(wire.Heartbeat) {}
	}
	if c.OnState == nil {
		c.OnState = func(State) {}
	}
	if c.OnDenied == nil {
		c.OnDenied = func([]wire.Denied) {}
	}
	if c.OnFault == nil {
		c.OnFault = func(error) {}
	}
	return c
}

func (b Backoff) withDefaults() Backoff {
	if b.Min <= 0 {
		b.Min = time.Second
	}
	if b.Max <= 0 {
		b.Max = 30 * time.Second
	}
	b.Max = max(b.Min, b.Max)
	if b.Steady <= 0 {
		b.Steady = time.Minute
	}
	return b
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("URL cannot be read: %w", errors.Unwrap(err)) // without the text: it may hold a secret
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, fmt.Errorf("URL must begin with ws:// or wss://, not %q", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("URL names no host")
	case u.Fragment != "":
		return nil, errors.New("URL of a WebSocket cannot have a fragment (#)")
	}
	return u, nil
}

// checkTerms finds before the server does what can be no subscription.
func checkTerms(symbols []string, rate float64) error {
	if len(symbols) == 0 {
		return errors.New("no symbols given")
	}
	for _, s := range symbols {
		if !wire.ValidTerm(s) {
			return fmt.Errorf("%q can be neither a symbol nor a pattern (a prefix and a star)", s)
		}
	}
	if rate != 0 && !(rate >= wire.MinRate && rate <= wire.MaxRate) {
		return fmt.Errorf("rate is %v, want %.5f to %d updates a second, or 0 for every change", rate, wire.MinRate, wire.MaxRate)
	}
	return nil
}
