package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tickwire/fanout/wire"
)

// tap is a relay on the way from one client to the server. It passes bytes on
// as they are and reads along: what was agreed on, how each frame was made,
// which values have been sent. It can be slow, as a client on a bad line is.
type tap struct {
	guest  guest
	server string
	truth  *truth
	ln     net.Listener
	crawl  atomic.Bool // read slowly
	ended  chan struct{}

	mu            sync.Mutex // protects what follows
	conns         []net.Conn
	offer, answer string // Sec-WebSocket-Extensions
	newest        map[string]int64
	stream        hash.Hash32 // of all updates, in order
	trades        map[string]int
	bars          map[second]bar
	spliced, raw  bySize // of ticker
	heartbeats    int
	deflated      int // compressed messages of the client
	closed        int // code of the server's close frame
	recent        [][]byte
	fault         error
}

// bySize counts data frames by the updates in them.
type bySize map[int]int

// several reports whether there was a frame of more than one update.
func (b bySize) several() bool {
	for n := range b {
		if n > 1 {
			return true
		}
	}
	return false
}

func newTap(t *testing.T, g guest, server string, truth *truth) *tap {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{guest: g, server: server, truth: truth, ln: ln, ended: make(chan struct{}),
		newest: make(map[string]int64), stream: fnv.New32a(), trades: make(map[string]int), bars: make(map[second]bar), spliced: bySize{}, raw: bySize{}}
	go func() {
		defer close(p.ended)
		if err := p.run(); err != nil {
			p.read(func() { p.fault = err })
		}
	}()
	t.Cleanup(func() {
		p.close()
		if t.Failed() {
			t.Log(p.evidence())
		}
	})
	return p
}

func (p *tap) url() string { return "ws://" + p.ln.Addr().String() + "/v1/ws" }

// read runs f while nothing of the tap changes.
func (p *tap) read(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// has reports whether the newest values have gone through.
func (p *tap) has(newest map[string]int64) bool {
	for symbol, seq := range newest {
		if p.newest[symbol] < seq {
			return false
		}
	}
	return len(p.newest) >= len(newest)
}

// hasAll reports whether all trades and the last state of every bar have gone
// through.
func (p *tap) hasAll() bool {
	trades, bars := p.truth.missing(p.trades, p.bars)
	return trades == 0 && len(bars) == 0
}

// hasBars reports whether the last state of every bar has gone through.
func (p *tap) hasBars() bool {
	_, bars := p.truth.missing(nil, p.bars)
	return len(bars) == 0
}

// close ends the relay, if the two ends have not.
func (p *tap) close() {
	p.ln.Close()
	p.read(func() {
		for _, conn := range p.conns {
			conn.Close()
		}
	})
	<-p.ended
}

// run relays one connection to its end. What a client does after the server's
// close frame is its own business.
func (p *tap) run() error {
	client, err := p.ln.Accept()
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return err
	}
	defer server.Close()
	server.(*net.TCPConn).SetReadBuffer(128 << 10) // see narrow
	p.read(func() { p.conns = []net.Conn{client, server} })

	var up sync.WaitGroup
	up.Go(func() {
		p.readClient(bufio.NewReader(io.TeeReader(client, server)))
		server.(*net.TCPConn).CloseWrite()
	})
	err = p.readServer(bufio.NewReader(io.TeeReader(&slowly{server, &p.crawl}, client)))
	client.(*net.TCPConn).CloseWrite()
	if err != nil {
		client.Close()
	}
	up.Wait()
	return err
}

// slowly reads from a connection, in small pieces with pauses while it crawls.
type slowly struct {
	net.Conn
	crawl *atomic.Bool
}

func (s *slowly) Read(b []byte) (int, error) {
	if s.crawl.Load() {
		time.Sleep(time.Millisecond) // the line's pace
		b = b[:min(len(b), 1+rand.IntN(1500))]
	}
	return s.Conn.Read(b)
}

// readClient reads to the client's end; it only looks.
func (p *tap) readClient(r *bufio.Reader) {
	request, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	p.read(func() { p.offer = strings.Join(request.Header.Values("Sec-WebSocket-Extensions"), ", ") })
	for {
		first, _, err := readFrame(r)
		if err != nil {
			return
		}
		if first&rsv1 != 0 {
			p.read(func() { p.deflated++ })
		}
	}
}

// readServer reads to the server's end, and checks that it keeps to RFC 6455.
func (p *tap) readServer(r *bufio.Reader) error {
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	p.read(func() { p.answer = strings.Join(answer.Header.Values("Sec-WebSocket-Extensions"), ", ") })
	inflate := flate.NewReader(nil)
	for {
		first, payload, err := readFrame(r)
		if p.closed != 0 {
			if err != io.EOF {
				return fmt.Errorf("behind the close frame: frame %#x %x, error %v, want the end", first, payload, err)
			}
			return nil
		}
		if err != nil {
			return err
		}
		p.read(func() { err = p.take(first, payload, inflate) })
		if err != nil {
			return fmt.Errorf("%w: frame %#x %x", err, first, payload)
		}
	}
}

const rsv1 = 0x40

// take notes one frame of the server.
func (p *tap) take(first byte, payload []byte, inflate io.Reader) error {
	if p.recent = append(p.recent, append([]byte{first}, payload...)); len(p.recent) > 4 {
		p.recent = p.recent[1:]
	}
	switch first {
	case 0x8a: // pong
		return nil
	case 0x88: // close
		if len(payload) < 2 {
			return errors.New("a close frame without a code")
		}
		p.closed = int(binary.BigEndian.Uint16(payload))
		return nil
	case 0x81:
		return p.takeText(payload, p.raw)
	case 0x81 | rsv1:
		// RFC 7692, section 7.2.2: each message on its own, as agreed. The
		// second block is a final one, which makes it the end of a stream.
		tail := strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")
		if err := inflate.(flate.Resetter).Reset(io.MultiReader(bytes.NewReader(payload), tail), nil); err != nil {
			return err
		}
		text, err := io.ReadAll(inflate)
		if err != nil {
			return err
		}
		return p.takeText(text, p.spliced)
	}
	return errors.New("a frame that the server has no reason to send")
}

func (p *tap) takeText(text []byte, frames bySize) error {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	if m.Type == "heartbeat" {
		p.heartbeats++
	}
	channel, n, err := m.hand(p)
	if err != nil {
		return err
	}
	if channel == wire.Ticker && n > 0 {
		frames[n]++
	}
	return nil
}

// What a tap has of updates, trades and bars it checks against the truth.

func (p *tap) takeUpdate(_ string, u update) error {
	p.newest[u.S] = max(p.newest[u.S], u.Q)
	fmt.Fprintln(p.stream, u)
	return p.truth.checkUpdate(u)
}

func (p *tap) takeTrade(t trade) error {
	p.trades[t.S]++
	return p.truth.checkTrade(t, p.trades[t.S]-1)
}

func (p *tap) takeBar(b bar) error {
	p.bars[b.second()] = b
	return p.truth.checkBar(b)
}

// readFrame reads one frame, RFC 6455 section 5.2. The payload of a masked one
// stays masked.
func readFrame(r *bufio.Reader) (first byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	masked, n := head[1]&0x80 != 0, uint64(head[1]&0x7f)
	var more [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(r, more[6:])
	case 127:
		_, err = io.ReadFull(r, more[:])
	}
	if err == nil && n >= 126 {
		short := n == 126
		if n = binary.BigEndian.Uint64(more[:]); n < 126 || !short && n < 1<<16 || n > 1<<20 {
			err = fmt.Errorf("a length of %d bytes, written with more digits than it needs or beyond all bounds", n)
		}
	}
	if err != nil {
		return head[0], nil, err
	}
	if masked {
		n += 4
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// check is about what went through. The relay has ended.
func (p *tap) check(t *testing.T) {
	if p.fault != nil {
		t.Errorf("on the line: %v", p.fault)
	}
	if p.closed != wire.CloseGoingAway {
		t.Errorf("close frame: got code %d, want %d", p.closed, wire.CloseGoingAway)
	}
	if err := agreed(p.offer, p.answer); err != nil {
		t.Errorf("extensions %q answered with %q: %v", p.offer, p.answer, err)
	}
	if p.guest.small > 0 && !strings.Contains(p.offer, "server_max_window_bits="+strconv.Itoa(p.guest.small)) {
		t.Errorf("extensions: it offered %q, want a window of %d bits", p.offer, p.guest.small)
	}
	if p.guest.deflate != (p.answer != "") || p.guest.deflate != (p.offer != "") {
		t.Errorf("extensions %q answered with %q: want both only with deflate", p.offer, p.answer)
	}
	if want := p.guest.deflate && !p.guest.wordy; want != (p.deflated > 0) {
		t.Errorf("messages of the client: %d were compressed, want some only with deflate", p.deflated)
	}
	if p.raw[1] == 0 || p.guest.deflate != p.spliced.several() {
		t.Errorf("frames by number of updates: spliced %v, raw %v; want raw ones of 1, and spliced ones only with deflate", p.spliced, p.raw)
	}
}

// agreed checks an answer to an offer of permessage-deflate, RFC 7692 section
// 7.1, from a server that takes over no context.
func agreed(offer, answer string) error {
	if answer == "" {
		return nil // declined
	}
	asked, got := parameters(offer), parameters(answer)
	if _, ok := got["server_no_context_takeover"]; !ok {
		return errors.New("each frame is made on its own: want server_no_context_takeover")
	}
	if bits, ok := asked["server_max_window_bits"]; ok {
		limit, _ := strconv.Atoi(bits)
		if n, err := strconv.Atoi(got["server_max_window_bits"]); err != nil || n < 8 || n > limit {
			return fmt.Errorf("want server_max_window_bits of 8 to %d in the answer, or the offer declined (section 7.1.2.1)", limit)
		}
	}
	if _, ok := asked["client_max_window_bits"]; !ok && got["client_max_window_bits"] != "" {
		return errors.New("client_max_window_bits was not offered (section 7.1.2.2)")
	}
	return nil
}

// parameters splits one extension into its parameters.
func parameters(extension string) map[string]string {
	all := make(map[string]string)
	for part := range strings.SplitSeq(extension, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		all[name] = strings.Trim(value, `"`)
	}
	return all
}

// evidence is the last frames that the server sent.
func (p *tap) evidence() string {
	said := ""
	p.read(func() {
		trades, bars := p.truth.missing(p.trades, p.bars)
		said = fmt.Sprintf("%s: %d trades and %d bars are missing (%.300q), offer %q, answer %q, fault %v, the last frames (first byte and payload):", p.guest.name, trades, len(bars), bars, p.offer, p.answer, p.fault)
		for _, frame := range p.recent {
			said += fmt.Sprintf("\n%x", frame)
		}
	})
	return said
}
