//go:build linux

package bench

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
)

// sender is one connection of another server: it sends one text message.
type sender interface{ send(text []byte) error }

// peer is another server: it accepts WebSockets and does nothing on its own.
type peer struct {
	addr string
	stop func()

	mu      sync.Mutex // protects senders
	senders []sender   // in the order of their coming
}

func (p *peer) join(s sender) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.senders = append(p.senders, s)
}

// await returns the senders when n have come.
func (p *peer) await(n int) []sender {
	for {
		p.mu.Lock()
		senders := p.senders
		p.mu.Unlock()
		if len(senders) >= n {
			return senders
		}
		time.Sleep(time.Millisecond)
	}
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return ln
}

// The other servers, each as its documentation has it. deflate is without
// context takeover, at the library's default level.
var peers = map[string]func(tb testing.TB, deflate bool) *peer{
	"write": startBare, "gws": startGws, "gorilla": startGorilla, "coder": startCoder,
}

// bare is a socket that is written to without any library.
type bare struct {
	conn net.Conn
	fd   int
}

func (b bare) send(frame []byte) error {
	for {
		n, err := syscall.Write(b.fd, frame)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err
		case n < len(frame):
			return io.ErrShortWrite
		default:
			return nil
		}
	}
}

// startBare serves bare sockets: what is sent must be whole frames.
func startBare(tb testing.TB, _ bool) *peer {
	ln := listen(tb)
	p := &peer{addr: ln.Addr().String()}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if s, err := acceptBare(conn); err == nil {
				p.join(s)
			}
		}
	})
	p.stop = func() {
		ln.Close()
		accepting.Wait()
		for _, s := range p.senders {
			s.(bare).conn.Close()
		}
	}
	return p
}

func acceptBare(conn net.Conn) (bare, error) {
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return bare{}, err
	}
	b := bare{conn: conn}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return b, err
	}
	if err := raw.Control(func(fd uintptr) { b.fd = int(fd) }); err != nil {
		return b, err
	}
	_, err = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"))
	return b, err
}

type gwsSender struct{ *gws.Conn }

func (s gwsSender) send(text []byte) error { return s.WriteMessage(gws.OpcodeText, text) }

func startGws(tb testing.TB, deflate bool) *peer {
	upgrader := gws.NewUpgrader(gws.BuiltinEventHandler{}, &gws.ServerOption{PermessageDeflate: gws.PermessageDeflate{Enabled: deflate}})
	return startHTTP(tb, func(p *peer, w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		p.join(gwsSender{conn})
		conn.ReadLoop()
	})
}

type gorillaSender struct{ *gorilla.Conn }

func (s gorillaSender) send(text []byte) error { return s.WriteMessage(gorilla.TextMessage, text) }

func startGorilla(tb testing.TB, deflate bool) *peer {
	upgrader := gorilla.Upgrader{EnableCompression: deflate}
	return startHTTP(tb, func(p *peer, w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		p.join(gorillaSender{conn})
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
		conn.Close()
	})
}

type coderSender struct{ *coder.Conn }

func (s coderSender) send(text []byte) error {
	return s.Write(context.Background(), coder.MessageText, text)
}

func startCoder(tb testing.TB, deflate bool) *peer {
	mode := coder.CompressionDisabled
	if deflate {
		mode = coder.CompressionNoContextTakeover
	}
	return startHTTP(tb, func(p *peer, w http.ResponseWriter, r *http.Request) {
		conn, err := coder.Accept(w, r, &coder.AcceptOptions{CompressionMode: mode})
		if err != nil {
			return
		}
		ended := conn.CloseRead(context.Background())
		p.join(coderSender{conn})
		<-ended.Done()
		conn.CloseNow()
	})
}

func startHTTP(tb testing.TB, serve func(p *peer, w http.ResponseWriter, r *http.Request)) *peer {
	ln := listen(tb)
	p := &peer{addr: ln.Addr().String()}
	var handlers, running sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers.Add(1)
		defer handlers.Done()
		serve(p, w, r)
	})}
	running.Go(func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("serve: %v", err)
		}
	})
	p.stop = func() {
		server.Close()
		running.Wait()
		handlers.Wait()
	}
	return p
}
