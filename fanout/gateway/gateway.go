package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"tickwire/fanout"
	"tickwire/fanout/gateway/access"
	"tickwire/fanout/gateway/apidoc"
)

// Config is what a Gateway is made of. The zero value of a field means its
// default.
type Config struct {
	// Hub is the fan-out behind the gateway. Run closes it at its end.
	Hub *fanout.Hub
	// Node names this process to clients, Version the program to operators.
	// Default: empty.
	Node, Version string
	// Ready tells whether the feed has caught up; while it returns an error,
	// which says why not, clients are sent away to come again. Default: ready.
	Ready func() error
	// Dashboard serves everything that is not under /v1. Default: not found.
	Dashboard http.Handler
	// Limits are what clients may do. Default: see there.
	Limits Limits
	// Access knows which tokens are good. Default: no token is needed, and
	// everybody gets everything.
	Access access.Verifier
	// AnyOperator has everybody be an operator where no token is needed: who asks
	// by an address, by localhost, or by a host that Limits.Origins names. Default:
	// nobody is who brings no token.
	AnyOperator bool
	// Partitions tells operators how far the node is in each partition. Default:
	// there is none.
	Partitions func() []Partition
	// Delayed makes, or finds, the hub whose values are that old, for tokens
	// that grant no newer ones. An error says why it cannot be had for now. Run
	// closes the hubs that it returned. Default: there is none.
	Delayed func(delay time.Duration) (*fanout.Hub, error)
	// Drain is how long it takes to send the clients away when Run ends, each at
	// a moment of its own. Default: all at once, and without notice.
	Drain time.Duration
	// TLS encrypts the connections of clients; see Certificate and ACME. Default:
	// nil, plain.
	TLS *tls.Config
	// Log gets what an operator should know. Default: slog.Default.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	if c.Dashboard == nil {
		c.Dashboard = http.NotFoundHandler()
	}
	c.Limits = c.Limits.WithDefaults()
	if c.Partitions == nil {
		c.Partitions = func() []Partition { return nil }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Gateway serves clients.
type Gateway struct {
	config    Config
	hub       *fanout.Hub
	hubs      *hubs
	upgraders map[handshake]*gws.Upgrader
	lobby     lobby
	sessions  sessions
	seats     *seats
	metrics   *metrics
	panel     panel
	draining  atomic.Bool
}

// New makes a gateway; Run serves.
func New(c Config) *Gateway {
	c = c.withDefaults()
	g := &Gateway{config: c, hub: c.Hub, hubs: &hubs{all: []*fanout.Hub{c.Hub}}, seats: newSeats(c.Limits)}
	g.metrics = newMetrics(g.hubs)
	g.upgraders = g.upgradersOf()
	g.panel.gateway, g.panel.began = g, time.Now()
	return g
}

// Run serves clients on ln until ctx ends. Then it lets nobody in any more, sends
// every client away within the time of Config.Drain, closes the hubs, which tells
// whoever is left that the server ends, and returns when the last connection is
// gone.
func (g *Gateway) Run(ctx context.Context, ln net.Listener) error {
	server := g.server()
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		g.drain()
		g.end()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	ln = outboxes{ln, g}
	if g.config.TLS != nil {
		ln = tls.NewListener(ln, secured(g.config.TLS))
	}
	err := server.Serve(ln)
	if stop() { // ctx goes on: the listener failed
		g.end()
	} else {
		<-stopped
	}
	g.sessions.end()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (g *Gateway) server() *http.Server {
	limits := g.config.Limits
	return &http.Server{
		Handler:           g.seated(g.Handler()),
		ReadHeaderTimeout: limits.Handshake,
		ReadTimeout:       2 * limits.Handshake, // a request has no body to speak of
		WriteTimeout:      30 * time.Second,     // until it is a WebSocket
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    limits.Header,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 32},
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		ConnState: g.noteState,
		ErrorLog:  slog.NewLogLogger(g.config.Log.Handler(), slog.LevelDebug),
	}
}

// drain sends the clients away, each at its time. New ones are told so, and
// operators that the node is not ready any more.
func (g *Gateway) drain() {
	g.draining.Store(true)
	if g.config.Drain <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.config.Drain+drainGrace)
	defer cancel()
	g.hubs.drain(ctx, g.config.Drain)
}

// drainGrace is what a drain may take beyond its time.
const drainGrace = time.Second

// end lets go of all clients.
func (g *Gateway) end() {
	g.hubs.close()
	for _, s := range g.lobby.close() {
		s.Shut(fanout.ServerEnds)
	}
}

// Handler is what Run serves. WebSockets need the connections of Run.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/ws", g.admit(true, g.serveSocket))
	mux.HandleFunc("GET /v1/sse", g.admit(false, g.serveEvents))
	mux.HandleFunc("GET /v1/bars", g.admit(false, g.serveBars))
	mux.HandleFunc("GET /v1/trades", g.admit(false, g.serveTrades))
	mux.HandleFunc("GET /v1/snapshot", g.admit(false, g.serveSnapshot))
	mux.HandleFunc("GET /v1/symbols", g.admit(false, g.serveSymbols))
	mux.HandleFunc("GET /v1/server", g.admit(false, g.servePanel))
	mux.Handle("GET /v1/openapi.json", apidoc.OpenAPI)
	mux.Handle("GET /v1/asyncapi.json", apidoc.AsyncAPI)
	mux.HandleFunc("OPTIONS /v1/", g.servePreflight)
	mux.Handle("/v1/", http.NotFoundHandler())
	mux.Handle("/", g.config.Dashboard)
	return mux
}
