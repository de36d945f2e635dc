//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"tickwire/fanout/wire"
)

// swarmVariable in the environment makes this binary the clients.
const swarmVariable = "TICKWIRE_BENCH_SWARM"

// order is what the benchmark asks of the clients, one JSON object a line; each
// is answered by a tally.
type order struct {
	Do      string  // dial, await, hangUp
	Addr    string  // of dial
	Clients int     // of dial
	Deflate bool    // of dial: offer permessage-deflate, without context takeover
	Ours    bool    // of dial: subscribe to the watchlist
	Rate    float64 // of dial: the rate to subscribe at
	Frames  int64   // of await: how many must have come
}

// tally is what all clients have received since dial.
type tally struct {
	Frames int64
	Bytes  int64 // of the frames, with their headers
	Error  string
}

// patience is how long frames may take to come; only a failure takes that long.
const patience = 30 * time.Second

// runSwarm obeys orders until there are no more.
func runSwarm(orders io.Reader, tallies io.Writer) error {
	runtime.GOMAXPROCS(1)
	s, err := newSwarm()
	if err != nil {
		return err
	}
	go s.read()
	in, out := json.NewDecoder(orders), json.NewEncoder(tallies)
	for {
		var o order
		if err := in.Decode(&o); err != nil {
			return nil // the benchmark has ended
		}
		err := s.obey(o)
		t := s.tally()
		if err != nil {
			t.Error = err.Error()
		}
		if err := out.Encode(t); err != nil {
			return err
		}
	}
}

// swarm is many clients on one epoll, read by one goroutine.
type swarm struct {
	epoll   int
	symbols []string

	mu      sync.Mutex // protects what follows
	clients map[int]*client
	frames  int64
	bytes   int64
	failed  error
}

// client is where in a frame the bytes of one socket are.
type client struct {
	fd     int
	header []byte // begun and not complete
	rest   int    // of the payload
}

func newSwarm() (*swarm, error) {
	ticks, err := drawTicks(marketSeed)
	if err != nil {
		return nil, err
	}
	s := &swarm{clients: make(map[int]*client)}
	for i := range ticks {
		s.symbols = append(s.symbols, string(ticks[i].Symbol))
	}
	s.epoll, err = syscall.EpollCreate1(0)
	return s, err
}

func (s *swarm) tally() tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := tally{Frames: s.frames, Bytes: s.bytes}
	if s.failed != nil {
		t.Error = s.failed.Error()
	}
	return t
}

func (s *swarm) obey(o order) error {
	switch o.Do {
	case "dial":
		return s.dial(o)
	case "await":
		return s.await(o.Frames)
	default:
		s.hangUp()
		return nil
	}
}

func (s *swarm) await(frames int64) error {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		t := s.tally()
		switch {
		case t.Error != "":
			return errors.New(t.Error)
		case t.Frames >= frames:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("waited in vain for %d frames, got %d", frames, t.Frames)
		}
	}
}

func (s *swarm) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for fd := range s.clients {
		syscall.Close(fd)
	}
	clear(s.clients)
	s.frames, s.bytes = 0, 0
}

func (s *swarm) dial(o order) error {
	addr, err := netip.ParseAddrPort(o.Addr)
	if err != nil {
		return err
	}
	for i := range o.Clients {
		fd, early, err := handshake(addr, o.Deflate)
		if err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
		if o.Ours {
			if _, err := syscall.Write(fd, s.subscribe(i, o.Rate)); err != nil {
				return fmt.Errorf("client %d: subscribe: %w", i, err)
			}
		}
		if err := s.join(fd, early); err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
	}
	return nil
}

func (s *swarm) join(fd int, early []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &client{fd: fd}
	s.clients[fd] = c
	s.count(c, early)
	if err := syscall.SetNonblock(fd, true); err != nil {
		return err
	}
	return syscall.EpollCtl(s.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

// handshake makes a WebSocket (RFC 6455, section 4.1) on a socket that Go's own
// poller knows nothing of. early is what came behind the answer.
func handshake(addr netip.AddrPort, deflate bool) (fd int, early []byte, err error) {
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
		return 0, nil, fmt.Errorf("connect: %w", err)
	}
	request := "GET /v1/ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if deflate {
		request += "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
	}
	if _, err := syscall.Write(fd, []byte(request+"\r\n")); err != nil {
		return 0, nil, err
	}
	var answer []byte
	for buf := make([]byte, 4<<10); ; {
		n, err := syscall.Read(fd, buf)
		if err != nil || n <= 0 {
			return 0, nil, fmt.Errorf("handshake: %d bytes, %v", n, err)
		}
		answer = append(answer, buf[:n]...)
		if head, rest, whole := bytes.Cut(answer, []byte("\r\n\r\n")); whole {
			return fd, rest, checkAnswer(head, deflate)
		}
	}
}

func checkAnswer(head []byte, deflate bool) error {
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) {
		return fmt.Errorf("handshake: got %q", head)
	}
	if deflate && !bytes.Contains(head, []byte("permessage-deflate")) {
		return fmt.Errorf("handshake: no compression: got %q", head)
	}
	return nil
}

// subscribe is client i's request in one frame, with a mask of zeros.
func (s *swarm) subscribe(i int, rate float64) []byte {
	r := wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Rate: rate}
	for _, place := range watchlist(i) {
		r.Symbols = append(r.Symbols, s.symbols[place])
	}
	text := wire.Marshal(r)
	frame := binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(text)))
	return append(append(frame, 0, 0, 0, 0), text...)
}

// read counts what comes, for good.
func (s *swarm) read() {
	events, buf := make([]syscall.EpollEvent, 512), make([]byte, 64<<10)
	for {
		n, err := syscall.EpollWait(s.epoll, events, -1)
		if err != nil && err != syscall.EINTR {
			s.mu.Lock()
			s.failed = err
			s.mu.Unlock()
			return
		}
		s.mu.Lock()
		for _, event := range events[:max(0, n)] {
			s.take(int(event.Fd), buf)
		}
		s.mu.Unlock()
	}
}

func (s *swarm) take(fd int, buf []byte) {
	c := s.clients[fd]
	if c == nil {
		return // hung up meanwhile
	}
	n, err := syscall.Read(fd, buf)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
	case err != nil || n == 0:
		s.failed = fmt.Errorf("a connection ended: %d bytes, %v", n, err)
		syscall.Close(fd)
		delete(s.clients, fd)
	default:
		s.count(c, buf[:n])
	}
}

// count passes over p, frame by frame.
func (s *swarm) count(c *client, p []byte) {
	s.bytes += int64(len(p))
	for len(p) > 0 {
		if c.rest > 0 {
			n := min(c.rest, len(p))
			c.rest, p = c.rest-n, p[n:]
			if c.rest == 0 {
				s.frames++
			}
			continue
		}
		c.header, p = append(c.header, p[0]), p[1:]
		if size, complete := payload(c.header); complete {
			c.rest, c.header = size, c.header[:0]
		}
	}
}

// payload is the payload's length by the header of an unmasked frame, RFC 6455,
// section 5.2.
func payload(header []byte) (size int, complete bool) {
	switch n := len(header); {
	case n < 2:
		return 0, false
	case header[1] < 126:
		return int(header[1]), true
	case header[1] == 126:
		if n < 4 {
			return 0, false
		}
		return int(binary.BigEndian.Uint16(header[2:])), true
	case n < 10:
		return 0, false
	}
	return int(binary.BigEndian.Uint64(header[2:])), true
}

// swarmMain is main of the process of the clients.
func swarmMain() {
	if err := runSwarm(bufio.NewReader(os.Stdin), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "swarm:", err)
		os.Exit(1)
	}
}
