package gateway

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// outbox is the connection beneath everything else: beneath gws, beneath TLS
// where there is any, and at first beneath net/http.
//
//	gws (control frames)    shard (data frames)
//	          \               /
//	           socket: whole frames, one at a time
//	                 |
//	             (tls.Conn)
//	                 |
//	              outbox: one try, then at most one remainder
//	                 |
//	              TCP socket
//
// Until the connection is a WebSocket, writes go through and may block. From
// then on a write never blocks: it is tried once, and what the kernel does not
// take is the remainder, which a goroutine writes out when the socket takes
// more. That goroutine lives only while there is a remainder.
type outbox struct {
	net.Conn
	gateway *Gateway
	seat    seat
	left    atomic.Bool // the seat has been given back
	served  atomic.Bool // the first request has been read, or its absence told

	raw      syscall.RawConn
	started  *sync.WaitGroup // counts the drain
	progress atomic.Int64    // when the client last took a byte, Unix nanoseconds
	data     atomic.Bool     // a data frame is being written, see socket.writeFrame

	mu       sync.Mutex // protects what follows; held for system calls that do not block
	box      bool       // it is a WebSocket now
	draining bool       // there is a remainder, and a goroutine that writes it
	rem      []byte     // taken and not yet out
	stuffed  int        // bytes of control frames in rem
	finished bool       // nothing more will be written: close for writing behind rem
	failed   error      // of a write
	writable func()     // to be called once when rem is out; nil: nobody waits
	fd       uintptr    // good until failed says that it is closed
}

// maxStuffed is what control frames may add to the remainder. Pongs to a client
// that pings and does not read would otherwise add up.
const maxStuffed = 1 << 10

var errStuffed = errors.New("too many control frames wait for a client that does not read")

// enclose makes the outbox never block. started counts the drain.
func (o *outbox) enclose(started *sync.WaitGroup) error {
	sys, ok := o.Conn.(syscall.Conn)
	if !ok {
		return errors.New("not a socket of the operating system")
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.box, o.raw, o.started = true, raw, started
	return raw.Control(func(fd uintptr) { o.fd = fd })
}

// Write takes all of p or fails.
func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	if !o.box {
		o.mu.Unlock()
		return o.Conn.Write(p)
	}
	defer o.mu.Unlock()
	switch {
	case o.failed != nil:
		return 0, o.failed
	case o.draining:
		return o.stuff(p)
	}
	n, err := writeOnce(o.fd, p)
	if err != nil {
		o.failed = err
		return n, err
	}
	if n < len(p) {
		o.progress.Store(time.Now().UnixNano())
		o.rem = append(o.rem, p[n:]...)
		o.draining = true
		o.started.Go(o.drain)
	}
	return len(p), nil
}

// stuff adds to the remainder. Of data this is at most one frame: the rest of
// one under TLS, or one that the shard writes when a control frame has blocked
// the outbox behind its back.
func (o *outbox) stuff(p []byte) (int, error) {
	if !o.data.Load() {
		if o.stuffed += len(p); o.stuffed > maxStuffed {
			o.failed = errStuffed
			return 0, o.failed
		}
	}
	o.rem = append(o.rem, p...)
	return len(p), nil
}

// Close waits for a write that is at the socket, and lets no other follow: the
// descriptor may then be another connection's.
func (o *outbox) Close() error {
	if !o.left.Swap(true) {
		o.seat.leave()
	}
	o.mu.Lock()
	if o.failed == nil {
		o.failed = net.ErrClosed
	}
	o.mu.Unlock()
	return o.Conn.Close()
}

// drain writes the remainder out. It sleeps in the network poller, where a
// write deadline wakes it too.
func (o *outbox) drain() {
	for {
		err := o.raw.Write(o.drainOnce)
		if writable, done := o.drained(err); done {
			if writable != nil {
				writable()
			}
			return
		}
	}
}

// drainOnce reports whether it should not be called again when the socket takes
// more.
func (o *outbox) drainOnce(fd uintptr) (done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := writeOnce(fd, o.rem)
	if n > 0 {
		o.progress.Store(time.Now().UnixNano())
	}
	o.rem = o.rem[n:]
	if err != nil {
		o.failed = err
	}
	return err != nil || len(o.rem) == 0
}

// drained ends the drain, unless more has come since it wrote the last byte.
func (o *outbox) drained(err error) (writable func(), done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		o.failed = err
	}
	if o.failed == nil && len(o.rem) > 0 {
		return nil, false
	}
	o.rem, o.stuffed, o.draining = nil, 0, false
	if o.finished {
		o.CloseWrite()
	}
	writable, o.writable = o.writable, nil
	return writable, true
}

// blocked reports whether there is a remainder.
func (o *outbox) blocked() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.draining
}

// await reports whether there is a remainder. If so, writable is called once
// when it is out, or cannot go out any more.
func (o *outbox) await(writable func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.draining {
		o.writable = writable
	}
	return o.draining
}

// finish closes for writing when all that was taken is out.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	if !o.draining {
		o.CloseWrite()
	}
}

// CloseWrite closes for writing. net/http does so behind an answer to a request
// that it has not read to its end, so that the answer arrives.
func (o *outbox) CloseWrite() error {
	if half, ok := o.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// SetWriteDeadline does nothing once writes do not block. With its goodbye
// crypto/tls sets a deadline that has passed, which would cut off the
// remainder; hurry sets the one that counts.
func (o *outbox) SetWriteDeadline(t time.Time) error {
	o.mu.Lock()
	box := o.box
	o.mu.Unlock()
	if box {
		return nil
	}
	return o.Conn.SetWriteDeadline(t)
}

// Read counts a client whose first request does not come in time, and answers it
// unless TLS is above. net/http closes such a connection without a word.
func (o *outbox) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !o.served.Swap(true) {
		o.gateway.metrics.turnedAway.WithLabelValues(whyTimeout).Inc()
		if o.gateway.config.TLS == nil {
			o.Conn.Write([]byte(requestTimeout))
		}
	}
	return n, err
}

const requestTimeout = "HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 43\r\n\r\nthe request did not come to its end in time"

// outboxes is a listener that puts an outbox beneath every connection and counts
// it. Where not even standing room is left it closes connections at once.
type outboxes struct {
	net.Listener
	gateway *Gateway
}

func (l outboxes) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if seat, ok := l.gateway.seats.take(conn.RemoteAddr()); ok {
			return &outbox{Conn: conn, gateway: l.gateway, seat: seat}, nil
		}
		l.gateway.metrics.turnedAway.WithLabelValues(whyDropped).Inc()
		conn.Close()
	}
}

// beneath finds the outbox of a connection that net/http has, directly or
// under TLS.
func beneath(conn net.Conn) (*outbox, bool) {
	if layer, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = layer.NetConn()
	}
	o, ok := conn.(*outbox)
	return o, ok
}

type connKey struct{}

// seated notes that the first request of a connection has been read, and turns
// those away whose connection has no seat.
func (g *Gateway) seated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			if o, ok := beneath(conn); ok {
				o.served.Store(true)
				if o.seat.over != nil {
					w.Header().Set("Connection", "close")
					g.refuse(w, o.seat.over)
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// noteState counts connections that end before there was a request.
func (g *Gateway) noteState(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed {
		return
	}
	if o, ok := beneath(conn); ok && !o.served.Swap(true) {
		g.metrics.turnedAway.WithLabelValues(whyNoRequest).Inc()
	}
}
