package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tickwire/deploy/needs"
	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
)

// hearers are clients of Server-Sent Events that nobody here wrote.
var hearers = []struct {
	name    string
	browser bool     // Chromium's EventSource, which comes again by itself; else curl
	secure  bool     // over TLS
	args    []string // of curl
	header  []string // what must be in the header of the answer
}{
	{name: "curl", header: []string{"HTTP/1.1 200"}},
	{name: "curl, compressed", args: []string{"--compressed"}, header: []string{"HTTP/1.1 200", "Content-Encoding: gzip"}},
	{name: "curl, HTTP/2", secure: true, args: []string{"--http2", "--insecure"}, header: []string{"HTTP/2 200"}},
	{name: "curl, HTTP/2, compressed", secure: true, args: []string{"--http2", "--insecure", "--compressed"}, header: []string{"HTTP/2 200", "content-encoding: gzip"}},
	{name: "Chromium's EventSource", browser: true},
}

// TestHearersOfOtherMakersGoOnWhereTheyWereCutOff has each hear ticker, trades
// and bars until it is cut off: curl is killed, and comes again with the last id;
// a browser loses its server, which comes again at the same address. The market
// goes on meanwhile. No trade may be missing or be told that the id said it had,
// and all must end with the server's values.
func TestHearersOfOtherMakersGoOnWhereTheyWereCutOff(t *testing.T) {
	for _, one := range hearers {
		t.Run(one.name, func(t *testing.T) {
			x := newExchange(t)
			h := newHearing(x)
			var from interpreter
			if one.browser {
				from = interpreter{"node", []string{"CHROMIUM=" + browser(t)}}
			} else {
				_, err := exec.LookPath("curl")
				needs.Have(t, "curl", err)
			}
			x.listen("127.0.0.1:0", one.secure)
			x.open(0, early)
			dumped := filepath.Join(t.TempDir(), "header")
			hear := func() *program {
				if one.browser {
					return startScript(t, from, "events.mjs", map[string]string{"page": "http://" + x.addr + "/v1/symbols", "url": h.url(false)}, byLine(h.line))
				}
				args := append([]string{"--no-buffer", "--silent", "--show-error", "--dump-header", dumped}, one.args...)
				if h.id != "" {
					args = append(args, "--header", "Last-Event-ID: "+h.id)
				}
				return startProgram(t, exec.Command("curl", append(args, h.url(one.secure))...), byLine(h.field))
			}
			hearer := hear()
			defer func() {
				if t.Failed() {
					t.Logf("it said: %s", hearer.stderr.text())
				}
			}()
			h.waitFor("the first snapshots", func() bool { return h.hasNewest() && h.hasBars() })
			x.truth.begin()
			for range 10 {
				x.burst(early, 200)
				h.waitFor("all trades and bars", func() bool { return h.hasTrades() && h.hasBars() })
			}
			h.waitFor("the newest values", h.hasNewest)
			want := x.truth.sums()
			if !one.secure {
				want = x.values()
			}
			if got := h.sums(); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}

			x.burst(early, 500)
			if one.browser {
				x.stop()
				x.burst(early, 1000)
				x.listen(x.addr, false)
			} else {
				hearer.kill()
				x.burst(early, 1000)
				h.again()
				hearer = hear()
			}
			x.open(early, symbols)
			x.burst(symbols, 2000)
			h.waitFor("all trades and the newest values and bars", func() bool { return h.hasTrades() && h.hasNewest() && h.hasNewestBars() })
			got, want := h.sums(), x.truth.sums()
			got.Bars, got.BarHash = want.Bars, want.BarHash // of those that ended while it was away /v1/bars has the last state
			if got != want {
				t.Errorf("after it was cut off: got %+v, want %+v", got, want)
			}
			h.check(t, one.browser)
			if header, _ := os.ReadFile(dumped); !one.browser {
				for _, line := range one.header {
					if !bytes.Contains(header, []byte(line)) {
						t.Errorf("header: got %s, want %s in it", header, line)
					}
				}
			}
		})
	}
}

// listen serves at an address, whose port is free again if a server has ended.
func (x *exchange) listen(addr string, secure bool) {
	x.t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		x.t.Fatal(err)
	}
	var c gateway.Config
	if secure {
		lent := httptest.NewTLSServer(nil) // for its certificate
		lent.Close()
		c.TLS = &tls.Config{Certificates: lent.TLS.Certificates}
	}
	x.serve(ln, c)
}

// byLine calls a function for each line that is written to it.
func byLine(take func(line string)) *lineWriter { return &lineWriter{take: take} }

type lineWriter struct {
	rest []byte
	take func(line string)
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		line, rest, whole := bytes.Cut(w.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		w.take(string(line))
		w.rest = rest
	}
}

// hearing is what a client of events has got, over all its connections.
type hearing struct {
	x *exchange

	mu          sync.Mutex // protects what follows
	ledger      *ledger
	data        strings.Builder // of the event that is being read
	id          string          // of the last event
	has         int64           // up to which seq the client said to have all when it came; -1: it said nothing
	connections int
	repeated    int // trades that it had beyond what it said
	farewells   []string
}

func newHearing(x *exchange) *hearing {
	return &hearing{x: x, ledger: newLedger(x.t.Name()), has: -1, connections: 1}
}

func (h *hearing) url(secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s/v1/sse?symbols=T-*&channel=%s,%s,%s", scheme, h.x.addr, wire.Trades, wire.Bars1s, wire.Ticker)
}

// field takes one line of the stream.
func (h *hearing) field(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "id":
		h.id = value
	case "data":
		h.data.WriteString(value)
	case "retry":
	case "":
		if h.data.Len() > 0 {
			h.take(h.data.String())
			h.data.Reset()
		}
	default:
		h.ledger.fault("a line that the server has no reason to send: %q", line)
	}
}

// line takes one line of events.mjs.
func (h *hearing) line(line string) {
	var e struct {
		Kind     string
		ID, Data string
	}
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		h.ledger.fault("%v: %s", err, line)
	}
	switch e.Kind {
	case "open":
		if h.connected() {
			h.again()
		}
	case "closed":
		h.mu.Lock()
		h.ledger.fault("the browser has given up")
		h.mu.Unlock()
	case "message":
		h.mu.Lock()
		h.id = e.ID
		h.take(e.Data)
		h.mu.Unlock()
	}
}

// connected reports whether there was a connection before.
func (h *hearing) connected() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ledger.report.Messages > 0
}

// again tells that a new connection begins, with the id of the last event. What
// was cut off is no event.
func (h *hearing) again() {
	h.mu.Lock()
	defer h.mu.Unlock()
	seq, _ := strings.CutPrefix(h.id, "0-")
	has, err := strconv.ParseInt(seq, 10, 64)
	if err != nil {
		h.ledger.fault("the id %q: want 0 and a seq", h.id)
	}
	h.has = has
	h.connections++
	h.data.Reset()
	h.ledger.report.Messages = 0
}

func (h *hearing) take(text string) {
	var m message
	if json.Unmarshal([]byte(text), &m) == nil && m.Type == wire.TypeError {
		h.farewells = append(h.farewells, m.Code)
		return
	}
	h.ledger.takeFor(h, []byte(text))
}

func (h *hearing) takeUpdate(kind string, u update) error {
	if err := h.x.truth.checkUpdate(u); err != nil {
		return err
	}
	return h.ledger.takeUpdate(kind, u)
}

func (h *hearing) takeTrade(t trade) error {
	if h.has >= 0 && t.Q <= h.ledger.last[t.S] && t.Q > h.has {
		h.repeated++
		return nil
	}
	if err := h.x.truth.checkTrade(t, len(h.ledger.trades[t.S])); err != nil {
		return err
	}
	return h.ledger.takeTrade(t)
}

func (h *hearing) takeBar(b bar) error {
	if err := h.x.truth.checkBar(b); err != nil {
		return err
	}
	return h.ledger.takeBar(b)
}

func (h *hearing) waitFor(why string, condition func() bool) {
	h.x.t.Helper()
	until(h.x.t, why, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if faults := h.ledger.report.Faults; len(faults) > 0 {
			h.x.t.Fatalf("faults: %s", strings.Join(faults, "\n"))
		}
		return condition()
	})
}

// What it has is asked with the lock.

func (h *hearing) hasNewest() bool {
	for symbol, seq := range h.x.newest {
		if h.ledger.latest[symbol].Q != seq {
			return false
		}
	}
	return true
}

func (h *hearing) hasTrades() bool {
	told := make(map[string]int)
	for symbol, rows := range h.ledger.trades {
		told[symbol] = len(rows)
	}
	missing, _ := h.x.truth.missing(told, nil)
	return missing == 0
}

func (h *hearing) hasBars() bool {
	_, missing := h.x.truth.missing(nil, h.ledger.bars)
	return len(missing) == 0
}

// hasNewestBars is about the last bar of every symbol.
func (h *hearing) hasNewestBars() bool {
	newest := make(map[string]bar)
	for _, b := range h.ledger.bars {
		if b.T > newest[b.S].T {
			newest[b.S] = b
		}
	}
	for symbol := range h.x.newest {
		if all := h.x.truth.barsOf(symbol); len(all) > 0 && newest[symbol].String() != all[len(all)-1] {
			return false
		}
	}
	return true
}

func (h *hearing) sums() sums {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ledger.sums()
}

func (h *hearing) check(t *testing.T, farewell bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, fault := range h.ledger.report.Faults {
		t.Errorf("fault: %s", fault)
	}
	if h.connections != 2 {
		t.Errorf("connections: got %d, want 2", h.connections)
	}
	var want []string
	if farewell {
		want = []string{fanout.ServerEnds.String()}
	}
	if !slices.Equal(h.farewells, want) {
		t.Errorf("farewells: got %v, want %v", h.farewells, want)
	}
	t.Logf("%d trades of %d symbols; resumed after seq %d, %d trades came again", h.ledger.sums().Trades, len(slices.Collect(maps.Keys(h.ledger.latest))), h.has, h.repeated)
}
