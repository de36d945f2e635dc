package client

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	patience = 10 * time.Second       // for the server to take a request
	farewell = 400 * time.Millisecond // for the close frame to go out, and again for the server to close
	progress = 16 << 10               // bytes of a long message that are a sign of life, as a whole message is
)

// socket is the connection beneath gws. It ends a connection on which no
// message comes, whatever TCP or a proxy's pings say; and it closes without
// cutting off its own last words.
//
// A write never fails for gws, which would take that for the end and lose the
// close code that the server may have sent before. Instead the reader gets a
// moment to find it.
type socket struct {
	net.Conn
	received *atomic.Uint64

	mu      sync.Mutex // over the fields below and the deadlines; not over I/O
	silence time.Duration
	some    int   // bytes since the read deadline was set
	leaving bool  // the write deadline is the last one
	failed  error // of a write; none follows it, since it may have ended in the middle of a frame
	ended   bool
}

// alive gives the server the silence again to send the next message.
func (s *socket) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extend()
}

func (s *socket) extend() {
	s.some = 0
	if !s.ended && s.failed == nil {
		s.SetReadDeadline(time.Now().Add(s.silence))
	}
}

// allow sets how long the server may send no message.
func (s *socket) allow(silence time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silence = silence
	s.extend()
}

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.received.Add(uint64(n))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return 0, io.EOF
	}
	if s.some += n; s.some >= progress {
		s.extend()
	}
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	if s.mayWrite() {
		if _, err := s.Conn.Write(p); err != nil {
			s.giveUp(err)
		}
	}
	return len(p), nil
}

func (s *socket) mayWrite() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil && !s.leaving {
		s.SetWriteDeadline(time.Now().Add(patience))
	}
	return s.failed == nil
}

func (s *socket) giveUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	if !s.ended {
		s.SetReadDeadline(time.Now().Add(farewell))
	}
}

// failure is why a write failed, or nil.
func (s *socket) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// leave bounds what is still to be written.
func (s *socket) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leaving {
		s.leaving = true
		s.SetWriteDeadline(time.Now().Add(farewell))
	}
}

// SetDeadline is gws's way to set and clear the deadline of the handshake; the
// deadlines are this type's.
func (s *socket) SetDeadline(time.Time) error { return nil }

// Close ends both directions for gws; linger closes the connection.
func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	s.ended = true
	s.SetReadDeadline(time.Now()) // wakes the reader, which then sees the end
	return nil
}

// linger waits for the server to close, but not for long, and closes. To close
// with bytes of the server unread would reset the connection, and the close
// frame with its code could be lost on the way.
func (s *socket) linger() {
	deadline := time.Now().Add(farewell)
	s.Conn.SetDeadline(deadline)
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.Copy(io.Discard, s.Conn)
	s.Conn.Close()
}
