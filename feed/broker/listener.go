package broker

import (
	"net"
	"sync"
)

// listener counts its connections, so that Close can wait for the last: kfake
// ends them, but does not wait.
type listener struct {
	net.Listener
	open sync.WaitGroup
}

func listen(addr string) (*listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l}, nil
}

func (l *listener) Accept() (net.Conn, error) {
	l.open.Add(1)
	c, err := l.Listener.Accept()
	if err != nil {
		l.open.Done()
		return nil, err
	}
	return &conn{Conn: c, closed: sync.OnceFunc(l.open.Done)}, nil
}

// wait returns when the listener and its connections are closed.
func (l *listener) wait() { l.open.Wait() }

type conn struct {
	net.Conn
	closed func()
}

func (c *conn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
