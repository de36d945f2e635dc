package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// narrowBuffer is for sockets that shall be full soon. The kernel makes more of
// it, but not much.
const narrowBuffer = 4 << 10

// narrow is a listener whose connections are full soon: all of them, or those
// that come from narrowHome.
type narrow struct {
	net.Listener
	all bool
}

// narrowHome begins the addresses of clients that want it so.
const narrowHome = "127.0.1."

func (l narrow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil && (l.all || strings.HasPrefix(conn.RemoteAddr().String(), narrowHome)) {
		err = conn.(*net.TCPConn).SetWriteBuffer(narrowBuffer)
	}
	return conn, err
}

func listenNarrow(tb testing.TB, all bool) net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return narrow{ln, all}
}

func dialNarrow(addr string) (net.Conn, error) {
	d := net.Dialer{Control: narrowReceive}
	return d.Dial("tcp", addr)
}

// narrowReceive makes the receive buffer small, before the first window is
// announced.
func narrowReceive(_, _ string, c syscall.RawConn) (err error) {
	c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, narrowBuffer)
	})
	return err
}

// boxed is an outbox that never blocks, with its client's end.
type boxed struct {
	*outbox
	socket  *socket
	client  *net.TCPConn
	started sync.WaitGroup
}

func box(t *testing.T) *boxed {
	t.Helper()
	ln := listenNarrow(t, true)
	defer ln.Close()
	client, err := dialNarrow(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b := &boxed{outbox: &outbox{Conn: conn, seat: seat{of: new(seats)}}, client: client.(*net.TCPConn)}
	b.socket = &socket{Conn: b.outbox, box: b.outbox}
	if err := b.enclose(&b.started); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		conn.Close()
		b.started.Wait()
	})
	client.SetDeadline(time.Now().Add(patience))
	return b
}

// fill writes whole frames until the socket takes no more, and returns all that
// was written.
func (b *boxed) fill(t *testing.T) []byte {
	t.Helper()
	var all []byte
	for i := 0; !b.stuck(); i++ {
		frame := textOf(bytes.Repeat([]byte{byte('a' + i%26)}, 2000))
		if err := b.socket.writeFrame(frame); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if all = append(all, frame...); len(all) > 64<<20 {
			t.Fatal("the socket is never full")
		}
	}
	return all
}

// stuck reports whether there is a remainder that stays: what the kernel has taken
// is first moved on to the client's side, which makes room for a while.
func (b *boxed) stuck() bool {
	left := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.rem)
	}
	before := left()
	for range 20 {
		if !b.blocked() {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return b.blocked() && left() == before
}

// textOf and controlOf make the frames of a server.
func textOf(payload []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{textFrame, 126}, uint16(len(payload))), payload...)
}

func controlOf(first byte, payload string) []byte {
	return append([]byte{first, byte(len(payload))}, payload...)
}

// drains is how many goroutines write remainders out.
func drains() (n int) {
	var profile bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&profile, 1)
	for stack := range strings.SplitSeq(profile.String(), "\n\n") { // "12 @ 0x..." and a line a function
		if strings.Contains(stack, "gateway.(*outbox).drain+") {
			alike, _, _ := strings.Cut(stack, " ")
			more, _ := strconv.Atoi(alike)
			n += more
		}
	}
	return n
}

func TestWhatTheSocketDoesNotTakeArrivesInOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	b := box(t)
	const frames = 300
	wrote, blockings := sha256.New(), 0
	total := 0
	read := make(chan [sha256.Size]byte)
	finished := make(chan struct{})
	go func() { // a client that reads in small bits
		h, bit := sha256.New(), make([]byte, 700)
		for {
			n, err := b.client.Read(bit)
			h.Write(bit[:n])
			if err != nil {
				if err != io.EOF {
					t.Errorf("the client reads: %v", err)
				}
				read <- [sha256.Size]byte(h.Sum(nil))
				close(finished)
				return
			}
		}
	}()
	for i := range frames {
		frame := textOf(binary.BigEndian.AppendUint64(make([]byte, r.IntN(8000)), uint64(i)))
		if err := b.socket.writeFrame(frame); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		wrote.Write(frame)
		total += len(frame)
		writable := make(chan struct{})
		if b.await(func() { close(writable) }) {
			blockings++
			<-writable
			if b.blocked() {
				t.Errorf("frame %d: still blocked when it is said to be writable", i)
			}
		}
	}
	b.finish()
	if got, want := <-read, [sha256.Size]byte(wrote.Sum(nil)); got != want {
		t.Errorf("of %d bytes the client read other ones: hash %x, want %x", total, got, want)
	}
	<-finished
	if blockings == 0 {
		t.Error("the socket was never full: this test shows nothing")
	}
}

func TestControlFramesStandBetweenDataFramesOfABlockedClient(t *testing.T) {
	b := box(t)
	wrote := b.fill(t)
	for _, payload := range []string{"one", "", "two"} {
		frame := controlOf(pongFrame, payload)
		if _, err := b.socket.Write(frame); err != nil {
			t.Fatalf("pong: %v", err)
		}
		wrote = append(wrote, frame...)
	}
	one := textOf([]byte("the frame that the shard had under way"))
	if err := b.socket.writeFrame(one); err != nil {
		t.Fatal(err)
	}
	last := controlOf(closeFrame, "\x03\xe8")
	if _, err := b.socket.Write(last); err != nil {
		t.Fatal(err)
	}
	wrote = append(append(wrote, one...), last...)
	b.finish()
	got, err := io.ReadAll(b.client)
	if err != nil || !bytes.Equal(got, wrote) {
		t.Errorf("got %d bytes (%v), want the %d that were written, in their order", len(got), err, len(wrote))
	}
}

func TestNothingFollowsACloseFrame(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		t.Run(fmt.Sprintf("blocked=%v", blocked), func(t *testing.T) {
			b := box(t)
			var wrote []byte
			if blocked {
				wrote = b.fill(t)
			}
			last := controlOf(closeFrame, "\x03\xe8bye")
			if _, err := b.socket.Write(last); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"data":                  b.socket.writeFrame(textOf([]byte("late"))),
				"a pong":                second(b.socket.Write(controlOf(pongFrame, "late"))),
				"another close frame":   second(b.socket.Write(last)),
				"data behind a failure": b.socket.writeFrame(textOf([]byte("later"))),
			} {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: got %v, want %v", what, err, net.ErrClosed)
				}
			}
			b.finish()
			if got, err := io.ReadAll(b.client); err != nil || !bytes.Equal(got, append(wrote, last...)) {
				t.Errorf("the client got %d bytes (%v), want %d to the close frame and the end", len(got), err, len(wrote)+len(last))
			}
		})
	}
}

func second[A any](_ A, err error) error { return err }

func TestPongsToAClientThatDoesNotReadAreBounded(t *testing.T) {
	b := box(t)
	b.fill(t)
	b.mu.Lock()
	before := len(b.rem)
	b.mu.Unlock()
	pong := controlOf(pongFrame, strings.Repeat("x", 125))
	pongs := 0
	for ; ; pongs++ {
		_, err := b.socket.Write(pong)
		if err != nil {
			if !errors.Is(err, errStuffed) {
				t.Errorf("got %v, want %v", err, errStuffed)
			}
			break
		}
		if pongs > 1000 {
			t.Fatal("1000 pongs wait, without an end")
		}
	}
	if pongs == 0 || pongs*len(pong) > maxStuffed {
		t.Errorf("%d pongs of %d bytes were taken, want some and at most %d bytes", pongs, len(pong), maxStuffed)
	}
	b.mu.Lock()
	after := len(b.rem)
	b.mu.Unlock()
	if after-before > maxStuffed {
		t.Errorf("the remainder grew from %d to %d bytes, want at most %d more", before, after, maxStuffed)
	}
	if err := b.socket.writeFrame(pong); !errors.Is(err, errStuffed) {
		t.Errorf("the shard: got %v, want %v", err, errStuffed)
	}
}

func TestABlockedOutboxHasOneGoroutineAndAnotherOneNone(t *testing.T) {
	b := box(t)
	if err := b.socket.writeFrame(textOf([]byte("short"))); err != nil {
		t.Fatal(err)
	}
	if got := drains(); got != 0 || b.blocked() {
		t.Errorf("before it is full: got %d goroutines, blocked: %v", got, b.blocked())
	}
	for round := range 3 {
		b.fill(t)
		b.socket.Write(controlOf(pongFrame, "more"))
		until(t, "one goroutine writes", func() bool { return drains() == 1 })
		writable := make(chan struct{})
		if !b.await(func() { close(writable) }) {
			t.Fatalf("round %d: not blocked", round)
		}
		var reader sync.WaitGroup
		reader.Go(func() { io.Copy(io.Discard, b.client) })
		<-writable
		until(t, "no goroutine is left", func() bool { return drains() == 0 })
		b.client.SetReadDeadline(time.Now()) // the reader of this round ends
		reader.Wait()
		b.client.SetReadDeadline(time.Now().Add(patience))
	}
}

func TestAFailedWriteIsToldOnceAndForGood(t *testing.T) {
	b := box(t)
	b.fill(t)
	var told atomic.Int32
	if !b.await(func() { told.Add(1) }) {
		t.Fatal("not blocked")
	}
	b.client.SetLinger(0) // close by a reset
	b.client.Close()
	until(t, "the shard is told", func() bool { return told.Load() > 0 })
	b.started.Wait()
	if err := b.socket.writeFrame(textOf([]byte("x"))); err == nil {
		t.Error("a frame was taken after the reset")
	}
	if b.await(func() { told.Add(1) }) || told.Load() != 1 {
		t.Errorf("told %d times, blocked: %v; want once, and not blocked any more", told.Load(), b.blocked())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rem != nil {
		t.Errorf("%d bytes are kept for nobody", len(b.rem))
	}
}

// A blocked client is told why it ends when it reads again in time.
func TestAnEvictedClientThatReadsAgainSeesWhy(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			s := serveNarrow(t, secure, fanout.Policy{Stall: 200 * time.Millisecond, Heartbeat: 400 * time.Millisecond})
			p := s.stall(t, secure)
			for offset := int64(stallSymbols); s.hub.Stats().Ended[fanout.Slow] == 0; {
				offset = s.round(offset)
				time.Sleep(5 * time.Millisecond)
			}
			if got := p.closeCode(); got != wire.CloseSlow {
				t.Errorf("close code: got %d, want %d", got, wire.CloseSlow)
			}
		})
	}
}

func TestAClientThatPingsAndDoesNotReadIsEnded(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			s := serveNarrow(t, secure, fanout.Policy{})
			p := s.stall(t, secure)
			frame := append([]byte{pingFrame, 0x80 | 100, 0, 0, 0, 0}, make([]byte, 100)...)
			flood := bytes.Repeat(frame, 100)
			ended := func() bool { return s.hub.Stats().Ended[fanout.Slow] == 1 }
			for range 1000 {
				p.conn.SetWriteDeadline(time.Now().Add(patience))
				if _, err := p.conn.Write(flood); err != nil || ended() {
					break
				}
			}
			until(t, "it is ended as slow", ended)
		})
	}
}

const stallSymbols = 50

// round trades every symbol once and returns the next offset.
func (s *server) round(offset int64) int64 {
	for i := range stallSymbols {
		s.trade(fmt.Sprintf("SYMBOL-%d", i), offset, fmt.Sprint(offset))
		offset++
	}
	return offset
}

// stall makes a client of everything that does not read, and fills its socket.
func (s *server) stall(t *testing.T, secure bool) *peer {
	t.Helper()
	s.round(0)
	p := dialPeer(t, s.addr, secure)
	message[wire.Hello](p)
	p.text(`{"op":"subscribe","channel":"ticker","symbols":["*"]}`)
	offset := int64(stallSymbols)
	until(t, "its socket is full, or has been for so long that it was ended", func() bool {
		offset = s.round(offset)
		return drains() == 1 || s.hub.Stats().Ended[fanout.Slow] == 1
	})
	return p
}

// TestAThousandBlockedClientsComeBack: each ends with the newest value of every
// symbol, and nothing is left of the blockage.
func TestAThousandBlockedClientsComeBack(t *testing.T) {
	clients := 1000
	if testing.Short() {
		clients = 100
	}
	s := serveNarrow(t, false, fanout.Policy{Stall: patience}) // on a busy machine it takes long until all are blocked
	offset := s.round(0)
	peers := make([]*peer, clients)
	for i := range peers {
		peers[i] = dialPeer(t, s.addr, false)
		peers[i].text(`{"op":"subscribe","channel":"ticker","symbols":["*"]}`)
	}
	until(t, "all are blocked", func() bool {
		offset = s.round(offset)
		return drains() == clients
	})
	final := s.round(offset)
	var readers sync.WaitGroup
	for i, p := range peers {
		p.conn.SetDeadline(time.Now().Add(patience))
		readers.Go(func() {
			newest := make(map[string]int64)
			for fresh := 0; fresh < stallSymbols; {
				first, payload, err := p.frame()
				if err != nil || first != textFrame {
					t.Errorf("client %d: got frame %#x, error %v, with %d symbols of %d fresh", i, first, err, fresh, stallSymbols)
					return
				}
				m, err := wire.Parse(payload)
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				data, ok := m.(*wire.Data)
				if !ok {
					continue
				}
				for _, u := range data.Data {
					if u.Seq <= newest[u.Symbol] && newest[u.Symbol] > 0 {
						t.Errorf("client %d: %s: seq %d after %d", i, u.Symbol, u.Seq, newest[u.Symbol])
					}
					newest[u.Symbol] = u.Seq
					if u.Seq >= final-stallSymbols {
						fresh++
					}
				}
			}
		})
	}
	readers.Wait()
	until(t, "no goroutine of the blockage is left", func() bool { return drains() == 0 })
}
