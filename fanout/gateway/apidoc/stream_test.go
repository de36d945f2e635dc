package apidoc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/fanout/gateway/apidoc"
	"tickwire/feed"
)

// kinds are the messages of the server by the names of their schemas.
type kinds map[string]*jsonschema.Schema

func kindsOf(t *testing.T, s *specification) kinds {
	t.Helper()
	all := make(kinds)
	for _, one := range s.at(t, serverMessage+"/oneOf").([]any) {
		all[schemaName(one)] = s.schema(t, "/components/schemas/"+schemaName(one))
	}
	return all
}

// of is the one kind that a message is.
func (k kinds) of(t *testing.T, text []byte) string {
	t.Helper()
	var found []string
	v := parsed(t, text)
	for name, schema := range k {
		if schema.Validate(v) == nil {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s is %d kinds of message, want 1: %v", text, len(found), found)
	}
	return found[0]
}

// TestWhatAServerSendsKeepsTheDocument has a running gateway send every kind of
// message, and then close.
func TestWhatAServerSendsKeepsTheDocument(t *testing.T) {
	doc := read(t, apidoc.AsyncAPI)
	all := kindsOf(t, doc)
	s := serve(t, gateway.Config{Node: "n1", Drain: time.Second}, fanout.Policy{Heartbeat: 400 * time.Millisecond})
	s.trade("A", 10, "1")
	s.hub.Apply(&feed.Tick{Symbol: []byte("OLD"), Time: 1, Bid: feed.Number("1")}, feed.Position{Offset: 11})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws://"+s.addr+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{"tickwire.v1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for _, request := range []string{
		`{"op":"subscribe","id":1,"channel":"ticker","symbols":["A","OLD","NOPE","**"],"rate":1000,"stamps":true}`,
		`{"op":"subscribe","id":2,"channel":"trades","symbols":["A"],"since":{"A":5},"stamps":true,"bytes_per_s":1000000}`,
		`{"op":"subscribe","id":3,"channel":"stats","symbols":["*"]}`,
		`{"op":"subscribe","id":4,"channel":"bars_1s","symbols":["*"]}`,
		`{"op":"subscribe","id":5,"bytes_per_s":0}`,
		`{"op":"unsubscribe","id":"u-2","channel":"bars_1h","symbols":["A"]}`,
		`{"op":"list"}`, `{"op":"ping","id":6}`, `{"op":"auth","token":"x"}`, `{"op":"dance"}`,
	} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for offset := int64(12); len(seen) < len(all); offset++ {
		_, text, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("%v; of %d kinds came %v", err, len(all), seen)
		}
		kind := all.of(t, text)
		switch seen[kind] = true; {
		case kind == "Heartbeat":
			s.trade("A", offset, fmt.Sprint(offset))
		case len(seen) == len(all)-1 && !seen["Notice"]:
			go s.stop() // which drains
		}
	}
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		t.Fatal(err)
	}
	for _, one := range doc.at(t, "/channels/socket/x-close-codes").([]any) {
		if fmt.Sprint(one.(map[string]any)["code"]) == fmt.Sprint(int(closed.Code)) {
			return
		}
	}
	t.Errorf("close code %d is not in the document", closed.Code)
}

// TestTheEndOfEventsKeepsTheDocument reads streams to their end, each for another
// reason.
func TestTheEndOfEventsKeepsTheDocument(t *testing.T) {
	doc := read(t, apidoc.AsyncAPI)
	end := doc.schema(t, "/components/schemas/EndOfEvents")
	stop := func(s *server) { s.stop() }
	ends := map[string]struct {
		config  gateway.Config
		policy  fanout.Policy
		symbols string
		act     func(*server)
	}{
		"server_ends": {symbols: "A", act: stop},
		"drained":     {config: gateway.Config{Drain: time.Millisecond}, symbols: "A", act: stop},
		"idle":        {policy: fanout.Policy{Idle: 10 * time.Millisecond, Heartbeat: 100 * time.Millisecond}, symbols: "NOPE"},
		"expired":     {config: gateway.Config{Access: tokens{}}, symbols: "A"},
	}
	for code, tc := range ends {
		t.Run(code, func(t *testing.T) {
			s := serve(t, tc.config, tc.policy)
			s.trade("A", 0, "1")
			last := lastEvent(t, s, tc.symbols, tc.act)
			if err := end.Validate(last); err != nil || last.(map[string]any)["code"] != code {
				t.Errorf("got %v (%v), want %s", last, err, code)
			}
		})
	}
	for _, code := range strs(doc.at(t, "/components/schemas/EndOfEvents/properties/code/enum")) {
		if _, ok := ends[code]; !ok && code != "slow" { // which is told to who begins to read again just then
			t.Errorf("no stream ended for the reason %s", code)
		}
	}
}

// lastEvent is the message of the last event of a stream. act, if there is one, is
// done when the stream has begun.
func lastEvent(t *testing.T, s *server, symbols string, act func(*server)) any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr+"/v1/sse?symbols="+symbols, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer short")
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	a, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if act != nil {
		for s.hub.Stats().Subscribers == 0 && ctx.Err() == nil { // until it is one
			time.Sleep(time.Millisecond)
		}
		act(s)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	last := strings.TrimSpace(string(body[strings.LastIndex(string(body), "data: ")+len("data: "):]))
	return parsed(t, []byte(last))
}
