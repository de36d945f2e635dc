package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// panelOf reads the answer of a handler that must give one.
func panelOf(t *testing.T, w *httptest.ResponseRecorder) (a panelAnswer) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s, want the panel", w.Code, w.Body)
	}
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// lookAnew has the next answer be of now.
func (s *server) lookAnew(t *testing.T) panelAnswer {
	t.Helper()
	s.panel.newest.Store(nil)
	return panelOf(t, asked(s.Admin(), "/v1/server"))
}

func TestABlockedClientIsTheSlowest(t *testing.T) {
	const symbols = 200
	c := Config{Node: "n1", Version: "v1.2.3", Access: verifier{"slow": {Subject: "desk-7"}, "quick": {Subject: "desk-8"}, "ops": {Operator: true}}}
	c.Partitions = func() []Partition {
		return []Partition{{ID: 3, Next: 7, End: 9, Lag: 2, Ticks: 5, Health: feed.Health{Behind: 2 * time.Second}}}
	}
	s := serve(t, c, fanout.Policy{Idle: time.Hour, Stall: time.Hour})
	offset := int64(0)
	round := func() {
		for i := range symbols {
			s.trade(fmt.Sprintf("SYM%03d", i), offset, fmt.Sprint(offset))
			offset++
		}
	}
	round()
	events := listen(t, s.addr, "symbols=SYM000", http.Header{"Authorization": {"Bearer quick"}})
	event[wire.Data](events)
	waiting := dial(t, s.addr)
	message[wire.Hello](waiting)
	slow := dial(t, s.addr, "Authorization: Bearer slow")
	hello := message[wire.Hello](slow)
	slow.text(`{"op":"subscribe","channel":"ticker","symbols":["*"]}`)
	message[wire.Data](slow) // and reads no more
	until(t, "the client that does not read is blocked, and has all symbols pending, some of them of several ticks", func() bool {
		round()
		all := s.hub.Census(1).Slowest
		return len(all) > 0 && all[0].Blocked >= time.Millisecond && all[0].Pending == symbols && all[0].Conflated > 0
	})
	a := s.lookAnew(t)
	if len(a.Slowest) == 0 {
		t.Fatalf("got nobody in %+v", a)
	}
	worst := a.Slowest[0]
	if worst.Conn != hello.Conn || worst.Kind != "plain" || worst.Subject != "desk-7" || worst.Remote != slow.conn.LocalAddr().String() || worst.BlockedMS == 0 ||
		worst.Pending != symbols || worst.Conflated == 0 || worst.Bytes == 0 || time.Since(time.UnixMicro(worst.Since)) > patience {
		t.Errorf("the slowest: got %+v, want desk-7's connection %s of %v, blocked", worst, hello.Conn, slow.conn.LocalAddr())
	}
	if want := (connectionsAnswer{All: 3, Plain: 1, Events: 1, Waiting: 1}); a.Connections != want {
		t.Errorf("connections: got %+v, want %+v", a.Connections, want)
	}
	if a.Node != "n1" || a.Version != "v1.2.3" || a.Terms != 2 || a.Symbols != symbols || a.Watched != symbols || a.Ticks != uint64(offset) || a.Shards != 2 {
		t.Errorf("got %+v", a)
	}
	if a.Frames == 0 || a.Updates == 0 || a.TextBytes == 0 || a.Bytes == 0 || a.Conflated < worst.Conflated || a.Pulses == 0 || a.PulseUS == 0 || a.HeapBytes == 0 || a.Goroutines == 0 {
		t.Errorf("a counter is 0: got %+v", a)
	}
	if a.Feed.State != wire.Stale || a.Feed.AgeMS == 0 { // its ticks are of 1970
		t.Errorf("feed: got %+v, want stale", a.Feed)
	}
	if want := (partitionAnswer{Partition: 3, Next: 7, End: 9, Lag: 2, Ticks: 5, BehindMS: 2000}); len(a.Partitions) != 1 || a.Partitions[0] != want {
		t.Errorf("partitions: got %+v, want %+v", a.Partitions, want)
	}
	if status, body := rest(t, s.addr, "/v1/server", "ops"); status != http.StatusOK || !strings.Contains(body, hello.Conn) || strings.Contains(body, slow.conn.LocalAddr().String()) || strings.Contains(body, `"remote"`) {
		t.Errorf("on the address of clients: got %d %s, want the same without addresses", status, body)
	}
	if again := panelOf(t, asked(s.Admin(), "/v1/server")); again.Slowest[0].Remote == "" {
		t.Error("an answer to a client took the address out of that of the admin address")
	}
}

func TestOperatorsAloneSeeThePanel(t *testing.T) {
	late := fanout.New(fanout.Config{Shards: 1})
	s := serve(t, Config{
		Access:  verifier{"client": {}, "late": {Delay: time.Minute}, "ops": {Operator: true, Symbols: []string{}, Channels: []string{}}, "late-ops": {Delay: time.Minute, Operator: true}},
		Delayed: func(time.Duration) (*fanout.Hub, error) { return late, nil },
		// With tokens it counts for nothing.
		AnyOperator: true,
	}, fanout.Policy{})
	for token, want := range map[string]int{"": 401, "nonsense": 401, "client": 403, "late": 403, "ops": 200, "late-ops": 200} {
		status, body := rest(t, s.addr, "/v1/server", token)
		if status != want || (status == http.StatusOK) != strings.Contains(body, `"slowest"`) {
			t.Errorf("%q: got %d %s, want %d", token, status, body, want)
		}
		if want == http.StatusForbidden && !strings.Contains(body, string(wire.NotEntitled)) {
			t.Errorf("%q: got %s, want %s", token, body, wire.NotEntitled)
		}
		if want == http.StatusUnauthorized {
			continue
		}
		p := dial(t, s.addr, "Authorization: Bearer "+token)
		if hello := message[wire.Hello](p); hello.Operator != (want == http.StatusOK) {
			t.Errorf("%q: hello says %+v, want whether it is an operator", token, hello)
		}
		later := dial(t, s.addr)
		if hello := message[wire.Hello](later); hello.Operator {
			t.Errorf("%q: hello says %+v before the token", token, hello)
		}
		later.text(authOp(token))
		if ack := message[wire.Ack](later); ack.Operator != (want == http.StatusOK) {
			t.Errorf("%q: the ack says %+v, want whether it is an operator", token, ack)
		}
	}
	if got := s.turnedAwayFor(whyEntitled); got != 2 {
		t.Errorf("turned away: counted %v, want 2", got)
	}
	until(t, "those of delayed values are counted as such", func() bool {
		a := s.lookAnew(t)
		return a.Connections.Plain == 8 && a.Connections.Delayed == 4 && a.Shards == 3
	})
	r, _ := http.NewRequest("GET", "http://"+s.addr+"/v1/server", nil)
	r.Header = http.Header{"Authorization": {"Bearer ops"}, "Origin": {"https://evil.example"}}
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, r); w.Code != http.StatusForbidden || w.Header().Get("Access-Control-Allow-Origin") != "" || strings.Contains(w.Body.String(), "slowest") {
		t.Errorf("a page of another site: got %d %v %s, want 403", w.Code, w.Header(), w.Body)
	}
}

// TestATokenOfNoOperatorDoesNotReplaceOnes: a connection stays what hello said.
func TestATokenOfNoOperatorDoesNotReplaceOnes(t *testing.T) {
	s := serve(t, Config{Access: verifier{"ops": {Subject: "a", Operator: true}, "client": {Subject: "a"}}}, fanout.Policy{})
	p := dial(t, s.addr, "Authorization: Bearer ops")
	p.text(authOp("client"))
	if e := message[wire.Error](p); e.Code != wire.NotEntitled {
		t.Errorf("got %+v, want %s", e, wire.NotEntitled)
	}
	p.text(authOp("ops"))
	if ack := message[wire.Ack](p); !ack.Operator {
		t.Errorf("got %+v, want what hello said", ack)
	}
}

// TestWithoutTokensThePanelIsForNamesThatAreOurs: a page that has its own name
// lead here (DNS rebinding) is taken for ours by the browser, and sends no Origin.
func TestWithoutTokensThePanelIsForNamesThatAreOurs(t *testing.T) {
	origins, err := ParseOrigins("https://ticks.example", "http://lan.example:8080", "https://*.b.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		any, named bool
		host       string
		want       int
	}{
		{false, true, "127.0.0.1:8080", 403},
		{true, false, "127.0.0.1:8080", 200},
		{true, false, "[::1]:8080", 200},
		{true, false, "192.0.2.7", 200},
		{true, false, "LOCALHOST:8080", 200},
		{true, false, "app.localhost", 200},
		{true, false, "evil.example:8080", 403},
		{true, false, "localhost.evil.example", 403},
		{true, false, "127.0.0.1.evil.example", 403},
		{true, false, "127.0.0.1@evil.example", 403},
		{true, false, "", 403},
		{true, false, "::", 403},
		{true, true, "ticks.example", 200},
		{true, true, "Lan.example:8080", 200},
		{true, true, "lan.example:8081", 403},
		{true, true, "a.b.example", 200},
		{true, true, "b.example", 403},
		{true, true, "evil.example", 403},
	} {
		c := Config{Hub: newHub(t), AnyOperator: tc.any}
		if tc.named {
			c.Limits.Origins = origins
		}
		w, r := recorded("GET", "/v1/server")
		r.Host = tc.host
		if New(c).Handler().ServeHTTP(w, r); w.Code != tc.want {
			t.Errorf("%+v: got %d %s", tc, w.Code, w.Body)
		}
	}
}

// TestThePanelIsLookedAtOnceInAWhile however many ask at a time.
func TestThePanelIsLookedAtOnceInAWhile(t *testing.T) {
	asked, times := make(chan struct{}, 1000), make(chan int64)
	c := Config{Hub: newHub(t), Partitions: func() []Partition {
		asked <- struct{}{}
		return nil
	}}
	g := New(c)
	began := time.Now()
	for range 50 {
		go func() { times <- g.panel.answer().Time }()
	}
	for range 50 {
		if at := <-times; at == 0 {
			t.Error("an answer without a time")
		}
	}
	looks := len(asked)
	if most := 1 + int(time.Since(began)/panelEvery); looks < 1 || looks > most {
		t.Errorf("50 asked at once: got %d looks, want 1 to %d", looks, most)
	}
	before := g.panel.answer().Time
	g.panel.newest.Load().at = time.Now().Add(-panelEvery)
	if after := g.panel.answer().Time; after <= before {
		t.Errorf("a while later: got the answer of %d, want one after %d", after, before)
	}
}
