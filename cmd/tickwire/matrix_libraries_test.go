package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"

	coderws "github.com/coder/websocket"
	gorillaws "github.com/gorilla/websocket"
	lxzan "github.com/lxzan/gws"
)

// offer is what a client says of compression.
type offer int

const (
	plain offer = iota
	noTakeover
	takeover
	smallWindow
)

// gorillaConn is a client by gorilla/websocket.
type gorillaConn struct {
	*gorillaws.Conn
	to arrivals
	mu sync.Mutex // one writer at a time
}

func gorilla(deflate bool) dialer {
	return func(ctx context.Context, task task, to arrivals) (connection, agreement, error) {
		d := gorillaws.Dialer{EnableCompression: deflate, Subprotocols: task.Protocols}
		conn, answer, err := d.DialContext(ctx, task.URL, nil)
		if err != nil {
			return nil, agreement{}, err
		}
		conn.SetPongHandler(func(payload string) error {
			to.pong([]byte(payload))
			return nil
		})
		return &gorillaConn{Conn: conn, to: to}, agreementOf(conn.Subprotocol(), answer), nil
	}
}

func (c *gorillaConn) write(text []byte) error { return c.send(gorillaws.TextMessage, text) }
func (c *gorillaConn) ping(n int) error        { return c.send(gorillaws.PingMessage, digits(n)) }

func (c *gorillaConn) send(kind int, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.WriteMessage(kind, payload)
}

func (c *gorillaConn) read() (int, error) {
	for {
		_, text, err := c.ReadMessage()
		var closed *gorillaws.CloseError
		if errors.As(err, &closed) {
			return closed.Code, nil
		}
		if err != nil {
			return 0, err
		}
		c.to.text(text)
	}
}

func (c *gorillaConn) close() { c.Close() }

// coderConn is a client by coder/websocket.
type coderConn struct {
	*coderws.Conn
	ctx context.Context // of everything that it does
	to  arrivals
}

func coder(o offer) dialer {
	mode := map[offer]coderws.CompressionMode{
		plain: coderws.CompressionDisabled, noTakeover: coderws.CompressionNoContextTakeover, takeover: coderws.CompressionContextTakeover,
	}[o]
	return func(ctx context.Context, task task, to arrivals) (connection, agreement, error) {
		conn, answer, err := coderws.Dial(ctx, task.URL, &coderws.DialOptions{
			Subprotocols: task.Protocols, CompressionMode: mode,
			OnPongReceived: func(_ context.Context, payload []byte) { to.pong(payload) },
		})
		if err != nil {
			return nil, agreement{}, err
		}
		conn.SetReadLimit(1 << 20)
		return &coderConn{conn, ctx, to}, agreementOf(conn.Subprotocol(), answer), nil
	}
}

func (c *coderConn) write(text []byte) error { return c.Write(c.ctx, coderws.MessageText, text) }

// ping does not wait as Ping does: the pong is to be handed over by read.
func (c *coderConn) ping(int) error {
	go c.Ping(c.ctx) // ends with its pong, or with the connection
	return nil
}

func (c *coderConn) read() (int, error) {
	for {
		_, text, err := c.Read(c.ctx)
		if code := coderws.CloseStatus(err); code != -1 {
			return int(code), nil
		}
		if err != nil {
			return 0, err
		}
		c.to.text(text)
	}
}

func (c *coderConn) close() { c.CloseNow() }

// gwsConn is a client by lxzan/lxzan. It is the Event of its connection.
type gwsConn struct {
	lxzan.BuiltinEventHandler
	*lxzan.Conn
	to  arrivals
	err error // how the connection ended
}

func gwsClient(o offer) dialer {
	deflate := lxzan.PermessageDeflate{Enabled: o != plain, ServerContextTakeover: o == takeover, ClientContextTakeover: o == takeover}
	if o == smallWindow {
		deflate.ServerMaxWindowBits, deflate.ClientMaxWindowBits = 10, 10
	}
	return func(ctx context.Context, task task, to arrivals) (connection, agreement, error) {
		c := &gwsConn{to: to}
		header := http.Header{}
		for _, protocol := range task.Protocols {
			header.Add("Sec-WebSocket-Protocol", protocol)
		}
		conn, answer, err := lxzan.NewClient(c, &lxzan.ClientOption{Addr: task.URL, RequestHeader: header, PermessageDeflate: deflate, CheckUtf8Enabled: true})
		if err != nil {
			return nil, agreement{}, err
		}
		c.Conn = conn
		return c, agreementOf(conn.SubProtocol(), answer), nil
	}
}

// OnMessage and its like are called by read.
func (c *gwsConn) OnMessage(_ *lxzan.Conn, m *lxzan.Message) { c.to.text(m.Bytes()); m.Close() }
func (c *gwsConn) OnPong(_ *lxzan.Conn, payload []byte)      { c.to.pong(payload) }
func (c *gwsConn) OnClose(_ *lxzan.Conn, err error)          { c.err = err }

func (c *gwsConn) write(text []byte) error { return c.WriteMessage(lxzan.OpcodeText, text) }
func (c *gwsConn) ping(n int) error        { return c.WritePing(digits(n)) }

func (c *gwsConn) read() (int, error) {
	c.ReadLoop()
	var closed *lxzan.CloseError
	if errors.As(c.err, &closed) {
		return int(closed.Code), nil
	}
	return 0, c.err
}

func (c *gwsConn) close() { c.NetConn().Close() }

func digits(n int) []byte { return strconv.AppendInt(nil, int64(n), 10) }
