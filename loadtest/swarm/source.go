package swarm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
)

// target is where to connect, and from where.
type target struct {
	address string
	sources []netip.Addr
	next    atomic.Uint32
}

func newTarget(u *url.URL, sources []netip.Addr) *target {
	port := u.Port()
	switch {
	case port == "" && u.Scheme == "wss":
		port = "443"
	case port == "":
		port = "80"
	}
	if sources == nil {
		sources = loopback(u.Hostname())
	}
	return &target{address: net.JoinHostPort(u.Hostname(), port), sources: sources}
}

// loopback is addresses of this machine to connect from when the host is this
// machine, by IPv4.
func loopback(host string) (all []netip.Addr) {
	addr, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !addr.Is4() || !addr.IsLoopback()) {
		return nil
	}
	for i := range homes {
		all = append(all, netip.AddrFrom4([4]byte{127, 0, 0, byte(1 + i)}))
	}
	return all
}

// dial connects from the next source. One that has no port left is passed over.
// A narrow connection has a small receive buffer, so that it is full soon.
func (t *target) dial(ctx context.Context, narrow bool) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		if narrow {
			return narrowed(c)
		}
		return nil
	}}
	if len(t.sources) == 0 {
		return d.DialContext(ctx, "tcp", t.address)
	}
	control := d.Control
	d.Control = func(network, address string, c syscall.RawConn) error {
		if err := lateBind(c); err != nil {
			return err
		}
		return control(network, address, c)
	}
	var conn net.Conn
	var err error
	for range t.sources {
		source := t.sources[int(t.next.Add(1)-1)%len(t.sources)]
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
		if conn, err = d.DialContext(ctx, "tcp", t.address); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			break
		}
	}
	return conn, err
}

// narrowBuffer is for sockets that shall be full soon. The kernel makes more of
// it, but not much.
const narrowBuffer = 4 << 10

// narrowed makes the receive buffer small, before the first window is announced.
func narrowed(c syscall.RawConn) (err error) {
	failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, narrowBuffer)
	})
	if failed != nil {
		return failed
	}
	return err
}
