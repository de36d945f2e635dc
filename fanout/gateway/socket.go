package gateway

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// How a connection ends, at the most.
const (
	farewell = 2 * time.Second // to write the close frame, behind what is on its way
	linger   = time.Second     // to take what the client still sends
)

// socket is the connection of one WebSocket as gws and the shard share it: a
// frame is one write, nothing comes between, and nothing follows a close frame.
type socket struct {
	net.Conn         // the outbox, or TLS on it
	box      *outbox // at the bottom
	// in is TLS, or else the TCP connection itself: the fewer layers a parked
	// reader has on its stack, the more often 4 KiB of it are enough.
	in     io.Reader
	early  []byte // what the client sent behind its request; read first
	screen screen

	session *session // that the socket is of

	mu      sync.Mutex // one frame at a time; writes do not block
	closing bool       // a close frame has been written

	ended atomic.Bool
}

// Write is for gws: the answer to the handshake, then whole control frames.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return 0, net.ErrClosed
	}
	const closeFrame = 0x88 // FIN and the opcode; the answer to the handshake begins with an H
	s.closing = len(p) > 0 && p[0] == closeFrame
	if s.closing {
		p = s.reworded(p)
	}
	return s.Conn.Write(p)
}

// reworded is the close frame by which gws ends a connection, with the code and
// the words of this protocol: gws says 1011, an internal error, to a message that
// it cannot inflate.
func (s *socket) reworded(p []byte) []byte {
	if len(p) < 4 {
		return p
	}
	code, text := binary.BigEndian.Uint16(p[2:]), p[4:]
	if len(text) > 0 && code != 1011 && !bytes.HasPrefix(text, []byte("gws: ")) {
		return p // not of gws
	}
	var why fanout.Reason
	switch {
	case code == wire.CloseTooBig, code == 1011 && bytes.Contains(text, []byte("too large")):
		why = fanout.TooBig
	case code == 1011:
		why = fanout.BadDeflate
	case code == wire.CloseInvalidText:
		why = fanout.NotUTF8
	case code == 1002:
		why = fanout.BadProtocol
	default:
		return p
	}
	s.session.blame(why)
	frame := append([]byte{p[0], byte(2 + len(why.Text()))}, binary.BigEndian.AppendUint16(nil, why.Code())...)
	return append(frame, why.Text()...)
}

// writeFrame is for the shard: one whole data frame.
func (s *socket) writeFrame(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return net.ErrClosed
	}
	s.box.data.Store(true)
	_, err := s.Conn.Write(frame)
	s.box.data.Store(false)
	return err
}

func (s *socket) Read(p []byte) (int, error) {
	if s.ended.Load() {
		return 0, io.EOF
	}
	var n int
	var err error
	if len(s.early) > 0 {
		n = copy(p, s.early)
		s.early = s.early[n:]
	} else {
		n, err = s.in.Read(p)
	}
	if why, ok := s.screen.take(p[:n]); !ok {
		s.session.fail(why)
		return 0, io.EOF
	}
	return n, err
}

// hurry gives the client no longer than the farewell for what is on its way.
func (s *socket) hurry() { s.box.Conn.SetWriteDeadline(time.Now().Add(farewell)) }

// Close ends both directions for gws; linger closes the connection.
func (s *socket) Close() error {
	if s.ended.Swap(true) {
		return nil
	}
	s.hurry()
	if secure, ok := s.Conn.(*tls.Conn); ok {
		secure.CloseWrite() // says goodbye
	}
	s.box.finish()
	return s.box.Conn.SetReadDeadline(time.Now()) // wakes the reader, which then sees the end
}

// linger waits for the client to close, but not for long. To close with bytes
// of the client unread would reset the connection, and the close frame with
// its code could be lost on the way.
func (s *socket) linger() {
	wait := linger
	if s.box.blocked() {
		wait = farewell
	}
	s.box.Conn.SetReadDeadline(time.Now().Add(wait))
	io.Copy(io.Discard, io.LimitReader(s.box.Conn, 1<<20))
	s.box.Close()
}
