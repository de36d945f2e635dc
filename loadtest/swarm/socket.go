package swarm

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// socket is the TCP connection of a light member, beneath TLS if there is any.
// In the handshake it blocks like any other. From then on a read or a write is
// tried once: a read is part of a turn, in which the descriptor is lent, and
// what is written is so little that a socket without room for it is broken.
type socket struct {
	net.Conn
	raw     syscall.RawConn
	tries   bool    // once, from the handshake on
	fd      uintptr // of the turn
	took    uint64  // bytes since the handshake
	counted uint64  // of them
}

// errNotYet is what a read returns when the socket is empty. It is a temporary
// net.Error, after which tls.Conn goes on where it was.
var errNotYet net.Error = notYet{}

type notYet struct{}

func (notYet) Error() string   { return "nothing to read for now" }
func (notYet) Timeout() bool   { return true }
func (notYet) Temporary() bool { return true }

var errNoRoom = errors.New("the server takes nothing from its client any more")

func newSocket(conn net.Conn) (*socket, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil, errors.New("the connection has no descriptor")
	}
	raw, err := c.SyscallConn()
	return &socket{Conn: conn, raw: raw}, err
}

func (s *socket) Read(p []byte) (int, error) {
	if !s.tries {
		return s.Conn.Read(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := syscall.Read(int(s.fd), p)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case err == nil:
			s.took += uint64(n)
			return n, nil
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, errNotYet
		default:
			return 0, err
		}
	}
}

func (s *socket) Write(p []byte) (n int, err error) {
	if !s.tries {
		return s.Conn.Write(p)
	}
	failed := s.raw.Write(func(fd uintptr) bool {
		n, err = syscall.Write(int(fd), p)
		return err != syscall.EINTR
	})
	switch {
	case failed != nil:
		return 0, failed
	case err == syscall.EAGAIN || err == nil && n < len(p):
		return max(0, n), errNoRoom
	}
	return max(0, n), err
}
