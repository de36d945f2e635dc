package gateway

import (
	"time"

	"tickwire/fanout"
)

// Limits are what clients may do to the server. The zero value of a field means
// its default, so that every limit is on. The README has them in a table.
type Limits struct {
	// Connections bounds the connections in all, those that are no WebSocket
	// included. Who comes then is answered 503. Default: 18,000, or 15/16 of the
	// files that the process may open (RLIMIT_NOFILE), if that is less.
	Connections int
	// PerAddress bounds the connections from one IPv4 address, or one /64 of
	// IPv6, which is what one customer gets. Who comes then is answered 429.
	// Connections from this machine do not count: a proxy may be behind them.
	// Default: 256.
	PerAddress int
	// Handshake bounds the time from connecting to the end of the request's
	// header, TLS included; and that from hello to a token by op auth, where one
	// is needed. Default: 5 s.
	Handshake time.Duration
	// Header bounds a request's line and header, in bytes; net/http lets 4 KiB
	// more pass. Default: 16 KiB.
	Header int
	// Message bounds a client's message, in bytes, as it came and inflated.
	// Default: 64 KiB.
	Message int
	// Requests is how many messages a second a connection may send, pings and
	// pongs included. Those beyond are not carried out. Default: 50.
	Requests float64
	// Burst is how many it may send at once. A client that has four times as
	// many refused before it is quiet for a while is sent away. Default: 200.
	Burst int
	// Terms bounds the symbols and patterns of a connection. The hub keeps it,
	// see Policy. Default: 10,000.
	Terms int
	// Idle is how long a connection may have nothing subscribed. The hub keeps
	// it, see Policy. Default: 30 s.
	Idle time.Duration
	// Origins are the web sites whose pages may connect, beside the server's
	// own. Default: none.
	Origins Origins
}

// WithDefaults is l with every field set but Origins, which may be empty.
func (l Limits) WithDefaults() Limits {
	if l.Connections <= 0 {
		l.Connections = min(18_000, openFiles()/16*15)
	}
	if l.PerAddress <= 0 {
		l.PerAddress = 256
	}
	if l.Handshake <= 0 {
		l.Handshake = 5 * time.Second
	}
	if l.Header <= 0 {
		l.Header = 16 << 10
	}
	if l.Message <= 0 {
		l.Message = 64 << 10
	}
	if l.Requests <= 0 {
		l.Requests = 50
	}
	if l.Burst <= 0 {
		l.Burst = 200
	}
	if l.Terms <= 0 {
		l.Terms = 10_000
	}
	if l.Idle <= 0 {
		l.Idle = 30 * time.Second
	}
	return l
}

// Policy is p with the limits that a hub keeps.
func (l Limits) Policy(p fanout.Policy) fanout.Policy {
	l = l.WithDefaults()
	p.Terms, p.Idle = l.Terms, l.Idle
	return p
}
