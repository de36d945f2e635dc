package gateway

import (
	"errors"
	"net/http"
	"net/http/pprof"

	pyroscope "github.com/grafana/pyroscope-go/http/pprof"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin serves operators: /livez while the process runs, /readyz when the feed
// has caught up, /metrics for Prometheus, /v1/server for a look at everything, and
// /debug/pprof/ for go tool pprof.
// It belongs on an address that clients cannot reach.
func (g *Gateway) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", g.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /v1/server", g.serveWholePanel)
	handlePprof(mux)
	return mux
}

// serveReady says whether clients may come, and if not, why.
func (g *Gateway) serveReady(w http.ResponseWriter, r *http.Request) {
	err := g.config.Ready()
	if g.draining.Load() {
		err = errors.New("draining: the server ends")
	}
	if err != nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ready\n"))
}

// handlePprof adds what https://pkg.go.dev/net/http/pprof has, but for the
// command line: it may hold a password.
func handlePprof(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // and every profile by its name
	// There is one CPU profile a process. This handler takes it over from a
	// running Pyroscope session and gives it back; that of net/http/pprof
	// would only say that it is in use.
	mux.HandleFunc("GET /debug/pprof/profile", pyroscope.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
}
