package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
)

// handshakes is a listener whose connections answer for themselves when their
// first request does not come in time. net/http closes them without a word.
type handshakes struct {
	net.Listener
	metrics *metrics
}

func (h handshakes) Accept() (net.Conn, error) {
	conn, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &handshake{Conn: conn, metrics: h.metrics}, nil
}

// handshake is a connection until its first request has been read, and a plain
// one after.
type handshake struct {
	net.Conn
	metrics *metrics
	over    atomic.Bool
}

const requestTimeout = "HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 43\r\n\r\nthe request did not come to its end in time"

func (h *handshake) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !h.over.Swap(true) {
		h.metrics.handshakeTimeouts.Inc()
		h.Conn.Write([]byte(requestTimeout))
	}
	return n, err
}

type handshakeKey struct{}

// withHandshake lets the handler of a request find the connection it came by.
func withHandshake(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, handshakeKey{}, conn)
}

// served ends the handshake of a connection when its first request is there.
func served(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := r.Context().Value(handshakeKey{}).(*handshake); ok {
			h.over.Store(true)
		}
		next.ServeHTTP(w, r)
	})
}
