package swarm

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// lateBind has the port chosen at connect, when the server's address is known:
// one port then serves connections to several servers, and bind does not look
// through all ports for one that nobody uses. See ip(7).
func lateBind(c syscall.RawConn) (err error) {
	failed := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	if failed != nil {
		return failed
	}
	return err
}

// homes is how many addresses of 127.0.0.0/8 are used as sources.
const homes = 16
