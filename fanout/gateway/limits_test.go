package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// beside is a healthy client beside one that is not: it must get every value in
// order.
type beside struct {
	s      *server
	p      *peer
	offset int64
}

func healthyBeside(s *server) *beside {
	return &beside{s: s}
}

func (b *beside) join(t *testing.T, header ...string) {
	t.Helper()
	b.s.trade("A", b.offset, "1")
	b.p = dial(t, b.s.addr, header...)
	b.p.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
	message[wire.Data](b.p)
}

func (b *beside) sees(t *testing.T) {
	t.Helper()
	for range 5 {
		b.offset++
		b.s.trade("A", b.offset, fmt.Sprint(b.offset))
		if u := message[wire.Data](b.p).Data[0]; u.Seq != b.offset || u.Ordinal != uint64(b.offset+1) {
			t.Errorf("the healthy client: got %+v, want seq %d", u, b.offset)
		}
	}
}

func (s *server) turnedAwayFor(why string) float64 {
	return testutil.ToFloat64(s.metrics.turnedAway.WithLabelValues(why))
}

// isRefusal reports whether an answer is a refusal by a limit that may pass.
func isRefusal(t *testing.T, answer *http.Response, body string, status int, code wire.Code) {
	t.Helper()
	var e wire.Error
	if err := json.Unmarshal([]byte(body), &e); err != nil || answer.StatusCode != status || e.Code != code || e.Message == "" || (answer.Header.Get("Retry-After") != "") != e.Retry {
		t.Errorf("got %s %v %s (%v), want %d with %s", answer.Status, answer.Header, body, err, status, code)
	}
}

func TestConnectionsInAllAreBounded(t *testing.T) {
	s := serve(t, Config{Limits: Limits{Connections: 3}}, fanout.Policy{})
	healthy := healthyBeside(s)
	healthy.join(t)
	last := dial(t, s.addr)
	dial(t, s.addr)
	for n := range 3 {
		p := connect(t, s.addr)
		answer, body := p.shake("/v1/ws")
		isRefusal(t, answer, body, http.StatusServiceUnavailable, wire.TooManyConnections)
		if _, err := p.r.ReadByte(); err != io.EOF {
			t.Errorf("after the refusal: got %v, want the end", err)
		}
		if got := s.turnedAwayFor(whyFull); got != float64(n+1) {
			t.Errorf("counted: got %v, want %d", got, n+1)
		}
		healthy.sees(t)
	}
	last.send(closeFrame, nil)
	last.closeCode()
	until(t, "a seat is free", func() bool {
		p := connect(t, s.addr)
		answer, _ := p.shake("/v1/ws")
		return answer.StatusCode == http.StatusSwitchingProtocols
	})
}

func TestWithoutStandingRoomAConnectionIsClosedAtOnce(t *testing.T) {
	s := serve(t, Config{Limits: Limits{Connections: 2, Handshake: time.Hour}}, fanout.Policy{})
	healthy := healthyBeside(s)
	healthy.join(t)
	for range 1 + s.seats.standing {
		connect(t, s.addr)
	}
	p := connect(t, s.addr)
	if _, err := p.r.ReadByte(); err == nil {
		t.Error("got a byte, want the end")
	}
	until(t, "it is counted", func() bool { return s.turnedAwayFor(whyDropped) == 1 })
	healthy.sees(t)
}

// from makes connections come from addresses of the test.
type from struct {
	net.Listener
	addresses chan string
}

type conn struct {
	*net.TCPConn
	remote net.Addr
}

func (c conn) RemoteAddr() net.Addr { return c.remote }

func (l from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn{c.(*net.TCPConn), &net.TCPAddr{IP: net.ParseIP(<-l.addresses), Port: 1}}, nil
}

func TestConnectionsFromOneAddressAreBounded(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addresses := make(chan string, 1)
	s := serveOn(t, from{ln, addresses}, Config{Limits: Limits{PerAddress: 2}}, fanout.Config{Shards: 1})
	healthy := healthyBeside(s)
	addresses <- "192.0.2.1"
	healthy.join(t)
	for i, tc := range []struct {
		address string
		status  int
	}{
		{"192.0.2.1", 101},
		{"192.0.2.1", 429},
		{"::ffff:192.0.2.1", 429},
		{"192.0.2.2", 101},
		{"2001:db8:0:1::1", 101},
		{"2001:db8:0:1:ffff::2", 101},
		{"2001:db8:0:1:1234::3", 429},
		{"2001:db8:0:2::1", 101},
		{"127.0.0.1", 101}, {"127.0.0.1", 101}, {"127.0.0.1", 101},
		{"::1", 101}, {"::1", 101}, {"::1", 101},
	} {
		addresses <- tc.address
		answer, body := connect(t, s.addr).shake("/v1/ws")
		if answer.StatusCode != tc.status {
			t.Errorf("connection %d, from %s: got %s %s, want %d", i, tc.address, answer.Status, body, tc.status)
		}
		if tc.status == 429 {
			isRefusal(t, answer, body, 429, wire.TooManyConnections)
		}
		healthy.sees(t)
	}
	if got := s.turnedAwayFor(whyAddress); got != 3 {
		t.Errorf("counted: got %v, want 3", got)
	}
	s.stop()
	if s.seats.taken != 0 || len(s.seats.from) != 0 {
		t.Errorf("at the end %d seats are taken, from %v", s.seats.taken, s.seats.from)
	}
}

func TestAHeaderOverTheLimitIsRefused(t *testing.T) {
	s := serve(t, Config{Limits: Limits{Header: 4 << 10}}, fanout.Policy{})
	healthy := healthyBeside(s)
	healthy.join(t)
	answer, _ := connect(t, s.addr).shake("/v1/ws", "X-Long: "+strings.Repeat("x", 9<<10))
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s, want 431", answer.Status)
	}
	until(t, "it is counted", func() bool { return s.turnedAwayFor(whyNoRequest) == 1 })
	healthy.sees(t)
}

// TestTenThousandSubscriptionsASecond: who goes on and on is told so, then sent
// away.
func TestTenThousandSubscriptionsASecond(t *testing.T) {
	s := serve(t, Config{Limits: Limits{Requests: 10, Burst: 20}}, fanout.Policy{})
	healthy := healthyBeside(s)
	healthy.join(t)
	for _, tc := range []struct {
		scenario string
		send     func(p *peer, i int) error
	}{
		{"subscribe and unsubscribe", func(p *peer, i int) error {
			op := []string{"subscribe", "unsubscribe"}[i%2]
			_, err := p.conn.Write(frameOf(textFrame, fmt.Appendf(nil, `{"op":%q,"id":%d,"channel":"ticker","symbols":["A","*"]}`, op, i)))
			return err
		}},
		{"what is not JSON", func(p *peer, i int) error { _, err := p.conn.Write(frameOf(textFrame, []byte("x"))); return err }},
		{"pings", func(p *peer, i int) error { _, err := p.conn.Write(frameOf(pingFrame, []byte("x"))); return err }},
		{"pongs", func(p *peer, i int) error { _, err := p.conn.Write(frameOf(pongFrame, nil)); return err }},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			ended := s.hub.Stats().Ended[fanout.Flooded]
			p := dial(t, s.addr)
			sent := make(chan int)
			go func() {
				for i := 0; ; i++ {
					if tc.send(p, i) != nil {
						sent <- i
						return
					}
					time.Sleep(time.Second / 10_000)
				}
			}()
			if code, reason := p.closing(); code != wire.CloseFlood || reason == "" {
				t.Errorf("got %d %q, want %d", code, reason, wire.CloseFlood)
			}
			t.Logf("%d messages were sent", <-sent)
			until(t, "the end is counted", func() bool { return s.hub.Stats().Ended[fanout.Flooded] == ended+1 })
			healthy.sees(t)
		})
	}
}

func TestABurstOfMessagesIsRefusedAndTheClientGoesOn(t *testing.T) {
	s := serve(t, Config{Limits: Limits{Requests: 2, Burst: 5}}, fanout.Policy{})
	p := dial(t, s.addr)
	message[wire.Hello](p)
	var burst []byte
	for i := range 10 {
		burst = append(burst, frameOf(textFrame, fmt.Appendf(nil, `{"op":"ping","id":%d}`, i))...)
	}
	p.write(burst) // at once, or the bucket would fill between them
	pongs, refused := 0, 0
	for range 10 {
		_, payload, err := p.frame()
		if err != nil {
			t.Fatal(err)
		}
		m, _ := wire.Parse(payload)
		switch m := m.(type) {
		case *wire.Pong:
			pongs++
		case *wire.Error:
			refused++
			if m.Code != wire.TooManyRequests || !m.Retry || len(m.ID) == 0 {
				t.Errorf("got %+v, want %s, to be tried again", m, wire.TooManyRequests)
			}
		}
	}
	if pongs < 5 || refused == 0 {
		t.Errorf("got %d pongs and %d refusals, want a burst of 5 carried out", pongs, refused)
	}
	until(t, "it may go on", func() bool {
		p.text(`{"op":"ping"}`)
		_, payload, err := p.frame()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // five of them until the next may be carried out: no flood
		return strings.Contains(string(payload), "pong")
	})
}

func TestPagesOfOtherSitesMayNotConnect(t *testing.T) {
	allowed, err := ParseOrigins("https://app.example", "https://*.b.example", "http://localhost:5173")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Limits: Limits{Origins: allowed}}, fanout.Policy{})
	healthy := healthyBeside(s)
	healthy.join(t)
	for origin, allowed := range map[string]bool{
		"http://x": true, "https://X": true, // the host that dial names
		"https://app.example": true, "https://APP.example": true, "https://a.b.example": true, "https://c.a.b.example": true, "http://localhost:5173": true,
		"http://app.example": false, "https://app.example:8443": false, "https://b.example": false, "https://evilb.example": false,
		"https://app.example.evil": false, "http://localhost": false, "null": false, "https://": false, "x": false, "https://app.example/path": false, "http://x:81": false,
	} {
		before := s.turnedAwayFor(whyOrigin)
		answer, body := connect(t, s.addr).shake("/v1/ws", "Origin: "+origin)
		if got := answer.StatusCode == http.StatusSwitchingProtocols; got != allowed {
			t.Errorf("%s: got %s, want allowed %v", origin, answer.Status, allowed)
		}
		if !allowed {
			isRefusal(t, answer, body, http.StatusForbidden, wire.BadOrigin)
			if got := s.turnedAwayFor(whyOrigin); got != before+1 {
				t.Errorf("%s: counted %v, want %v", origin, got, before+1)
			}
		}
		healthy.sees(t)
	}
	answer, body := connect(t, s.addr).shake("/v1/ws", "Origin: https://app.example", "Origin: https://evil.example")
	isRefusal(t, answer, body, http.StatusForbidden, wire.BadOrigin)
}

func TestPagesOfAllowedSitesMayReadRest(t *testing.T) {
	allowed, err := ParseOrigins("https://app.example")
	if err != nil {
		t.Fatal(err)
	}
	g := New(Config{Hub: newHub(t), Limits: Limits{Origins: allowed}})
	for _, tc := range []struct {
		method, origin string
		status         int
		share          string
	}{
		{"GET", "https://app.example", 200, "https://app.example"},
		{"GET", "https://evil.example", 403, ""},
		{"GET", "", 200, ""},
		{"OPTIONS", "https://app.example", 204, "https://app.example"},
		{"OPTIONS", "https://evil.example", 403, ""},
		{"OPTIONS", "", 403, ""},
	} {
		w, r := recorded(tc.method, "/v1/symbols")
		if tc.origin != "" {
			r.Header.Set("Origin", tc.origin)
		}
		g.Handler().ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != tc.status || got != tc.share || w.Header().Get("Vary") != "Origin" {
			t.Errorf("%s from %q: got %d, shared with %q, want %d and %q", tc.method, tc.origin, w.Code, got, tc.status, tc.share)
		}
	}
}

func TestOriginsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "app.example", "ftp://a", "https://", "https://*", "https://*.", "https://a*.b", "https://a/path", "https://a?x", "https://user@a", "https://*.*.a", "null"} {
		if got, err := ParseOrigins(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, %v, want an error that quotes it", text, got, err)
		}
	}
	if all, err := ParseOrigins("*"); err != nil || !all.allow(&http.Request{Header: http.Header{"Origin": {"null"}}}) {
		t.Errorf("*: got %v, %v, want that it allows all", all, err)
	}
}

func FuzzOrigin(f *testing.F) {
	f.Add("https://*.b.example", "https://a.b.example")
	f.Add("https://a", "https://a:443")
	f.Add("*", "null")
	f.Fuzz(func(t *testing.T, pattern, from string) {
		allowed, err := ParseOrigins(pattern)
		if err != nil || pattern == "*" {
			return
		}
		r := &http.Request{Host: "self.example", Header: http.Header{"Origin": {from}}}
		if !allowed.allow(r) || strings.EqualFold(from, "http://self.example") || strings.EqualFold(from, "https://self.example") {
			return
		}
		end := strings.ToLower(strings.TrimPrefix(pattern[strings.Index(pattern, "://")+3:], "*"))
		if !strings.HasSuffix(strings.ToLower(from), end) {
			t.Errorf("%q allows %q", pattern, from)
		}
	})
}

// FuzzScreen: it finds the same however the bytes come, and ends with the frames
// that end there.
func FuzzScreen(f *testing.F) {
	f.Add([]byte{textFrame, 0x81, 1, 2, 3, 4, 'x', pingFrame, 0x80, 1, 2, 3, 4}, uint8(3), true)
	f.Add([]byte{textFrame | 0x40, 0xfe, 0, 2, 1, 2, 3, 4, 'x', 'y'}, uint8(1), false)
	f.Add([]byte{textFrame, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, uint8(2), true)
	f.Fuzz(func(t *testing.T, sent []byte, piece uint8, deflate bool) {
		whole, pieces := screen{deflate: deflate}, screen{deflate: deflate}
		why, ok := whole.take(sent)
		again, fine := fanout.Reason(0), true
		for rest := sent; len(rest) > 0 && fine; {
			n := min(len(rest), int(piece)+1)
			again, fine = pieces.take(rest[:n])
			rest = rest[n:]
		}
		if why != again || ok != fine || ok && whole != pieces {
			t.Errorf("at once: %v %v %+v, in pieces: %v %v %+v", why, ok, whole, again, fine, pieces)
		}
	})
}
