package main

import (
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
)

// guest is a WebSocket client that nobody here wrote, and how it is used.
type guest struct {
	name    string
	deflate bool // it offers permessage-deflate
	small   int  // it asks for a window of that many bits; 0: it does not
	named   bool // it names the subprotocol
	slow    bool // its bytes come slowly while the market is fast
	mute    bool // it cannot send ping frames
	wordy   bool // it compresses nothing itself

	dial    dialer         // a client in Go, or
	script  string         // one in JavaScript or Python
	options map[string]any // of the latter's library
}

// guests are the rows of the matrix. A context takeover that is offered is one
// that the server declines.
var guests = []guest{
	{name: "gorilla, deflate", dial: gorilla(true), deflate: true, named: true},
	{name: "gorilla, deflate, slow", dial: gorilla(true), deflate: true, slow: true},
	{name: "gorilla, plain", dial: gorilla(false), slow: true},
	{name: "coder, takeover offered", dial: coder(takeover), deflate: true, named: true},
	{name: "coder, no takeover", dial: coder(noTakeover), deflate: true, slow: true},
	{name: "coder, plain", dial: coder(plain), named: true},
	{name: "gws, takeover offered", dial: gwsClient(takeover), deflate: true, named: true, slow: true},
	{name: "gws, no takeover", dial: gwsClient(noTakeover), deflate: true},
	{name: "gws, windows of 10 bits", dial: gwsClient(smallWindow), deflate: true, small: 10},
	{name: "gws, plain", dial: gwsClient(plain), named: true},
	{name: "ws, takeover offered", script: "ws.mjs", deflate: true, named: true, options: map[string]any{"perMessageDeflate": map[string]any{"threshold": 0}}},
	{name: "ws, no takeover", script: "ws.mjs", deflate: true, slow: true, options: map[string]any{"perMessageDeflate": map[string]any{"serverNoContextTakeover": true, "clientNoContextTakeover": true}}},
	{name: "ws, windows of 10 bits", script: "ws.mjs", deflate: true, small: 10, options: map[string]any{"perMessageDeflate": map[string]any{"serverMaxWindowBits": 10, "clientMaxWindowBits": 10, "threshold": 0}}},
	{name: "ws, plain", script: "ws.mjs", named: true, slow: true, options: map[string]any{"perMessageDeflate": false}},
	{name: "undici, named", script: "undici.mjs", deflate: true, wordy: true, named: true},
	{name: "undici, slow", script: "undici.mjs", deflate: true, wordy: true, slow: true},
	{name: "websockets, named", script: "visit.py", deflate: true, named: true},
	{name: "websockets, slow", script: "visit.py", deflate: true, slow: true},
	{name: "websockets, plain", script: "visit.py", options: map[string]any{"compression": nil}},
	{name: "Chromium, named", script: "socket.mjs", deflate: true, named: true, mute: true},
	{name: "Chromium, slow", script: "socket.mjs", deflate: true, slow: true, mute: true},
}

// TestClientsOfOtherMakersEndWithTheServersValues has them all on one server
// at the same time, in a market that is slow and fast by turns, while they
// ping and change their watchlists. Each must get every update as it went over
// the line, end with the values of the server's own snapshot, have been told
// every trade and the last state of every bar, and be told why the server
// closes.
func TestClientsOfOtherMakersEndWithTheServersValues(t *testing.T) {
	m := newMatrix(t)
	m.open(0, early)
	m.invite()
	// The tickers are what each subscribed last, and of bars there was only one of
	// each symbol so far.
	m.waitFor("every client has the first snapshots", func(p *tap) bool { return p.has(m.newest) && p.hasBars() })
	m.truth.begin()

	m.walk(early)
	m.rush(early, 15_000)
	m.rest("frames of several updates, spliced", func(p *tap) bool { return p.guest.deflate == p.spliced.several() })
	m.open(early, symbols)
	m.waitFor("every client has the new symbols", func(p *tap) bool { return p.has(m.newest) && p.hasAll() })
	m.rush(symbols, 10_000)
	m.rest("frames of several updates, raw", func(p *tap) bool { return p.raw.several() })
	m.walk(symbols)
	m.waitFor("every client has the last values, all trades and all bars", func(p *tap) bool { return p.has(m.newest) && p.hasAll() })

	want := m.values()
	m.stop()
	m.compare(want)
}

// matrix is an exchange and the guests with the taps on their connections.
type matrix struct {
	*exchange
	taps    []*tap
	reports chan account
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{exchange: newExchange(t), reports: make(chan account, len(guests))}
	m.serve(narrow{ln}, gateway.Config{})
	return m
}

// narrow is a listener whose connections have little room for what is on its
// way, so that a slow reader is soon felt; but no less at the other end than a
// segment of the loopback, or TCP would wait for its timers instead of the reader.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err == nil {
		conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	return conn, err
}

// invite connects every guest through a tap of its own.
func (m *matrix) invite() {
	scripts := scriptsToRun(m.t)
	tasks := make(map[string][]task)
	for _, g := range guests {
		if _, can := scripts[g.script]; g.script != "" && !can {
			continue
		}
		p := newTap(m.t, g, m.addr, m.truth)
		m.taps = append(m.taps, p)
		task := newTask(g, p.url(), "http://"+m.addr+"/v1/symbols")
		if g.dial != nil {
			visitInGo(m.t, g.dial, task, m.reports)
		} else {
			tasks[g.script] = append(tasks[g.script], task)
		}
	}
	for script, tasks := range tasks {
		visitInScript(m.t, script, scripts[script], tasks, m.reports)
	}
}

// walk is a slow market: 1 to n symbols tick, and the clients get that before
// it goes on, but for the symbols that they may have dropped just now.
func (m *matrix) walk(n int) {
	for k := 1; k <= n; k++ {
		for _, i := range m.random.Perm(n)[:k] {
			m.tick(i)
		}
		kept := maps.Clone(m.newest)
		maps.DeleteFunc(kept, func(symbol string, _ int64) bool { return strings.HasPrefix(symbol, churned) })
		m.waitFor("every client has the newest values", func(p *tap) bool { return p.has(kept) })
	}
}

// rush is a fast market, in bursts with a breath between them.
func (m *matrix) rush(n, ticks int) {
	for _, p := range m.taps {
		p.crawl.Store(p.guest.slow)
	}
	breath := time.NewTicker(time.Millisecond)
	defer breath.Stop()
	bursts := [...]int{1, 2, 10, 60, 300}
	for ticks > 0 {
		burst := bursts[m.random.IntN(len(bursts))]
		m.burst(n, burst)
		ticks -= burst
		<-breath.C
	}
	for _, p := range m.taps {
		p.crawl.Store(false)
	}
}

// rest is a market in which nothing happens, until every client has had a
// heartbeat and what else is asked for.
func (m *matrix) rest(what string, condition func(*tap) bool) {
	before := make(map[*tap]int)
	for _, p := range m.taps {
		p.read(func() { before[p] = p.heartbeats })
	}
	m.waitFor("every client gets heartbeats and "+what, func(p *tap) bool {
		return p.has(m.newest) && p.heartbeats > before[p] && condition(p)
	})
}

// waitFor waits until every tap has seen what is asked for.
func (m *matrix) waitFor(why string, condition func(*tap) bool) {
	m.t.Helper()
	until(m.t, why, func() bool {
		m.checkNobodyLeft()
		for _, p := range m.taps {
			there := false
			p.read(func() { there = condition(p) })
			if !there {
				return false
			}
		}
		return true
	})
}

func (m *matrix) checkNobodyLeft() {
	m.t.Helper()
	select {
	case r := <-m.reports:
		for _, p := range m.taps {
			if p.guest.name == r.Name {
				m.t.Errorf("%s", p.evidence())
			}
		}
		m.t.Fatalf("a client ended too early: %+v", r)
	default:
	}
}

// compare checks every guest's report, and what its tap saw.
func (m *matrix) compare(want sums) {
	reports := make(map[string]account)
	deadline := time.After(patience)
	for range m.taps {
		select {
		case r := <-m.reports:
			reports[r.Name] = r
		case <-deadline:
			m.t.Fatalf("%d of %d clients have told what they saw", len(reports), len(m.taps))
		}
	}
	for _, p := range m.taps {
		p.close()
		m.t.Run(p.guest.name, func(t *testing.T) {
			r := reports[p.guest.name]
			r.check(t, p.guest, want)
			if r.Stream != p.stream.Sum32() {
				t.Errorf("all its updates in order: got hash %08x, want %08x, which is what went over the line", r.Stream, p.stream.Sum32())
			}
			p.check(t)
			t.Logf("%d messages, %d pings, %d answers; frames by updates: spliced %v, raw %v; %d of its own compressed",
				r.Messages, r.Pings, r.Answers, p.spliced, p.raw, p.deflated)
			if t.Failed() {
				t.Log(p.evidence())
			}
		})
	}
	stats := m.hub.Stats()
	if stats.Conflated == 0 || stats.Ended[fanout.ServerEnds] != uint64(len(m.taps)) {
		m.t.Errorf("the server: got %+v, want conflated ticks and %d connections that ended with it", stats, len(m.taps))
	}
	m.t.Logf("%d ticks, %d frames, %d updates, %d ticks conflated", m.offset, stats.Frames, stats.Updates, stats.Conflated)
}

// check is about one client's own view.
func (r account) check(t *testing.T, g guest, want sums) {
	if r.sums != want {
		t.Errorf("got %+v, want %+v", r.sums, want)
	}
	for _, fault := range r.Faults {
		t.Errorf("fault: %s", fault)
	}
	if r.Code != wire.CloseGoingAway {
		t.Errorf("close code: got %d, want %d", r.Code, wire.CloseGoingAway)
	}
	if g.named != (r.Protocol == wire.Subprotocol) || !g.named && r.Protocol != "" {
		t.Errorf("subprotocol: got %q, and it was named: %v", r.Protocol, g.named)
	}
	if g.deflate != strings.HasPrefix(r.Extensions, "permessage-deflate") {
		t.Errorf("extensions: got %q, and it offered deflate: %v", r.Extensions, g.deflate)
	}
	const several = 10
	if r.Answers < several {
		t.Errorf("answers: got %d, want at least %d", r.Answers, several)
	}
	if !g.mute && (r.Pongs < several || r.Pings-r.Pongs > 1) {
		t.Errorf("pongs: got %d for %d pings, want all but the last, and at least %d", r.Pongs, r.Pings, several)
	}
}
