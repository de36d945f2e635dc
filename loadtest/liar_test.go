package loadtest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"tickwire/fanout/wire"
)

// lie is what becomes of a message that an honest server sends: nothing, the
// same, another one, several. It belongs to one connection.
type lie func(text []byte) [][]byte

// startLiar is a server in front of an honest one: it answers as that does, but
// for what its connections are told.
func startLiar(t *testing.T, honest string, tell func() lie) (addr string) {
	t.Helper()
	l := &liar{t: t, honest: honest, tell: tell}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: honest}))
	mux.HandleFunc("/v1/ws", l.relay)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		l.end()
		server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return server.Listener.Addr().String()
}

type liar struct {
	t      *testing.T
	honest string
	tell   func() lie
	work   sync.WaitGroup

	mu    sync.Mutex // protects conns
	conns []*websocket.Conn
}

func (l *liar) keep(conn *websocket.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
}

func (l *liar) end() {
	l.mu.Lock()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.mu.Unlock()
	l.work.Wait()
}

// relay passes on what the client says, and what the server says after the lie.
// It compresses where the client wants it.
func (l *liar) relay(w http.ResponseWriter, r *http.Request) {
	l.work.Add(1)
	defer l.work.Done()
	up := websocket.Upgrader{EnableCompression: true, Subprotocols: []string{wire.Subprotocol}}
	client, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l.keep(client)
	defer client.Close()
	server, _, err := websocket.DefaultDialer.Dial("ws://"+l.honest+"/v1/ws", nil)
	if err != nil {
		l.t.Errorf("liar: %v", err)
		return
	}
	l.keep(server)
	l.work.Add(1)
	go func() {
		defer l.work.Done()
		defer server.Close()
		pass(client, func(text []byte) error { return server.WriteMessage(websocket.TextMessage, text) })
	}()
	what := l.tell()
	pass(server, func(text []byte) error {
		for _, told := range what(text) {
			if err := client.WriteMessage(websocket.TextMessage, told); err != nil {
				return err
			}
		}
		return nil
	})
}

// pass hands over messages until either end is gone.
func pass(from *websocket.Conn, to func(text []byte) error) {
	for {
		_, text, err := from.ReadMessage()
		if err != nil || to(text) != nil {
			return
		}
	}
}
