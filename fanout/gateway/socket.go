package gateway

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// How a connection ends, at the most.
const (
	farewell = 2 * time.Second // to write the close frame, behind what is on its way
	linger   = time.Second     // to take what the client still sends, see socket.linger
)

// socket is the connection beneath gws. It gives up when no byte of a write
// goes out for the stall time, writes nothing after a write that failed, since
// that may have ended in the middle of a frame, and closes without cutting off
// its own last words.
type socket struct {
	net.Conn
	early []byte // what the client sent behind its request; read first
	stall time.Duration

	mu     sync.Mutex   // one write at a time
	failed error        // of a write; under mu
	last   atomic.Int64 // no write after this, Unix nanoseconds; 0: no such end
	ended  atomic.Bool
}

// writeStep is what a client must take within the stall time.
const writeStep = 16 << 10

func (s *socket) Write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return 0, s.failed
	}
	for n < len(p) && err == nil {
		var m int
		s.Conn.SetWriteDeadline(s.deadline())
		m, err = s.Conn.Write(p[n:min(len(p), n+writeStep)])
		n += m
	}
	s.failed = err
	return n, err
}

func (s *socket) deadline() time.Time {
	progress := time.Now().Add(s.stall)
	if last := s.last.Load(); last != 0 && last < progress.UnixNano() {
		return time.Unix(0, last)
	}
	return progress
}

// hurry ends the patience with the client: a write under way, and the close
// frame behind it, have until the farewell is over.
func (s *socket) hurry() {
	last := time.Now().Add(farewell)
	s.last.CompareAndSwap(0, last.UnixNano())
	s.Conn.SetWriteDeadline(last)
}

func (s *socket) Read(p []byte) (int, error) {
	if len(s.early) > 0 {
		n := copy(p, s.early)
		s.early = s.early[n:]
		return n, nil
	}
	if s.ended.Load() {
		return 0, io.EOF
	}
	return s.Conn.Read(p)
}

// Close ends both directions for gws; linger closes the connection.
func (s *socket) Close() error {
	if s.ended.Swap(true) {
		return nil
	}
	s.Conn.SetReadDeadline(time.Now()) // wakes the reader, which then sees the end
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// linger waits for the client to close, but not for long. To close with bytes
// of the client unread would reset the connection, and the close frame with
// its code could be lost on the way.
func (s *socket) linger() {
	s.Conn.SetReadDeadline(time.Now().Add(linger))
	io.Copy(io.Discard, io.LimitReader(s.Conn, 1<<20))
	s.Conn.Close()
}
