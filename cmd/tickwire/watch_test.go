package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"tickwire/fanout"
	"tickwire/fanout/client"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// A board at 12:00:00 of a day that never changes.
var watchNoon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func watchBoardAt(now *time.Time) *watchBoard {
	b := newWatchBoard()
	b.now = func() time.Time { return *now }
	return b
}

func watchUpdate(symbol string, ordinal uint64, at time.Time, price string) wire.Update {
	return wire.Update{Symbol: symbol, Seq: int64(ordinal), Ordinal: ordinal, Time: at.UnixMicro(), Price: feed.Number(price),
		Bid: feed.Number("1.0"), Ask: feed.Number("1.2")}
}

func TestWatchRowsTellHowThePriceMoved(t *testing.T) {
	for _, tc := range []struct {
		scenario        string
		prices          []string
		change, percent string
		moved, gained   int
	}{
		{"no trade yet", []string{""}, "", "", 0, 0},
		{"the first price", []string{"100.50"}, "0.00", "0.00%", 0, 0},
		{"the first price comes later", []string{"", "100.50", "101.50"}, "+1.00", "+1.00%", 1, 1},
		{"up", []string{"100.50", "100.52"}, "+0.02", "+0.02%", 1, 1},
		{"down, but above the start", []string{"100", "103", "101"}, "+1", "+1.00%", -1, 1},
		{"the same again keeps the last move", []string{"100", "103", "103"}, "+3", "+3.00%", 1, 1},
		{"the same price with other zeros", []string{"100", "103", "103.0"}, "+3.0", "+3.00%", 1, 1},
		{"more digits than a float has", []string{"0.100000000000000000001", "0.100000000000000000003"}, "+0.000000000000000000002", "0.00%", 1, 1},
		{"below nought, as power is sold", []string{"-10.00", "-12.50"}, "-2.50", "-25.00%", -1, -1},
		{"from nought", []string{"0", "5"}, "+5", "", 1, 1},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			now := watchNoon
			b := watchBoardAt(&now)
			for i, price := range tc.prices {
				b.update([]wire.Update{watchUpdate("X", uint64(i+1), now, price)}, i == 0)
			}
			got := b.page(0, 10).lines[0]
			if got.change != tc.change || got.percent != tc.percent || got.moved != tc.moved || got.gained != tc.gained {
				t.Errorf("got change %q %q, moved %d, gained %d, want %q %q, %d, %d",
					got.change, got.percent, got.moved, got.gained, tc.change, tc.percent, tc.moved, tc.gained)
			}
		})
	}
}

func TestWatchPages(t *testing.T) {
	now := watchNoon
	b := watchBoardAt(&now)
	for _, s := range []string{"D", "A", "C", "E", "B"} {
		b.update([]wire.Update{watchUpdate(s, 1, now, "1")}, true)
	}
	for _, tc := range []struct {
		first, n int
		want     string
	}{
		{0, 3, "A B C"}, {1, 3, "B C D"}, {2, 3, "C D E"}, {9, 3, "C D E"}, {-1, 2, "A B"}, {3, 9, "A B C D E"},
	} {
		var got []string
		for _, l := range b.page(tc.first, tc.n).lines {
			got = append(got, l.symbol)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("page(%d, %d): got %v, want %s", tc.first, tc.n, got, tc.want)
		}
	}
}

func TestWatchADeniedSymbolMayStillCome(t *testing.T) {
	now := watchNoon
	b := watchBoardAt(&now)
	b.deny([]wire.Denied{{Symbol: "X", Code: wire.UnknownSymbol}})
	if got := b.page(0, 1).lines[0].name(); got != "X (unknown symbol)" {
		t.Errorf("got %q, want the verdict", got)
	}
	b.update([]wire.Update{watchUpdate("X", 1, now, "1")}, true)
	if got := b.page(0, 1).lines[0]; got.name() != "X" || got.last != "1" {
		t.Errorf("got %q %q, want its values", got.name(), got.last)
	}
}

func TestWatchPace(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		counts   map[int]uint64 // by second
		at       int
		want     float64
	}{
		{"nothing yet", nil, 3, 0},
		{"the first second", map[int]uint64{0: 7}, 0, 7},
		{"one whole second", map[int]uint64{0: 7, 1: 100}, 1, 7},
		{"the mean of the whole ones", map[int]uint64{0: 1, 1: 2, 2: 3, 3: 4, 4: 5}, 4, 2.5},
		{"old ones are gone", map[int]uint64{0: 1000, 4: 8, 5: 99}, 5, 2},
		{"a pause", map[int]uint64{0: 1000, 1: 1000}, 60, 0},
		{"after a pause", map[int]uint64{0: 1000, 60: 5}, 61, 1.25},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var p watchPace
			for s := 0; s <= tc.at; s++ {
				if n, ok := tc.counts[s]; ok {
					p.add(watchNoon.Add(time.Duration(s)*time.Second), n)
				}
			}
			if got := p.perSecond(watchNoon.Add(time.Duration(tc.at) * time.Second)); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWatchTicksAreCountedByOrdinal(t *testing.T) {
	now := watchNoon
	b := watchBoardAt(&now)
	b.update([]wire.Update{watchUpdate("X", 1000, now, "1")}, true) // how they came is not known
	b.update([]wire.Update{watchUpdate("X", 1010, now, "1")}, false)
	b.update([]wire.Update{watchUpdate("X", 5, now, "1")}, true) // another node
	b.update([]wire.Update{watchUpdate("X", 7, now, "1")}, false)
	now = now.Add(time.Second)
	page := b.page(0, 1)
	if page.lines[0].perSec != 12 || page.updates != 4 {
		t.Errorf("got %v ticks and %v updates a second, want 12 and 4", page.lines[0].perSec, page.updates)
	}
}

func TestWatchCountsAnewOnEveryConnection(t *testing.T) {
	now := watchNoon
	b := watchBoardAt(&now)
	b.update([]wire.Update{watchUpdate("X", 10, now, "1")}, true)
	b.state(client.State{Phase: client.Waiting})
	b.state(client.State{Phase: client.Connected})
	b.update([]wire.Update{watchUpdate("X", 90000, now, "1")}, false) // resumed on another node, which has counted more
	b.update([]wire.Update{watchUpdate("X", 90003, now, "1")}, false)
	now = now.Add(time.Second)
	if got := b.page(0, 1).lines[0].perSec; got != 3 {
		t.Errorf("got %v ticks a second, want 3", got)
	}
}

func TestWatchSaysWhenTheFeedIsNotLive(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		status   wire.Status
		want     string // behind the connection
	}{
		{"live", wire.Status{Scope: wire.ScopeFeed, State: wire.Live, AgeMS: 10}, ""},
		{"lagging", wire.Status{Scope: wire.ScopeFeed, State: wire.Lagging, AgeMS: 5400}, "  ! feed lagging, newest tick 5.4s old"},
		{"down, without a tick", wire.Status{Scope: wire.ScopeFeed, State: wire.Down}, "  ! feed down"},
		{"a symbol alone", wire.Status{Scope: wire.ScopeSymbol, Symbol: "X", State: wire.Stale}, ""},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			b := watchScene()
			b.status(wire.Status{Scope: wire.ScopeFeed, State: tc.status.State})
			b.status(wire.Status{Scope: wire.ScopeFeed, State: wire.Live})
			b.status(tc.status)
			got, _, _ := strings.Cut(watchText(watchPainted(b, 100, 12)), "\n")
			if want := "ws://host/v1/ws  ● connected to node-1" + tc.want; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// watchScene is a board with something of everything.
func watchScene() *watchBoard {
	now := watchNoon
	b := watchBoardAt(&now)
	b.state(client.State{Phase: client.Connected, Node: "node-1"})
	b.update([]wire.Update{
		watchUpdate("BTC-USD", 1, now.Add(-90*time.Second), "67123.45"),
		watchUpdate("ETH-USD", 1, now, "2683.80"),
		watchUpdate("QUOTE-ONLY", 1, now.Add(-3*time.Hour), ""),
	}, true)
	b.update([]wire.Update{watchUpdate("BTC-USD", 4, now.Add(-90*time.Second), "67120.45")}, false)
	b.update([]wire.Update{watchUpdate("ETH-USD", 401, now, "2683.90")}, false)
	b.deny([]wire.Denied{{Symbol: "XYZ", Code: wire.UnknownSymbol}})
	now = now.Add(time.Second)
	return b
}

func watchPainted(b *watchBoard, width, height int) watchView {
	v := newWatchView("ws://host/v1/ws", b, watchPalette{})
	model, _ := v.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return model.(watchView)
}

// text of a view without the spaces at the ends of lines and without the help,
// which has colours of its own.
func watchText(v watchView) string {
	var lines []string
	for line := range strings.Lines(v.text()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Join(lines[:len(lines)-1], "\n")
}

func TestWatchView(t *testing.T) {
	for _, tc := range []struct {
		scenario      string
		width, height int
		want          string
	}{
		{"wide", 100, 12, `
ws://host/v1/ws  ● connected to node-1
4 symbols, 5.0 updates/s
 SYMBOL                      LAST  CHANGE      %  BID  ASK  TICKS/S    AGE
───────────────────────────────────────────────────────────────────────────
 BTC-USD               67120.45 ▼   -3.00  0.00%  1.0  1.2      3.0    91s
 ETH-USD                2683.90 ▲   +0.10  0.00%  1.0  1.2      400   1.0s
 QUOTE-ONLY                                       1.0  1.2        0     3h
 XYZ (unknown symbol)`},
		{"narrow and low", 50, 7, `
ws://host/v1/ws  ● connected to node-1
4 symbols, 5.0 updates/s, lines 1 to 2
 SYMBOL                      LAST  CHANGE    AGE
─────────────────────────────────────────────────
 BTC-USD               67120.45 ▼   -3.00    91s
 ETH-USD                2683.90 ▲   +0.10   1.0s`},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			if got := "\n" + watchText(watchPainted(watchScene(), tc.width, tc.height)); got != tc.want {
				t.Errorf("\n got:%s\nwant:%s", got, tc.want)
			}
		})
	}
}

func TestWatchKeysScroll(t *testing.T) {
	now := watchNoon
	b := watchBoardAt(&now)
	for c := 'A'; c <= 'Z'; c++ {
		b.update([]wire.Update{watchUpdate(string(c), 1, now, "1")}, true)
	}
	v := watchPainted(b, 80, watchHeader+watchFooter+5)
	for _, step := range []struct {
		key  tea.KeyPressMsg
		want string // on top
	}{
		{tea.KeyPressMsg{Code: tea.KeyUp}, "A"}, {tea.KeyPressMsg{Code: tea.KeyDown}, "B"}, {tea.KeyPressMsg{Code: tea.KeyPgDown}, "G"},
		{tea.KeyPressMsg{Code: 'k', Text: "k"}, "F"}, {tea.KeyPressMsg{Code: tea.KeyPgUp}, "A"}, {tea.KeyPressMsg{Code: tea.KeyEnd}, "V"},
		{tea.KeyPressMsg{Code: tea.KeyDown}, "V"}, {tea.KeyPressMsg{Code: tea.KeyHome}, "A"},
	} {
		model, _ := v.Update(step.key)
		v = model.(watchView)
		if got := v.page.lines[0].symbol; got != step.want {
			t.Errorf("after %s: got %s on top, want %s", step.key, got, step.want)
		}
	}
	for _, quit := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: 'c', Mod: tea.ModCtrl}} {
		if _, cmd := v.Update(quit); cmd == nil || cmd() != tea.Quit() {
			t.Errorf("%s does not quit", quit)
		}
	}
}

func TestWatchAges(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 1500 * time.Millisecond: "1.5s", 11 * time.Second: "11s", 3 * time.Minute: "3m", 5 * time.Hour: "5h", 800 * 24 * time.Hour: "800d",
	} {
		if got := age(d); got != want {
			t.Errorf("age(%v): got %s, want %s", d, got, want)
		}
	}
}

// watchServer is a real one with a tick of BTC-USD; tick gives it more.
func watchServer(t *testing.T) (url string, tick func(price string)) {
	others := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, others) })
	hub := fanout.New(fanout.Config{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { gateway.New(gateway.Config{Hub: hub, Node: "n"}).Run(ctx, ln) })
	t.Cleanup(func() { cancel(); running.Wait() })
	var offset int64
	tick = func(price string) {
		offset++
		hub.Apply(&feed.Tick{Symbol: []byte("BTC-USD"), Time: 1732242000123456, Price: feed.Number(price)}, feed.Position{Offset: offset})
	}
	tick("67123.450")
	return "ws://" + ln.Addr().String() + "/v1/ws", tick
}

func TestWatchJSONPrintsUpdatesAsTheyAreOnTheWire(t *testing.T) {
	url, tick := watchServer(t)
	read, write := io.Pipe()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	c := &watchCmd{URL: url, JSON: true, Symbols: []string{"BTC-*", "NONE"}}
	go func() { ended <- c.stream(ctx, write, &log) }()
	const one = `{"s":"BTC-USD","q":1,"n":1,"t":1732242000123456,"p":"67123.450","z":"","b":"","a":"","v":"0"}` + "\n"
	const two = `{"s":"BTC-USD","q":2,"n":2,"t":1732242000123456,"p":"67123.460","z":"","b":"","a":"","v":"0"}` + "\n"
	got := make([]byte, len(one))
	if _, err := io.ReadFull(read, got); err != nil || string(got) != one {
		t.Errorf("snapshot: got %s, %v, want %s", got, err, one)
	}
	tick("67123.460")
	if _, err := io.ReadFull(read, got); err != nil || string(got) != two {
		t.Errorf("update: got %s, %v, want %s", got, err, two)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v, want no error", err)
	}
	// The ticks are old, and the feed is said to be so.
	if want := "tickwire: watch: connected to n\ntickwire: watch: the feed is stale\ntickwire: watch: NONE: unknown_symbol\n"; log.String() != want {
		t.Errorf("log: got %q, want %q", log.String(), want)
	}
}

func TestWatchStreamPrintsEveryChannelAsItIsOnTheWire(t *testing.T) {
	var out, log bytes.Buffer
	var config client.Config
	(&watchStream{out: &out, log: &log, stop: func() { t.Error("stopped") }}).hook(&config)
	config.OnTrades([]wire.Trade{{Symbol: "A", Seq: 1, Price: feed.Number("1.50")}, {Symbol: "B", Seq: 2, Price: feed.Number("2")}})
	config.OnGap(wire.Gap{Type: wire.TypeGap, Channel: wire.Trades, Symbol: "A", From: 2, To: 9})
	config.OnStats([]wire.Stat{{Symbol: "A", Seq: 1}}, true)
	config.OnBars(wire.Bars1m, []wire.Bar{{Symbol: "A", Start: 60, Closed: true}}, false)
	config.OnStatus(wire.Status{Scope: wire.ScopeFeed, State: wire.Lagging})
	config.OnStatus(wire.Status{Scope: wire.ScopeSymbol, Symbol: "A", State: wire.Stale})
	const want = `{"s":"A","q":1,"t":0,"p":"1.50","z":"","d":""}
{"s":"B","q":2,"t":0,"p":"2","z":"","d":""}
{"type":"gap","channel":"trades","symbol":"A","from":2,"to":9}
{"s":"A","q":1,"t":0,"o":"","h":"","l":"","p":"","v":"","w":"","c":"","cp":"","k":0}
{"s":"A","t":60,"q":0,"o":"","h":"","l":"","c":"","v":"","k":0,"x":true}
`
	if out.String() != want {
		t.Errorf("got %s, want %s", out.String(), want)
	}
	if want := "tickwire: watch: the feed is lagging\ntickwire: watch: A is stale\n"; log.String() != want {
		t.Errorf("log: got %q, want %q", log.String(), want)
	}
}

func TestWatchShowsTheTokenThatTheFileHasNow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	shown := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	c := watchCmd{URL: "ws" + strings.TrimPrefix(server.URL, "http"), JSON: true, Symbols: []string{"*"}, Token: file}
	for _, token := range []string{"first", "second"} {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "HTTP 403") || strings.Contains(err.Error(), token) {
			t.Errorf("got %v, want the refusal without the token", err)
		}
		if got, want := <-shown, "Bearer "+token; got != want {
			t.Errorf("shown: got %q, want %q", got, want)
		}
	}
	os.WriteFile(file, []byte(" \n"), 0o600)
	if _, err := readToken(file); err == nil || !strings.Contains(err.Error(), file+" is empty") {
		t.Errorf("got %v, want that the file is empty", err)
	}
	os.Remove(file)
	if _, err := readToken(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no file", err)
	}
}

func TestWatchJSONEndsQuietlyWhenNobodyReads(t *testing.T) {
	url, _ := watchServer(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	read.Close()
	if err := (&watchCmd{URL: url, JSON: true, Symbols: []string{"*"}}).Run(t.Context(), write); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

func TestWatchSaysWhatIsWrong(t *testing.T) {
	url, _ := watchServer(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	for _, tc := range []struct {
		scenario string
		cmd      watchCmd
		says     string
	}{
		{"no terminal", watchCmd{URL: url, Symbols: []string{"*"}}, "--json"},
		{"a URL that is none", watchCmd{URL: "http://host", JSON: true, Symbols: []string{"*"}}, "must begin with ws://"},
		{"another path", watchCmd{URL: url + "x", JSON: true, Symbols: []string{"*"}}, "HTTP 404"},
		{"a table of trades", watchCmd{URL: url, Channel: "trades", Symbols: []string{"*"}}, "use --json for trades"},
		{"no such channel", watchCmd{URL: url, JSON: true, Channel: "book", Symbols: []string{"*"}}, "there is no channel \"book\": ticker, trades"},
		{"a bad symbol", watchCmd{URL: url, JSON: true, Symbols: []string{"A,B"}}, `"A,B"`},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			err := tc.cmd.Run(t.Context(), write)
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want a line with %q", err, tc.says)
			}
		})
	}
}

func TestWatchTableEndsWhenTheServerRefuses(t *testing.T) {
	url, _ := watchServer(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	drained := make(chan struct{})
	go func() { io.Copy(io.Discard, read); close(drained) }()
	refused := new(client.HandshakeError)
	c := watchCmd{URL: url + "x", Symbols: []string{"*"}}
	if err := c.table(t.Context(), write, tea.WithInput(nil)); !errors.As(err, &refused) {
		t.Errorf("got %v, want the refusal", err)
	}
	write.Close()
	<-drained
}
