package swarm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
	"tickwire/loadtest/verify"
)

// fake is a server that does to each connection what a test has it do.
type fake struct {
	tb    testing.TB
	url   string
	truth *verify.Truth
	conns sync.WaitGroup
}

// guest is a connection to a fake, from the server's side.
type guest struct {
	net.Conn
	r       *bufio.Reader
	request *http.Request
}

func fakeServer(tb testing.TB, serve func(*guest)) *fake {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	f := &fake{tb: tb, url: "ws://" + ln.Addr().String() + "/v1/ws?a=b", truth: verify.Learn(time.Minute)}
	f.conns.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			f.conns.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				g := &guest{Conn: conn, r: bufio.NewReader(conn)}
				if g.request, err = http.ReadRequest(g.r); err == nil {
					serve(g)
				}
			})
		}
	})
	tb.Cleanup(func() { ln.Close(); f.conns.Wait() })
	return f
}

// swarm makes one for the fake, which ends before it.
func (f *fake) swarm(c Config) *Swarm {
	f.tb.Helper()
	c.URL, c.Truth, c.Symbols, c.Backoff = f.url, f.truth, []string{"A", "B"}, client.Backoff{Min: time.Hour, Max: time.Hour}
	f.truth.ID([]byte("A"))
	f.truth.ID([]byte("B"))
	s, err := New(c)
	if err != nil {
		f.tb.Fatal(err)
	}
	f.tb.Cleanup(s.Close)
	return s
}

func (g *guest) accept() string {
	sum := sha1.Sum([]byte(g.request.Header.Get("Sec-WebSocket-Key") + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// upgrade answers the handshake, with further lines of header.
func (g *guest) upgrade(lines ...string) {
	head := []string{"HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept: " + g.accept(), "Sec-WebSocket-Protocol: tickwire.v1"}
	io.WriteString(g, strings.Join(append(head, lines...), "\r\n")+"\r\n\r\n")
}

func (g *guest) send(first byte, payload string) { g.Write(serverFrame(first, []byte(payload))) }

// text sends a message of the protocol.
func (g *guest) text(message any) { g.send(finBit|opText, string(wire.Marshal(message))) }

var hello = wire.Hello{Type: wire.TypeHello, V: wire.Version, Node: "fake", HeartbeatMS: 5000, Limits: wire.Limits{MessageBytes: 65536}}

// welcome takes the guest as far as its subscription, which it returns.
func (g *guest) welcome(lines ...string) wire.Request {
	g.upgrade(lines...)
	g.text(hello)
	_, text := g.frame()
	r, _ := wire.ParseRequest(text)
	g.text(wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel, Symbols: r.Symbols})
	return r
}

// frame reads a frame of the client; op is 0 when there is none any more.
func (g *guest) frame() (op byte, payload []byte) {
	var head [2]byte
	if _, err := io.ReadFull(g.r, head[:]); err != nil || head[0]&finBit == 0 || head[1]&maskBit == 0 {
		return 0, nil
	}
	size := int(head[1] &^ maskBit)
	if size == 126 {
		var more [2]byte
		io.ReadFull(g.r, more[:])
		size = int(binary.BigEndian.Uint16(more[:]))
	}
	key := make([]byte, 4)
	io.ReadFull(g.r, key)
	payload = make([]byte, size)
	if _, err := io.ReadFull(g.r, payload); err != nil {
		return 0, nil
	}
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return head[0] & 0x0f, payload
}

// wait reads until the client has gone.
func (g *guest) wait() {
	for op, payload := g.frame(); op != 0; op, payload = g.frame() {
		if op == opClose {
			g.send(finBit|opClose, string(payload))
		}
	}
}

var snapshot = wire.Data{Type: wire.TypeSnapshot, Channel: wire.Ticker, Data: []wire.Update{{Symbol: "A", Seq: 1, Ordinal: 1, Time: 1732242000000001, Price: []byte("1"), Size: []byte("1"), Volume: []byte("1")}}}

func both(int) []int32 { return []int32{0, 1} }

// growOne has one steady member come, which may fail.
func growOne(s *Swarm, c Cohort) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.Grow(ctx, c, 1, both, 0)
}

func TestAHandshakeThatIsNotOneIsToldOnce(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		serve    func(*guest)
		says     string
		lost     bool
	}{
		{"refused with a reason", func(g *guest) {
			io.WriteString(g, "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{\"message\":\"not you\"}  ")
		}, "HTTP 403: not you", true},
		{"sent away for now", func(g *guest) {
			io.WriteString(g, "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n")
		}, "HTTP 503", false},
		{"an accept key of another", func(g *guest) {
			io.WriteString(g, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: tickwire.v1\r\n\r\n")
		}, "Sec-WebSocket-Accept", false},
		{"no upgrade", func(g *guest) {
			io.WriteString(g, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: "+g.accept()+"\r\n\r\n")
		}, "no upgrade", false},
		{"another protocol", func(g *guest) {
			io.WriteString(g, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "+g.accept()+"\r\n\r\n")
		}, "does not speak tickwire.v1", true},
		{"an extension that was not offered", func(g *guest) { g.upgrade("Sec-WebSocket-Extensions: x-shrink") }, "not offered", false},
		{"compression that goes on from message to message", func(g *guest) { g.upgrade("Sec-WebSocket-Extensions: permessage-deflate") }, "not offered", false},
		{"half an answer", func(g *guest) { io.WriteString(g, "HTTP/1.1 101 Swi") }, "without a close frame", false},
		{"another version", func(g *guest) {
			g.upgrade()
			g.text(wire.Hello{Type: wire.TypeHello, V: 2})
			g.wait()
		}, "version 2", true},
		{"a beginning without hello", func(g *guest) { g.upgrade(); g.text(snapshot); g.wait() }, "did not begin with hello", false},
		{"a close frame instead of hello", func(g *guest) { g.upgrade(); g.send(finBit|opClose, "\x0f\xa0busy") }, "closed the connection with 4000: busy", false},
		{"no hello", func(g *guest) { g.upgrade(); g.wait() }, "no hello within 200ms", false},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			f := fakeServer(t, tc.serve)
			config := Config{}
			if tc.scenario == "no hello" {
				config.Handshake = 200 * time.Millisecond
			}
			s := f.swarm(config)
			err := growOne(s, Steady)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Grow: got %v, want it to say %q", err, tc.says)
			}
			until(t, "it is counted", func() bool { return s.Stats()[Steady].Waiting+s.Stats()[Steady].Lost+s.Stats()[Steady].Connecting == 1 })
			got := s.Stats()[Steady]
			if (got.Lost == 1) != tc.lost || got.Open != 0 {
				t.Errorf("got %+v, want lost: %v", got, tc.lost)
			}
			if got.Failed+uint64(len(got.Evicted)) == 0 {
				t.Errorf("got %+v, want the end counted", got)
			}
		})
	}
}

func TestAFrameThatIsNoneEndsTheConnection(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		frames   func(*guest)
		says     string // in Failures, or in Evicted
	}{
		{"a masked frame", func(g *guest) { g.Write([]byte{finBit | opText, maskBit, 0, 0, 0, 0}) }, "masked"},
		{"a binary message", func(g *guest) { g.send(finBit|opBinary, "x") }, "binary"},
		{"a compressed message that was not agreed to", func(g *guest) { g.send(finBit|rsv1Bit|opText, "x") }, "reserved bit"},
		{"a long ping", func(g *guest) { g.send(finBit|opPing, strings.Repeat("x", 126)) }, "control frame"},
		{"a ping in fragments", func(g *guest) { g.send(opPing, "x") }, "control frame"},
		{"an end without a beginning", func(g *guest) { g.send(finBit|opContinuation, "x") }, "had not begun"},
		{"a beginning within a message", func(g *guest) { g.send(opText, "{"); g.send(finBit|opText, "}") }, "within a message"},
		{"an unknown opcode", func(g *guest) { g.send(finBit|3, "x") }, "unknown kind"},
		{"a frame that is too big", func(g *guest) { g.Write([]byte{finBit | opText, 127, 0, 0, 1, 0, 0, 0, 0, 0}) }, "over the limit"},
		{"a refused request", func(g *guest) {
			g.text(wire.Error{Type: wire.TypeError, Code: wire.BadRequest, Message: "no"})
		}, "refused a request: no (bad_request)"},
		{"the end of the connection", func(g *guest) {}, "without a close frame"},
		{"a close frame", func(g *guest) { g.send(finBit|opClose, "\x10\x05gone") }, "4101 gone"},
		{"a close frame without a code", func(g *guest) { g.send(finBit|opClose, "") }, "without a close code"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			f := fakeServer(t, func(g *guest) {
				g.welcome()
				tc.frames(g)
				if tc.scenario != "the end of the connection" {
					g.wait()
				}
			})
			s := f.swarm(Config{})
			growOne(s, Steady) // it may fail before the ack is seen
			until(t, "it has ended", func() bool { return s.Stats()[Steady].Waiting == 1 })
			got := s.Stats()[Steady]
			said := fmt.Sprint(got.Failures, got.Evicted)
			if !strings.Contains(said, tc.says) {
				t.Errorf("got %s, want %q in it", said, tc.says)
			}
		})
	}
}

func TestMessagesComeInEveryFormThatTheProtocolsAllow(t *testing.T) {
	deflated := func(text []byte) string {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, 9)
		w.Write(text)
		w.Flush()
		return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
	}
	text := wire.Marshal(snapshot)
	for _, tc := range []struct {
		scenario string
		send     func(*guest)
	}{
		{"in one frame", func(g *guest) { g.text(snapshot) }},
		{"byte for byte", func(g *guest) {
			for _, b := range serverFrame(finBit|opText, text) {
				g.Write([]byte{b})
				time.Sleep(100 * time.Microsecond) // so that they are read one by one
			}
		}},
		{"in fragments with a ping between", func(g *guest) {
			g.send(opText, string(text[:10]))
			g.send(finBit|opPing, "still there?")
			g.send(opContinuation, string(text[10:20]))
			g.send(finBit|opContinuation, string(text[20:]))
		}},
		{"compressed", func(g *guest) { g.send(finBit|rsv1Bit|opText, deflated(text)) }},
		{"compressed and in fragments", func(g *guest) {
			whole := deflated(text)
			g.send(rsv1Bit|opText, whole[:7])
			g.send(finBit|opContinuation, whole[7:])
		}},
		{"behind a long one", func(g *guest) {
			g.send(finBit|opText, `{"type":"later","x":"`+strings.Repeat("x", 300_000)+`"}`)
			g.text(snapshot)
		}},
		{"in the same write as the ack", nil},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			f := fakeServer(t, func(g *guest) {
				if tc.send == nil {
					g.upgrade()
					g.text(hello)
					g.frame()
					ack := serverFrame(finBit|opText, wire.Marshal(wire.Ack{Type: wire.TypeAck, Op: wire.OpSubscribe}))
					g.Write(slices.Concat(ack, serverFrame(finBit|opText, text)))
				} else {
					g.welcome("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover")
					tc.send(g)
				}
				g.wait()
			})
			s := f.swarm(Config{Compression: true})
			if err := growOne(s, Steady); err != nil {
				t.Fatal(err)
			}
			until(t, "the snapshot is there", func() bool { return s.Stats()[Steady].Ledger.Snapshots == 1 })
			if got := s.Stats()[Steady]; got.Failed != 0 || got.Ledger.Broken() != 0 || got.Bytes == 0 {
				t.Errorf("got %+v, want no failure and no violation", got)
			}
		})
	}
}

func TestAMemberAnswersPingsAndGoodByes(t *testing.T) {
	answers := make(chan string, 10)
	f := fakeServer(t, func(g *guest) {
		r := g.welcome()
		answers <- fmt.Sprintf("%s %s %v %v", g.request.Header.Get("Authorization"), g.request.RequestURI, r.Symbols, r.Rate)
		g.send(finBit|opPing, "are you there?")
		_, payload := g.frame()
		answers <- "pong " + string(payload)
		g.text(wire.Notice{Type: wire.TypeNotice, Code: wire.NoticeExpires, InMS: 1000})
		_, payload = g.frame()
		answers <- string(payload)
		op, payload := g.frame()
		answers <- fmt.Sprintf("%d %x", op, payload)
		g.send(finBit|opClose, string(payload))
		op, _ = g.frame()
		answers <- fmt.Sprint("then ", op)
	})
	var tokens int
	s := f.swarm(Config{Rate: 5, DialLimit: 1, Token: func(context.Context) (string, error) { tokens++; return fmt.Sprint("t", tokens), nil }})
	if err := growOne(s, Steady); err != nil {
		t.Fatal(err)
	}
	next := func() string {
		select {
		case a := <-answers:
			return a
		case <-time.After(patience):
			t.Fatal("waited in vain for an answer")
			return ""
		}
	}
	for i, want := range []string{"Bearer t1 /v1/ws?a=b [A B] 5", "pong are you there?", `{"op":"auth","token":"t2"}`} {
		if got := next(); got != want {
			t.Errorf("answer %d: got %s, want %s", i, got, want)
		}
	}
	if err := s.Shrink(t.Context(), Steady, 0, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"8 03e8", "then 0"} {
		if got := next(); got != want {
			t.Errorf("good-bye: got %s, want %s", got, want)
		}
	}
	if got := s.Stats()[Steady]; got.Notices[wire.NoticeExpires] != 1 || got.Failed != 0 {
		t.Errorf("got %+v, want one notice and no failure", got)
	}
}

func TestDeniedSymbolsAreCountedAndTheOthersWatched(t *testing.T) {
	f := fakeServer(t, func(g *guest) {
		g.upgrade()
		g.text(hello)
		g.frame()
		g.text(wire.Ack{Type: wire.TypeAck, Op: wire.OpSubscribe, Symbols: []string{"A"}, Denied: []wire.Denied{{Symbol: "B", Code: wire.UnknownSymbol}}})
		g.wait()
	})
	s := f.swarm(Config{})
	if err := growOne(s, Steady); err != nil {
		t.Fatal(err)
	}
	if got := s.Stats()[Steady]; got.Denied["unknown_symbol"] != 1 || got.Open != 1 {
		t.Errorf("got %+v, want one symbol denied and the member open", got)
	}
}

func TestAServerThatFallsSilentIsLeft(t *testing.T) {
	f := fakeServer(t, func(g *guest) {
		g.upgrade()
		quick := hello
		quick.HeartbeatMS = 100
		g.text(quick)
		g.frame()
		g.text(wire.Ack{Type: wire.TypeAck, Op: wire.OpSubscribe})
		g.wait()
	})
	s := f.swarm(Config{})
	growOne(s, Steady) // it may be left before the ack is seen
	until(t, "it is left", func() bool { return s.Stats()[Steady].Failures["the server fell silent for 250ms"] == 1 })
}

func TestManySymbolsAreSeveralRequests(t *testing.T) {
	var got []string
	done := make(chan struct{})
	f := fakeServer(t, func(g *guest) {
		defer close(done)
		g.upgrade()
		small := hello
		small.Limits.MessageBytes = 600
		g.text(small)
		for len(got) < 1000 {
			op, text := g.frame()
			r, wrong := wire.ParseRequest(text)
			if op != opText || wrong != nil || len(text) > 600 {
				t.Errorf("got %d bytes, error %v, want a request of at most 600", len(text), wrong)
				return
			}
			got = append(got, r.Symbols...)
			g.text(wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Symbols: r.Symbols})
		}
		g.wait()
	})
	s := f.swarm(Config{})
	s.config.Symbols = symbolNames(1000)
	all := make([]int32, 1000)
	for i := range all {
		all[i] = int32(i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Grow(ctx, Steady, 1, func(int) []int32 { return all }, 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	<-done
	if !slices.Equal(got, s.config.Symbols) {
		t.Errorf("got %d symbols asked for, want each once and in order", len(got))
	}
}

func TestMembersComeFromEverySource(t *testing.T) {
	if homes == 0 {
		t.Skip("127.0.0.1 is the only loopback address here")
	}
	var mu sync.Mutex
	from := map[string]int{}
	f := fakeServer(t, func(g *guest) {
		mu.Lock()
		from[g.RemoteAddr().(*net.TCPAddr).IP.String()]++
		mu.Unlock()
		g.welcome()
		g.wait()
	})
	for _, tc := range []struct {
		scenario string
		sources  []netip.Addr
		want     map[string]int
	}{
		{"two that are given", []netip.Addr{netip.MustParseAddr("127.0.3.1"), netip.MustParseAddr("127.0.3.2")}, map[string]int{"127.0.3.1": 8, "127.0.3.2": 8}},
		{"sixteen for a server on this machine", nil, nil},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			clear(from)
			s := f.swarm(Config{Sources: tc.sources})
			grow(t, s, Steady, 16, both)
			mu.Lock()
			defer mu.Unlock()
			if tc.want != nil && fmt.Sprint(from) != fmt.Sprint(tc.want) || tc.want == nil && len(from) != homes {
				t.Errorf("got connections from %v", from)
			}
		})
	}
}

func TestWhatCanBeNoSwarm(t *testing.T) {
	truth := verify.Learn(time.Minute)
	for _, tc := range []struct {
		scenario string
		config   Config
		says     string
	}{
		{"no URL", Config{Truth: truth}, "ws://"},
		{"no truth", Config{URL: "ws://x/"}, "Truth"},
		{"a channel that cannot be verified", Config{URL: "ws://x/", Truth: truth, Channel: wire.Stats}, "cannot be verified"},
		{"a share over all", Config{URL: "ws://x/", Truth: truth, Share: 2}, "share is 2"},
		{"a rate over the most", Config{URL: "ws://x/", Truth: truth, Rate: 2000}, "rate is 2000"},
	} {
		if _, err := New(tc.config); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got error %v, want %q in it", tc.scenario, err, tc.says)
		}
	}
}

func TestGrowEndsWithItsContext(t *testing.T) {
	f := fakeServer(t, func(g *guest) { g.upgrade(); g.wait() })
	s := f.swarm(Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Grow(ctx, Steady, 3, both, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	begin := time.Now()
	s.Close()
	if err := s.Grow(context.Background(), Steady, 4, both, 0); err == nil {
		t.Error("a closed swarm has grown")
	}
	t.Logf("closed in %v", time.Since(begin))
}

// FuzzTake: no bytes of a server can do more to a member than end its connection,
// and how they are cut into reads changes nothing.
func FuzzTake(f *testing.F) {
	f.Add(serverFrame(finBit|opText, wire.Marshal(snapshot)), 3)
	f.Add(slices.Concat(serverFrame(opText, []byte("{")), serverFrame(finBit|opPing, nil), serverFrame(finBit|opContinuation, []byte("}"))), 5)
	f.Add(serverFrame(finBit|rsv1Bit|opText, []byte("\xaa\x56\x2a")), 2)
	f.Add([]byte{finBit | opText, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1)
	f.Add(serverFrame(finBit|opClose, []byte("\x0f\xa1bye")), 1)
	s, err := New(Config{URL: "ws://127.0.0.1:1/", Truth: verify.Learn(time.Minute), Seats: 1, DialLimit: 1, MaxMessage: 1 << 20})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	run := func(b []byte, step int) (messages uint64, end string) {
		m := newMember(s.cohorts[Steady], nil)
		defer s.cohorts[Steady].remove(m)
		m.deflate, m.quiet, m.fresh, m.next = true, time.Hour, since(), again
		quiet, other := net.Pipe()
		defer quiet.Close()
		other.Close() // what it says goes nowhere
		m.socket = &socket{Conn: quiet}
		m.watch = s.config.Truth.Watch("one", wire.Ticker, []int32{})
		before := s.Stats()[Steady].Ledger.Frames
		for from, to := 0, 0; to < len(b) && m.next != over; {
			to = min(len(b), to+step)
			from += s.seats[0].take(m, b[from:to:to], 1)
		}
		if m.end != nil {
			end = m.end.Error()
		}
		return s.Stats()[Steady].Ledger.Frames - before, end
	}
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		if step < 1 {
			step = 1
		}
		messages, end := run(b, len(b)+1)
		again, otherEnd := run(b, min(step, len(b)+1))
		if messages != again || end != otherEnd {
			t.Fatalf("%q: got %d messages and %q at once, %d and %q in steps of %d", b, messages, end, again, otherEnd, step)
		}
	})
}
