package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/lxzan/gws"

	"tickwire/fanout"
)

// Config is what a Gateway is made of. The zero value of a field means its
// default.
type Config struct {
	// Hub is the fan-out behind the gateway. Run closes it at its end.
	Hub *fanout.Hub
	// Node names this process to clients. Default: empty.
	Node string
	// Ready tells whether the feed has caught up; while it returns an error,
	// which says why not, clients are sent away to come again. Default: ready.
	Ready func() error
	// Dashboard serves everything that is not under /v1. Default: not found.
	Dashboard http.Handler
	// Message bounds a client's message, in bytes. Default: 64 KiB.
	Message int
	// Handshake bounds the time from connecting to the end of the request's
	// header. Default: 5 s.
	Handshake time.Duration
	// TLS encrypts the connections of clients. Default: nil, plain.
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
	if c.Message <= 0 {
		c.Message = 64 << 10
	}
	if c.Handshake <= 0 {
		c.Handshake = 5 * time.Second
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
	upgraders map[handshake]*gws.Upgrader
	sessions  sessions
	metrics   *metrics
}

// New makes a gateway; Run serves.
func New(c Config) *Gateway {
	g := &Gateway{config: c.withDefaults(), hub: c.Hub}
	g.metrics = newMetrics(g.hub)
	g.upgraders = g.upgradersOf()
	return g
}

// Run serves clients on ln until ctx ends. Then it accepts no more, closes the
// hub, which tells every client that the server ends, and returns when the
// last connection is gone.
func (g *Gateway) Run(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           served(g.Handler()),
		ReadHeaderTimeout: g.config.Handshake,
		ReadTimeout:       2 * g.config.Handshake, // a request has no body to speak of
		WriteTimeout:      30 * time.Second,       // until it is a WebSocket
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		ErrorLog: slog.NewLogLogger(g.config.Log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		g.hub.Close()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	ln = outboxes{ln, g.metrics}
	if g.config.TLS != nil {
		secure := g.config.TLS.Clone()
		secure.DynamicRecordSizingDisabled = true // small records are as many system calls
		ln = tls.NewListener(ln, secure)
	}
	err := server.Serve(ln)
	if stop() { // ctx goes on: the listener failed
		g.hub.Close()
	} else {
		<-stopped
	}
	g.sessions.end()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Handler is what Run serves. WebSockets need the connections of Run.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/ws", g.whenReady(g.serveSocket))
	mux.HandleFunc("GET /v1/sse", g.whenReady(g.serveEvents))
	mux.HandleFunc("GET /v1/snapshot", g.whenReady(g.serveSnapshot))
	mux.HandleFunc("GET /v1/symbols", g.whenReady(g.serveSymbols))
	mux.HandleFunc("GET /v1/bars", g.whenReady(g.serveBars))
	mux.HandleFunc("GET /v1/trades", g.whenReady(g.serveTrades))
	mux.Handle("/v1/", http.NotFoundHandler())
	mux.Handle("/", g.config.Dashboard)
	return mux
}

// whenReady keeps clients away from values that are still of the past.
func (g *Gateway) whenReady(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := g.config.Ready(); err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		serve(w, r)
	}
}
