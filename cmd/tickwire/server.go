package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"tickwire/dashboard"
	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/feed"
	"tickwire/feed/kafka"
)

// serverFlags are what demo and serve have in common.
type serverFlags struct {
	Listen      string        `help:"Address for clients and the dashboard." default:"127.0.0.1:8080"`
	Admin       string        `help:"Address for operators: /livez, /readyz, /metrics, /v1/server, /debug/pprof/." default:"127.0.0.1:9090"`
	Node        string        `help:"Name of this node to clients; empty: the host's." placeholder:"NAME"`
	MaxSymbols  int           `help:"Symbols that the Book holds at most." default:"100000"`
	MaxFrame    int           `help:"Bytes of updates in one frame at most, before compression; a client that is behind by more gets first what waited longest." default:"65536"`
	Stall       time.Duration `help:"How long a client may take no byte before it is evicted." default:"30s"`
	Lagging     time.Duration `help:"From when on a node behind the end of the topic says that its feed is lagging." default:"2s"`
	Down        time.Duration `help:"From when on a node that cannot read says that its feed is down." default:"5s"`
	FeedStale   time.Duration `help:"Age of the newest tick of all from which on the feed is stale." default:"10s"`
	SymbolStale time.Duration `help:"Age of a symbol's newest tick from which on the symbol is stale." default:"1m"`
	Pyroscope   pyroscopeURL  `help:"Pyroscope server to push profiles to; empty: nowhere." placeholder:"URL"`
	limitFlags
	accessFlags
	tlsFlags
}

// bound are the addresses, held before anything is started so that one in use
// is said at once.
type bound struct{ clients, admin net.Listener }

func (f *serverFlags) bind() (bound, error) {
	clients, err := listen("--listen", f.Listen)
	if err != nil {
		return bound{}, err
	}
	admin, err := listen("--admin", f.Admin)
	if err != nil {
		clients.Close()
		return bound{}, err
	}
	if !isLocal(admin) {
		slog.Warn("the admin address can be reached from other machines: whoever does sees profiles, metrics and who the clients are", "admin", admin.Addr().String())
	}
	return bound{clients, admin}, nil
}

// isLocal reports whether only this machine reaches a listener.
func isLocal(ln net.Listener) bool { return ln.Addr().(*net.TCPAddr).IP.IsLoopback() }

func listen(flag, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w; choose another address", flag, addr, reason(err))
	}
	return ln, nil
}

// reason is the innermost error: "address already in use" without the rest.
func reason(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}

func (b bound) close() {
	b.clients.Close()
	b.admin.Close()
}

// server is the consumer, the fan-out and the gateway of one node.
type server struct {
	consumer *kafka.Consumer
	hub      *fanout.Hub
	gateway  *gateway.Gateway
	delayed  delayed
	profiler *profiler // nil: off
}

// sink is the hub as the consumer sees it. The consumer is made first, as the
// hub asks it for its lag; the hub is filled in before the consumer runs.
type sink struct{ *fanout.Hub }

// server wires the parts together. From now on its hub runs; run ends it. Of the
// gateway's config the command says what its flags do not: Drain and AnyOperator.
func (f *serverFlags) server(ctx context.Context, from kafka.ConsumerConfig, of gateway.Config) (*server, error) {
	if f.Node == "" {
		f.Node, _ = os.Hostname()
	}
	limits, err := f.limits()
	if err != nil {
		return nil, err
	}
	verifier, err := f.verifier(ctx)
	if err != nil {
		return nil, err
	}
	secure, err := f.tls(limits.Handshake)
	if err != nil {
		return nil, err
	}
	into := &sink{}
	from.Sink = into
	consumer, err := kafka.NewConsumer(from)
	if err != nil {
		return nil, err
	}
	s := &server{consumer: consumer}
	s.delayed.start = func(delay time.Duration) (*kafka.Consumer, *fanout.Hub, error) {
		config, into := from, &sink{}
		config.Sink, config.Delay = into, delay
		consumer, err := kafka.NewConsumer(config)
		if err != nil {
			return nil, nil, err
		}
		into.Hub = fanout.New(f.hubConfig(consumer, limits, delay))
		return consumer, into.Hub, nil
	}
	s.hub = fanout.New(f.hubConfig(consumer, limits, from.Delay))
	into.Hub = s.hub
	of.Hub, of.Node, of.Version, of.Ready, of.Dashboard = s.hub, f.Node, version(), s.ready, dashboard.Handler()
	of.Limits, of.Access, of.Delayed, of.TLS, of.Partitions = limits, verifier, s.delayed.hub, secure, s.partitions
	s.gateway = gateway.New(of)
	s.gateway.Registry().MustRegister(s.consumer)
	if f.Pyroscope.server != nil {
		s.profiler = newProfiler(f.Pyroscope.server, f.Node)
	}
	return s, nil
}

// hubConfig is that of the hub which consumer fills.
func (f *serverFlags) hubConfig(consumer *kafka.Consumer, limits gateway.Limits, delay time.Duration) fanout.Config {
	return fanout.Config{
		Symbols:         f.MaxSymbols,
		Health:          func() feed.Health { return consumer.Health(time.Now()) },
		PartitionHealth: func(p int32) feed.Health { return consumer.PartitionHealth(p, time.Now()) },
		Delay:           delay,
		Archive:         archive{consumer},
		Policy: limits.Policy(fanout.Policy{
			MaxFrame: f.MaxFrame, Stall: f.Stall,
			Lagging: f.Lagging, Down: f.Down, FeedStale: f.FeedStale, SymbolStale: f.SymbolStale,
		}),
	}
}

// ready says what clients must wait for.
func (s *server) ready() error {
	if s.consumer.Ready() {
		return nil
	}
	behind := int64(0)
	for _, p := range s.consumer.Progress() {
		behind += p.Lag
	}
	return fmt.Errorf("catching up with the topic, %d records behind", behind)
}

// partitions is the consumer's progress as operators see it.
func (s *server) partitions() []gateway.Partition {
	var all []gateway.Partition
	now := time.Now()
	for _, p := range s.consumer.Progress() {
		all = append(all, gateway.Partition{ID: p.Partition, Next: p.Next, End: p.End, Lag: p.Lag, Ticks: p.Ticks, Health: s.consumer.PartitionHealth(p.Partition, now)})
	}
	return all
}

// run starts the parts in g and has them end with ctx: first the gateway, and
// with it the hub, then the consumer and what operators see.
func (s *server) run(ctx context.Context, g *errgroup.Group, at bound) {
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return s.consumer.Run(reading) })
	g.Go(func() error {
		defer stopReading()
		return s.gateway.Run(ctx, at.clients)
	})
	g.Go(func() error { return s.delayed.run(reading) })
	g.Go(func() error { return serveAdmin(reading, at.admin, s.gateway.Admin()) })
	g.Go(func() error { return s.watchSkipped(ctx) })
	if s.profiler != nil {
		g.Go(func() error { return s.profiler.run(ctx) })
	}
}

// watchSkipped logs ticks that the Book did not take, at most a line in ten
// seconds.
func (s *server) watchSkipped(ctx context.Context) error {
	every := time.NewTicker(10 * time.Second)
	defer every.Stop()
	var before fanout.Stats
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		now := s.hub.Stats()
		if n := now.Refused - before.Refused; n > 0 {
			slog.Warn("ticks of further symbols were refused: the Book is full; raise --max-symbols", "ticks", n)
		}
		if n := now.Astray - before.Astray; n > 0 {
			slog.Warn("ticks came from a partition that their symbol has left; use the symbol as the record's key", "ticks", n)
		}
		before = now
	}
}

func serveAdmin(ctx context.Context, ln net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() { server.Close() })
	defer stopped()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
