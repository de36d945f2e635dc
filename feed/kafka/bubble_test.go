package kafka

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// inBubble runs a test in a synctest bubble, with a broker in memory that is
// reached over pipes: an hour passes as soon as everybody waits for it.
func inBubble(t *testing.T, test func(t *testing.T, at *site, net *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		in := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1),
			kfake.ListenFn(func(string, string) (net.Listener, error) { return in, nil }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cluster.Close)
		at := newSite(t, in.Addr().String(), dialer(in))
		at.dial = in.dial
		test(t, at, in)
	})
}

func dialer(p *pipes) kgo.Opt { return kgo.Dialer(p.dial) }

// pipes is a listener in memory.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
	silent   atomic.Bool  // what the broker answers gets lost
	heard    atomic.Int64 // bytes from the broker
}

// ear is the client's end of a pipe.
type ear struct {
	net.Conn
	of *pipes
}

func (e ear) Read(p []byte) (int, error) {
	for {
		n, err := e.Conn.Read(p)
		e.of.heard.Add(int64(n))
		if err != nil || !e.of.silent.Load() {
			return n, err
		}
	}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ear{ours, p}, nil
	case <-p.closed:
	case <-ctx.Done():
	}
	return nil, net.ErrClosed
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9092} }
