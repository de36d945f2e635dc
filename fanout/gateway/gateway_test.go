package gateway

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(t.Context()))
}

// until polls for a condition that must come true; why says what is missing.
func until(t *testing.T, why string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", why)
		}
	}
}

func TestAClientSubscribesAndGetsValues(t *testing.T) {
	s := serve(t, Config{Node: "n1"}, fanout.Policy{})
	s.trade("BTC-USD", 0, "1.50")
	p := dial(t, s.addr)
	if hello := message[wire.Hello](p); hello.V != 1 || hello.Node != "n1" || hello.Conn == "" || hello.HeartbeatMS != 5000 || hello.Limits.MessageBytes != 64<<10 {
		t.Errorf("hello: got %+v", hello)
	}
	p.text(`{"op":"subscribe","id":1,"channel":"ticker","symbols":["BTC-USD","NOPE"]}`)
	if ack := message[wire.Ack](p); string(ack.ID) != "1" || len(ack.Symbols) != 1 || len(ack.Denied) != 1 {
		t.Errorf("ack: got %+v", ack)
	}
	if data := message[wire.Data](p); data.Type != wire.TypeSnapshot || string(data.Data[0].Price) != "1.50" {
		t.Errorf("snapshot: got %+v", data)
	}
	s.trade("BTC-USD", 1, "1.60")
	if data := message[wire.Data](p); data.Type != wire.TypeTicker || string(data.Data[0].Price) != "1.60" || data.Data[0].Seq != 1 {
		t.Errorf("ticker: got %+v", data)
	}
	p.text(`{"op":"ping","id":"x"}`)
	if pong := message[wire.Pong](p); string(pong.ID) != `"x"` {
		t.Errorf("pong: got %+v", pong)
	}
	p.send(pingFrame, []byte("are you there"))
	if first, payload, err := p.frame(); first != pongFrame || string(payload) != "are you there" {
		t.Errorf("pong: got %#x %q, %v", first, payload, err)
	}
	p.send(closeFrame, []byte{3, 232})
	if code := p.closeCode(); code != 1000 {
		t.Errorf("close: got %d, want 1000", code)
	}
	until(t, "the end is counted", func() bool { return s.hub.Stats().Ended[fanout.ClientLeft] == 1 })
}

// deflated is a message of that many spaces as permessage-deflate has it, RFC
// 7692 section 7.2.1.
func deflated(size int) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	space := bytes.Repeat([]byte(" "), 1<<16)
	for ; size > 0; size -= min(size, len(space)) {
		w.Write(space[:min(size, len(space))])
	}
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// TestADeflateBombCostsNoMoreThanAMessage: what is inflated of it is bounded by
// the message limit.
func TestADeflateBombCostsNoMoreThanAMessage(t *testing.T) {
	const bombs, size = 32, 16 << 20
	s := serve(t, Config{}, fanout.Policy{})
	bomb := frameOf(textFrame|0x40, deflated(size))
	peers := make([]*peer, bombs)
	for i := range peers {
		peers[i] = dial(t, s.addr, "Sec-WebSocket-Extensions: permessage-deflate")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, p := range peers {
		p.write(bomb)
		if code := p.closeCode(); code != 1009 {
			t.Errorf("got %d, want 1009", code)
		}
	}
	runtime.ReadMemStats(&after)
	const each = 512 << 10 // the bomb as it came, twice the limit, and the rest of the test
	if got := (after.TotalAlloc - before.TotalAlloc) / bombs; got > each {
		t.Errorf("a bomb of %d bytes had %d allocated, want at most %d", size, got, each)
	}
}

// TestBadInput sends everything a client can do wrong, with a healthy client
// beside it that must see no difference.
func TestBadInput(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{Idle: time.Hour, Heartbeat: time.Second, Terms: 3})
	s.trade("A", 0, "1")
	offset := int64(0)
	bomb := deflated(16 << 20)
	healthy := dial(t, s.addr)
	healthy.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
	message[wire.Data](healthy)

	for _, tc := range []struct {
		scenario string
		deflate  bool // permessage-deflate is agreed on
		bad      func(p *peer)
		code     wire.Code     // of the error; the connection then goes on
		close    uint16        // or the close code
		reason   fanout.Reason // that goes with it
	}{
		{scenario: "text that is not JSON", bad: func(p *peer) { p.text("hello") }, code: wire.BadJSON},
		{scenario: "an empty message", bad: func(p *peer) { p.text("") }, code: wire.BadJSON},
		{scenario: "an unknown op", bad: func(p *peer) { p.text(`{"op":"dance"}`) }, code: wire.UnknownOp},
		{scenario: "an unknown channel", bad: func(p *peer) { p.text(`{"op":"subscribe","channel":"x","symbols":["A"]}`) }, code: wire.UnknownChannel},
		{scenario: "no symbols", bad: func(p *peer) { p.text(`{"op":"subscribe","channel":"ticker"}`) }, code: wire.BadRequest},
		{scenario: "a list over the limit", bad: func(p *peer) { p.text(`{"op":"subscribe","channel":"ticker","symbols":["A","B*","C*","D*"]}`) }, code: wire.TooManySymbols},
		{scenario: "a binary message", bad: func(p *peer) { p.send(binaryFrame, []byte(`{"op":"ping"}`)) }, close: 1003, reason: fanout.Binary},
		{scenario: "text that is not UTF-8", bad: func(p *peer) { p.text("\xff") }, close: 1007, reason: fanout.NotUTF8},
		{scenario: "a message over 64 KiB", bad: func(p *peer) { p.text(strings.Repeat(" ", 64<<10+1)) }, close: 1009, reason: fanout.TooBig},
		{scenario: "a message over 64 KiB in fragments", bad: func(p *peer) {
			p.send(0x01, make([]byte, 40<<10))
			p.send(0x80, make([]byte, 40<<10))
		}, close: 1009, reason: fanout.TooBig},
		{scenario: "a frame without a mask", bad: func(p *peer) { p.write([]byte{textFrame, 1, 'x'}) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a reserved bit", bad: func(p *peer) { p.send(textFrame|0x40, []byte("x")) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a reserved bit where deflate was agreed on", deflate: true, bad: func(p *peer) { p.send(textFrame|0x20, []byte("x")) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a compressed ping", deflate: true, bad: func(p *peer) { p.send(pingFrame|0x40, []byte("x")) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a compressed continuation", deflate: true, bad: func(p *peer) {
			p.send(0x01, []byte("x"))
			p.send(0xc0, []byte("x"))
		}, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a length that is negative", bad: func(p *peer) { p.write([]byte{textFrame, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a length of 4 EiB", bad: func(p *peer) { p.write([]byte{textFrame, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) }, close: 1009, reason: fanout.TooBig},
		{scenario: "a ping of 126 bytes", bad: func(p *peer) { p.send(pingFrame, make([]byte, 126)) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a ping in fragments", bad: func(p *peer) { p.send(pingFrame&^0x80, nil) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a continuation of nothing", bad: func(p *peer) { p.send(0x80, []byte("x")) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a message within the fragments of another", bad: func(p *peer) {
			p.send(0x01, []byte("{"))
			p.text("{}")
		}, close: 1002, reason: fanout.BadProtocol},
		{scenario: "fragments without end", bad: func(p *peer) {
			p.send(0x01, nil)
			for range maxFragments {
				p.send(0x00, nil)
			}
		}, close: wire.CloseFlood, reason: fanout.Flooded},
		{scenario: "a close frame with a code that nobody may send", bad: func(p *peer) { p.send(closeFrame, []byte{0x03, 0xed}) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a close frame of one byte", bad: func(p *peer) { p.send(closeFrame, []byte{3}) }, close: 1002, reason: fanout.BadProtocol},
		{scenario: "a deflate bomb", deflate: true, bad: func(p *peer) { p.send(textFrame|0x40, bomb) }, close: 1009, reason: fanout.TooBig},
		{scenario: "one byte over the limit when inflated", deflate: true, bad: func(p *peer) { p.send(textFrame|0x40, deflated(64<<10+1)) }, close: 1009, reason: fanout.TooBig},
		{scenario: "a whole message when inflated", deflate: true, bad: func(p *peer) { p.send(textFrame|0x40, deflated(64<<10)) }, code: wire.BadJSON},
		{scenario: "what cannot be inflated", deflate: true, bad: func(p *peer) { p.send(textFrame|0x40, []byte{0xff, 0xff, 0xff}) }, close: 1007, reason: fanout.BadDeflate},
		{scenario: "a half-closed socket", bad: func(p *peer) { p.conn.(*net.TCPConn).CloseWrite() }, close: 1000, reason: fanout.ClientLeft},
		{scenario: "a half-closed socket in the middle of a frame", bad: func(p *peer) {
			p.write([]byte{textFrame, 0x85, 0})
			p.conn.(*net.TCPConn).CloseWrite()
		}, close: 1000, reason: fanout.ClientLeft},
		{scenario: "an unknown opcode", bad: func(p *peer) { p.send(0x8b, nil) }, close: 1002, reason: fanout.BadProtocol},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			ended := s.hub.Stats().Ended[tc.reason]
			var header []string
			if tc.deflate {
				header = append(header, "Sec-WebSocket-Extensions: permessage-deflate")
			}
			p := dial(t, s.addr, header...)
			if !tc.deflate {
				message[wire.Hello](p)
			}
			refused := testutil.ToFloat64(s.metrics.refused.WithLabelValues(string(tc.code)))
			tc.bad(p)
			if tc.close != 0 {
				if got := p.closeCode(); got != tc.close {
					t.Errorf("close code: got %d, want %d", got, tc.close)
				}
				until(t, "the end is counted by its reason", func() bool { return s.hub.Stats().Ended[tc.reason] == ended+1 })
			} else {
				if e := message[wire.Error](p); e.Code != tc.code || e.Message == "" {
					t.Errorf("error: got %+v, want %s", e, tc.code)
				}
				if got := testutil.ToFloat64(s.metrics.refused.WithLabelValues(string(tc.code))); got != refused+1 {
					t.Errorf("counted: got %v, want %v", got, refused+1)
				}
				p.text(`{"op":"ping","id":9}`)
				message[wire.Pong](p)
			}
			offset++
			s.trade("A", offset, fmt.Sprint(offset))
			if data := message[wire.Data](healthy); data.Data[0].Seq != offset || data.Data[0].Ordinal != uint64(offset+1) {
				t.Errorf("the healthy client: got %+v, want seq %d", data, offset)
			}
		})
	}
}

func TestAClientThatNeverSubscribesIsSentAway(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{}, fanout.Policy{Idle: 8 * time.Second, Heartbeat: time.Second}) // the healthy one must have subscribed by then
	healthy := healthyBeside(s)
	healthy.join(t)
	silent, pings := dial(t, s.addr), dial(t, s.addr)
	pings.text(`{"op":"ping"}`)
	for who, p := range map[string]*peer{"who is silent": silent, "who pings": pings} {
		if code := p.closeCode(); code != wire.CloseIdle {
			t.Errorf("%s: got %d, want %d", who, code, wire.CloseIdle)
		}
		healthy.sees(t)
	}
	until(t, "the ends are counted", func() bool { return s.hub.Stats().Ended[fanout.Idle] == 2 })
	healthy.sees(t)
}

// lateHandshake is how long handshakes may take where a test waits for the end of
// that: long enough for what it sends before.
const lateHandshake = 4 * time.Second

func TestAHandshakeThatNeverEndsIsAnsweredAndCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{Limits: Limits{Handshake: lateHandshake}}, fanout.Policy{})
	begun := make(map[string]*peer)
	for _, begin := range []string{"", "GET /v1/ws HTTP/1.1\r\nHost:"} {
		begun[begin] = connect(t, s.addr)
		begun[begin].write([]byte(begin))
	}
	for begin, p := range begun {
		answer, err := http.ReadResponse(p.r, nil)
		if err != nil {
			t.Fatalf("after %q: %v", begin, err)
		}
		body, err := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusRequestTimeout || err != nil || len(body) == 0 {
			t.Errorf("after %q: got %s %q (%v), want 408 and a line", begin, answer.Status, body, err)
		}
	}
	if got := testutil.ToFloat64(s.metrics.turnedAway.WithLabelValues(whyTimeout)); got != 2 {
		t.Errorf("counted: got %v, want 2", got)
	}
}

func TestARequestThatIsNoHandshakeIsToldSo(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{})
	for _, tc := range []struct {
		scenario string
		header   http.Header
		want     int
	}{
		{"a plain GET", http.Header{}, http.StatusUpgradeRequired},
		{"another version", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"8"}}, http.StatusUpgradeRequired},
		{"no key", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}}, http.StatusBadRequest},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			r, _ := http.NewRequest("GET", "http://"+s.addr+"/v1/ws", nil)
			r.Header = tc.header
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer http.DefaultClient.CloseIdleConnections()
			defer answer.Body.Close()
			if answer.StatusCode != tc.want {
				t.Errorf("got %s, want %d", answer.Status, tc.want)
			}
		})
	}
}

// TestAClientThatNeverReads is evicted when it has taken nothing for the stall
// time, while another one gets every tick.
func TestAClientThatNeverReads(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{Idle: time.Hour, Stall: 500 * time.Millisecond, Heartbeat: time.Second})
	const symbols = 2000
	for i := range symbols {
		s.trade(fmt.Sprintf("SYMBOL-%d", i), int64(i), "1")
	}
	dead := dial(t, s.addr)
	message[wire.Hello](dead)
	dead.text(`{"op":"subscribe","channel":"ticker","symbols":["*"]}`)
	healthy := dial(t, s.addr)
	healthy.text(`{"op":"subscribe","channel":"ticker","symbols":["SYMBOL-0"]}`)
	message[wire.Data](healthy)
	offset, missed := int64(symbols), 0
	for end := time.Now().Add(patience); s.hub.Stats().Ended[fanout.Slow] == 0; {
		if time.Now().After(end) {
			t.Fatal("it was not evicted")
		}
		for i := symbols - 1; i >= 0; i-- {
			s.trade(fmt.Sprintf("SYMBOL-%d", i), offset, fmt.Sprint(offset))
			offset++
		}
		if data := message[wire.Data](healthy); data.Data[0].Seq != offset-1 {
			missed++
		}
	}
	if missed > 0 {
		t.Errorf("the healthy client missed %d of its ticks", missed)
	}
}

func TestRest(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{Terms: 3})
	s.trade("B", 0, "1")
	s.trade("A", 1, "2")
	s.trade("A", 2, "2.5")
	defer http.DefaultClient.CloseIdleConnections()
	const (
		a     = `{"s":"A","q":2,"n":2,"t":3,"p":"2.5","z":"","b":"","a":"","v":"0"}`
		b     = `{"s":"B","q":0,"n":1,"t":1,"p":"1","z":"","b":"","a":"","v":"0"}`
		feed  = `"feed":{"state":"stale","age_ms":N,"lag_ms":0}`
		stale = `{"symbol":"A","state":"stale","age_ms":N}`
	)
	for _, tc := range []struct {
		path   string
		status int
		want   string
	}{
		{"/v1/symbols", 200, `{"symbols":["A","B"]}`},
		{"/v1/snapshot", 200, `{"type":"snapshot","channel":"ticker","data":[` + b + `,` + a + `],` + feed + `,"not_live":[{"symbol":"B","state":"stale","age_ms":N},` + stale + `]}`},
		{"/v1/snapshot?symbols=A*,X,", 200, `{"type":"snapshot","channel":"ticker","data":[` + a + `],"denied":[{"symbol":"X","code":"unknown_symbol"},{"symbol":"","code":"bad_symbol"}],` + feed + `,"not_live":[` + stale + `]}`},
		{"/v1/snapshot?symbols=X", 200, `{"type":"snapshot","channel":"ticker","data":[],"denied":[{"symbol":"X","code":"unknown_symbol"}],` + feed + `,"not_live":[]}`},
		{"/v1/snapshot?symbols=A&channel=stats", 200, `{"type":"snapshot","channel":"stats","data":[{"s":"A","q":2,"t":3,"o":"2.0","h":"2.5","l":"2.0","p":"2.5","v":"0","w":"","c":"0.5","cp":"25.0000","k":2}],` + feed + `,"not_live":[` + stale + `]}`},
		{"/v1/snapshot?channel=trades", 400, `{"type":"error","code":"unknown_channel","message":"there is no snapshot of channel \"trades\": ticker, stats","retry":false}`},
		{"/v1/snapshot?symbols=A,B,C,D", 400, `{"type":"error","code":"too_many_symbols","message":"too many symbols in one request","retry":false}`},
		{"/v1/bars?symbol=A", 200, `{"channel":"bars_1m","symbol":"A","reach":0,"data":[{"s":"A","t":0,"q":2,"o":"2.0","h":"2.5","l":"2.0","c":"2.5","v":"0","k":2,"x":true}]}`},
		{"/v1/bars?symbol=A&channel=bars_1h&from=1", 200, `{"channel":"bars_1h","symbol":"A","reach":0,"data":[]}`},
		{"/v1/bars?symbol=X", 404, `{"type":"error","code":"unknown_symbol","message":"no tick of \"X\" has been seen: name one symbol of /v1/symbols","retry":false}`},
		{"/v1/bars?symbol=A&channel=ticker", 400, `{"type":"error","code":"unknown_channel","message":"there are no bars \"ticker\": bars_1s, bars_1m, bars_5m, bars_1h","retry":false}`},
		{"/v1/bars?symbol=A&limit=0", 400, `{"type":"error","code":"bad_request","message":"limit must be an integer of 1 to 1500","retry":false}`},
		{"/v1/trades?symbol=A&limit=1", 200, `{"channel":"trades","symbol":"A","complete":false,"data":[{"s":"A","q":2,"t":3,"p":"2.5","z":"","d":""}]}`},
		{"/v1/trades?symbol=A&since=1", 200, `{"channel":"trades","symbol":"A","complete":true,"data":[{"s":"A","q":2,"t":3,"p":"2.5","z":"","d":""}]}`},
		{"/v1/trades?symbol=A&since=0&limit=1", 200, `{"channel":"trades","symbol":"A","complete":true,"data":[{"s":"A","q":1,"t":2,"p":"2","z":"","d":""}]}`},
		{"/v1/trades?symbol=A&since=x", 400, `{"type":"error","code":"bad_request","message":"since must be an integer of 0 to 9223372036854775807","retry":false}`},
	} {
		answer, err := http.Get("http://" + s.addr + tc.path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		got := ageMS.ReplaceAllString(strings.TrimSpace(string(body)), `"age_ms":N`)
		if answer.StatusCode != tc.status || got != tc.want || !json.Valid(body) {
			t.Errorf("%s:\n got %d %s\nwant %d %s", tc.path, answer.StatusCode, got, tc.status, tc.want)
		}
	}
}

var ageMS = regexp.MustCompile(`"age_ms":\d+`)

func TestNobodyIsServedBeforeTheFeedIsReady(t *testing.T) {
	var late error = errors.New("42 records behind")
	g := New(Config{Hub: newHub(t), Ready: func() error { return late }})
	get := func(h http.Handler, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	for _, path := range []string{"/v1/ws", "/v1/snapshot", "/v1/symbols"} {
		if w := get(g.Handler(), path); w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "42 records behind") {
			t.Errorf("%s: got %d %q, want 503 that says why", path, w.Code, w.Body)
		}
	}
	if w := get(g.Admin(), "/readyz"); w.Code != 503 {
		t.Errorf("/readyz: got %d, want 503", w.Code)
	}
	if w := get(g.Admin(), "/livez"); w.Code != 200 {
		t.Errorf("/livez: got %d, want 200", w.Code)
	}
	late = nil
	if w := get(g.Admin(), "/readyz"); w.Code != 200 {
		t.Errorf("/readyz when ready: got %d, want 200", w.Code)
	}
	if w := get(g.Handler(), "/v1/symbols"); w.Code != 200 {
		t.Errorf("/v1/symbols when ready: got %d, want 200", w.Code)
	}
}

func TestMetrics(t *testing.T) {
	g := New(Config{Hub: newHub(t)})
	problems, err := testutil.GatherAndLint(g.metrics.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	w := httptest.NewRecorder()
	g.Admin().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, name := range []string{"tickwire_symbols", "tickwire_subscribers", "tickwire_conflated_ticks_total", `tickwire_connections_ended_total{reason="slow"}`, "go_goroutines"} {
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("%s is missing", name)
		}
	}
}

func newHub(t *testing.T) *fanout.Hub {
	h := fanout.New(fanout.Config{Shards: 1})
	t.Cleanup(h.Close)
	return h
}

func TestTheServerSaysThatItEnds(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{})
	s.trade("A", 0, "1")
	p := dial(t, s.addr)
	p.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
	message[wire.Data](p)
	s.stop()
	if code := p.closeCode(); code != wire.CloseGoingAway {
		t.Errorf("close: got %d, want %d", code, wire.CloseGoingAway)
	}
}
