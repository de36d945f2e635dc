package kafka

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// transport is a kafka.Transport that can be ended at once: kafka-go leaves a
// request that is on its way, and the goroutine with it, until the deadline.
type transport struct {
	*kafka.Transport
	dial dialFunc

	mu    sync.Mutex
	open  map[net.Conn]struct{}
	ended bool
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// transport makes the connections of everything but the partition loops. Its
// goroutines end with ctx, or with end.
func (c *Cluster) transport(ctx context.Context, topic string) *transport {
	t := &transport{dial: c.connect, open: make(map[net.Conn]struct{})}
	t.Transport = &kafka.Transport{
		ClientID:       clientID,
		Context:        ctx,
		Dial:           t.connect,
		DialTimeout:    dialTimeout,
		TLS:            c.TLS,
		SASL:           c.Login.mechanism(),
		MetadataTopics: []string{topic},
		MetadataTTL:    2 * time.Second,
	}
	return t
}

func (t *transport) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := t.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		conn.Close()
		return nil, net.ErrClosed
	}
	t.open[conn] = struct{}{}
	return &link{Conn: conn, transport: t}, nil
}

// end closes every connection. The goroutines of kafka-go then end by themselves.
func (t *transport) end() {
	t.CloseIdleConnections()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	for conn := range t.open {
		conn.Close()
	}
}

// link is one connection of a transport.
type link struct {
	net.Conn
	transport *transport
}

func (l *link) Close() error {
	l.transport.mu.Lock()
	delete(l.transport.open, l.Conn)
	l.transport.mu.Unlock()
	return l.Conn.Close()
}
