package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
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
	// BytesPerS is a budget for all that the server sends, in bytes a second
	// as they are on the network: it conflates more to keep within. From
	// wire.MinBytesPerS to wire.MaxBytesPerS. Default: none.
	BytesPerS int

	// OnUpdates gets the updates of one message. snapshot tells that these are
	// current values, of a new subscription or of a new connection: seq and
	// ordinal of their symbols may start anew. A symbol that has not moved while
	// there was no connection is not told again by the next; what it then gets
	// first may be no snapshot, but its ordinal may start anew all the same. The
	// updates belong to the client and are good during the call only.
	OnUpdates func(updates []wire.Update, snapshot bool)
	// OnTrades gets the trades of one message, those of each symbol in order and
	// none twice, also across connections. The trades belong to the client and
	// are good during the call only.
	OnTrades func(trades []wire.Trade)
	// OnGap gets a hole in the trades of a symbol: what comes after it is behind
	// the hole, and if To is below From, begins anew. Beside the holes that the
	// server tells there is one of the client's own: where it could not ask for
	// the trades of a time without connection, since a pattern has more symbols
	// than one request has room for.
	OnGap func(wire.Gap)
	// OnStats gets the statistics of one message. They are good during the call
	// only.
	OnStats func(stats []wire.Stat, snapshot bool)
	// OnBars gets the bars of one message of a channel of bars. A bar comes
	// again, whole, whenever it has changed. They are good during the call only.
	OnBars func(channel string, bars []wire.Bar, snapshot bool)
	// OnSent gets the server's time of sending, in microseconds since 1970, of
	// the message whose OnUpdates or OnTrades is next. It comes with stamps only.
	OnSent func(sent int64)
	// OnStatus gets every change of the state of the feed, whether the server
	// said it in a status, a heartbeat or a hello, and of a symbol. All are
	// live until something else is told. AgeMS is 0 where it is not known.
	OnStatus func(wire.Status)
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

	// Token gets the token to show to the server, "" for none. It is asked at
	// every connect and when the server says that the token will expire; it
	// should not give one that it has seen expire. It is called beside the
	// callbacks, and must return when ctx ends, after Handshake at most. The
	// token goes into the handshake as "Authorization: Bearer", and never into
	// an error. Default: none.
	Token func(ctx context.Context) (string, error)

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

// Subscription is what to subscribe in one way.
type Subscription struct {
	Channel string   // one of wire.Channels(). Default: wire.Ticker.
	Symbols []string // names, or patterns that end in a star
	Rate    float64  // most updates a second of each symbol; 0: every change
	// Stamps asks for the times at which the server received and sent what it
	// tells, on ticker and trades: Received of an element, and OnSent.
	Stamps bool
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
	if c.OnTrades == nil {
		c.OnTrades = func([]wire.Trade) {}
	}
	if c.OnGap == nil {
		c.OnGap = func(wire.Gap) {}
	}
	if c.OnStats == nil {
		c.OnStats = func([]wire.Stat, bool) {}
	}
	if c.OnBars == nil {
		c.OnBars = func(string, []wire.Bar, bool) {}
	}
	if c.OnSent == nil {
		c.OnSent = func(int64) {}
	}
	if c.OnStatus == nil {
		c.OnStatus = func(wire.Status) {}
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

func (s Subscription) channel() string { return cmp.Or(s.Channel, wire.Ticker) }

func (s Subscription) lane() lane { return lane{s.channel(), s.Rate, s.Stamps} }

func (s Subscription) request() wire.Request {
	return wire.Request{Op: wire.OpSubscribe, Channel: s.channel(), Symbols: s.Symbols, Rate: s.Rate, Stamps: s.Stamps}
}

// check finds before the server does what can be no subscription.
func (s Subscription) check() error {
	channel := s.channel()
	switch {
	case !wire.IsChannel(channel):
		return fmt.Errorf("there is no channel %.40q: %s", channel, strings.Join(wire.Channels(), ", "))
	case len(s.Symbols) == 0:
		return errors.New("no symbols given")
	case s.Rate != 0 && !(s.Rate >= wire.MinRate && s.Rate <= wire.MaxRate):
		return fmt.Errorf("rate is %v, want %.5f to %d updates a second, or 0 for every change", s.Rate, wire.MinRate, wire.MaxRate)
	case s.Stamps && channel != wire.Ticker && channel != wire.Trades:
		return fmt.Errorf("stamps are for %s and %s, not for %s", wire.Ticker, wire.Trades, channel)
	}
	for _, symbol := range s.Symbols {
		if !wire.ValidTerm(symbol) {
			return fmt.Errorf("%q can be neither a symbol nor a pattern (a prefix and a star)", symbol)
		}
	}
	return nil
}

func checkBudget(bytesPerS int) error {
	if bytesPerS != 0 && (bytesPerS < wire.MinBytesPerS || bytesPerS > wire.MaxBytesPerS) {
		return fmt.Errorf("budget is %d bytes a second, want %d to %d, or 0 for none", bytesPerS, wire.MinBytesPerS, wire.MaxBytesPerS)
	}
	return nil
}
