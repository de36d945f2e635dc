package loadtest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/feed"
)

// honest is a real server, whose ticks come from Put instead of Kafka.
type honest struct {
	hub  *fanout.Hub
	addr string
	// Admin is its admin address.
	admin string
	stall atomic.Pointer[chan struct{}] // while it is set, Put waits for it to be closed

	mu     sync.Mutex // protects offset, and the order of Apply
	offset int64
}

func startHonest(t *testing.T) *honest {
	t.Helper()
	s := &honest{hub: fanout.New(fanout.Config{Symbols: 1000})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	g := gateway.New(gateway.Config{Hub: s.hub, Log: slog.New(slog.DiscardHandler), Ready: func() error { return nil }})
	admin := httptest.NewServer(g.Admin())
	t.Cleanup(admin.Close)
	s.admin = admin.URL
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("gateway: %v", err)
		}
		s.hub.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func (s *honest) put(ctx context.Context, t *feed.Tick) error {
	if gate := s.stall.Load(); gate != nil {
		select {
		case <-*gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Received = time.Now().UnixMicro()
	s.hub.Apply(t, feed.Position{Offset: s.offset})
	s.offset++
	return nil
}

// offsetNow is how many ticks it has.
func (s *honest) offsetNow() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// plan is a small run against addr: a few seconds, and few enough updates that
// it is the server that is judged.
func (s *honest) plan(addr string) Plan {
	return Plan{
		URL: "ws://" + addr + "/v1/ws", Connections: 20, Watchlist: 5, Rate: 20, Seed: 7, Share: 0.2,
		Publish: &Publish{Put: s.put, Symbols: 50, Rate: 2000},
		Ramp:    200 * time.Millisecond, Duration: 2 * time.Second, Settle: 2 * time.Minute,
	}
}
