package gateway

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// server is a gateway that serves on loopback until the test ends.
type server struct {
	*Gateway
	hub  *fanout.Hub
	addr string
	stop func()
}

func serve(t *testing.T, c Config, policy fanout.Policy) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Hub = fanout.New(fanout.Config{Shards: 2, Policy: policy})
	s := &server{Gateway: New(c), hub: c.Hub, addr: ln.Addr().String()}
	ctx, cancel := contextOf(t)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, ln) }()
	s.stop = func() {
		cancel()
		if err, open := <-ended; open {
			close(ended)
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	}
	t.Cleanup(s.stop)
	return s
}

// trade gives the hub a tick of its own.
func (s *server) trade(symbol string, offset int64, price string) {
	s.hub.Apply(&feed.Tick{Symbol: []byte(symbol), Time: 1 + offset, Price: feed.Number(price)}, feed.Position{Offset: offset})
}

// peer is a WebSocket client that can do everything wrong. It offers no
// extension, so that frames can be read as they are.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

const patience = 3 * time.Minute // for anything to happen; only a failure takes that long

func connect(t *testing.T, addr string) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return newPeer(t, conn)
}

func newPeer(t *testing.T, conn net.Conn) *peer { return &peer{t, conn, bufio.NewReader(conn)} }

func dial(t *testing.T, addr string, header ...string) *peer {
	t.Helper()
	p := connect(t, addr)
	if answer, _ := p.shake("/v1/ws", header...); answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: got %v", answer)
	}
	return p
}

// shake asks for a WebSocket with further lines of header. The body is that of
// a refusal.
func (p *peer) shake(path string, header ...string) (answer *http.Response, body string) {
	p.t.Helper()
	for i, line := range header {
		header[i] = line + "\r\n"
	}
	fmt.Fprintf(p.conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", path, strings.Join(header, ""))
	answer, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatalf("handshake: %v", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			p.t.Fatalf("the refusal: %v", err)
		}
		body = string(text)
	}
	return answer, body
}

// send writes one masked frame; first is its first byte.
func (p *peer) send(first byte, payload []byte) {
	p.t.Helper()
	p.write(frameOf(first, payload))
}

// frameOf is a masked frame, RFC 6455 section 5.2.
func frameOf(first byte, payload []byte) []byte {
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	frame = append(frame, 0, 0, 0, 0) // a mask of zeros
	return append(frame, payload...)
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Errorf("write: %v", err)
	}
}

// First bytes of frames: FIN and the opcode.
const (
	textFrame   = 0x81
	binaryFrame = 0x82
	closeFrame  = 0x88
	pingFrame   = 0x89
	pongFrame   = 0x8a
)

func (p *peer) text(message string) { p.t.Helper(); p.send(textFrame, []byte(message)) }

// frame reads the next frame.
func (p *peer) frame() (first byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1])
	var more [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(p.r, more[6:])
		n = binary.BigEndian.Uint64(more[:])
	case 127:
		_, err = io.ReadFull(p.r, more[:])
		n = binary.BigEndian.Uint64(more[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(p.r, payload)
	return head[0], payload, err
}

// message reads the next message of a type, passing over others.
func message[M any](p *peer) *M {
	p.t.Helper()
	for {
		first, payload, err := p.frame()
		if err != nil || first != textFrame {
			p.t.Fatalf("waiting for %T: got frame %#x %q, error %v", *new(M), first, payload, err)
		}
		m, err := wire.Parse(payload)
		if err != nil {
			p.t.Fatalf("%v: %s", err, payload)
		}
		if m, ok := m.(*M); ok {
			return m
		}
	}
}

// closeCode reads to the close frame and then to the end of the connection.
func (p *peer) closeCode() uint16 {
	p.t.Helper()
	code, _ := p.closing()
	return code
}

// closing is closeCode with the words for a person.
func (p *peer) closing() (code uint16, reason string) {
	p.t.Helper()
	for {
		first, payload, err := p.frame()
		if err != nil {
			p.t.Fatalf("waiting for a close frame: %v", err)
		}
		if first != closeFrame {
			continue
		}
		if first, payload, err := p.frame(); err != io.EOF {
			p.t.Errorf("behind the close frame: got frame %#x %q, error %v, want the end", first, payload, err)
		}
		if len(payload) < 2 {
			return 1005, "" // no status received
		}
		return binary.BigEndian.Uint16(payload), string(payload[2:])
	}
}

// writeFile makes a file of the test.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
