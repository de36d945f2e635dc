package kafka

import (
	"bufio"
	"net"
)

// readAhead is how much one system call may bring in. kafka-go reads 4 KiB at
// a time, which is a call every 25 ticks.
const readAhead = 64 << 10

// bufferedConn reads ahead.
type bufferedConn struct {
	net.Conn
	in *bufio.Reader
}

func buffer(c net.Conn) net.Conn {
	if c == nil {
		return nil
	}
	return &bufferedConn{Conn: c, in: bufio.NewReaderSize(c, readAhead)}
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.in.Read(p) }
