package gateway

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// eventReader is a client of Server-Sent Events that reads them line by line.
type eventReader struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Reader
	id     string // of the last event that had one
}

func listen(t *testing.T, addr, query string, header http.Header) *eventReader {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+addr+"/v1/sse?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	transport := &http.Transport{DisableCompression: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		answer.Body.Close()
		transport.CloseIdleConnections()
	})
	e := &eventReader{t: t, answer: answer}
	if answer.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		e.lines = bufio.NewReader(zipped)
	} else {
		e.lines = bufio.NewReader(answer.Body)
	}
	return e
}

// next is the next message.
func (e *eventReader) next() (any, error) {
	var data string
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return nil, err
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch {
		case field == "data":
			data += value
		case field == "id":
			e.id = value
		case field == "" && data != "":
			return wire.Parse([]byte(data))
		}
	}
}

// event reads on to a message of one kind.
func event[M any](e *eventReader) *M {
	e.t.Helper()
	deadline := time.AfterFunc(patience, func() { e.answer.Body.Close() })
	defer deadline.Stop()
	for {
		m, err := e.next()
		if err != nil {
			e.t.Fatalf("no %T came: %v", new(M), err)
		}
		if m, ok := m.(*M); ok {
			return m
		}
	}
}

func TestEvents(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		t.Run(fmt.Sprintf("gzip=%v", zipped), func(t *testing.T) {
			s := serve(t, Config{Node: "n1"}, fanout.Policy{})
			s.trade("A", 0, "1")
			header := http.Header{}
			if zipped {
				header.Set("Accept-Encoding", "br, gzip;q=0.5")
			}
			e := listen(t, s.addr, "symbols=A,NOPE", header)
			if got := e.answer.Header.Get("Content-Type"); got != "text/event-stream" || (e.answer.Header.Get("Content-Encoding") == "gzip") != zipped {
				t.Fatalf("header: got %v", e.answer.Header)
			}
			if hello := event[wire.Hello](e); hello.Node != "n1" || hello.State != wire.Live && hello.State != wire.Stale {
				t.Errorf("hello: got %+v", hello)
			}
			if ack := event[wire.Ack](e); len(ack.Symbols) != 1 || len(ack.Denied) != 1 {
				t.Errorf("ack: got %+v", ack)
			}
			if data := event[wire.Data](e); data.Type != wire.TypeSnapshot || string(data.Data[0].Price) != "1" {
				t.Errorf("snapshot: got %+v", data)
			}
			for i := range int64(100) {
				s.trade("A", i+1, fmt.Sprint(i))
				if data := event[wire.Data](e); data.Data[0].Seq != i+1 {
					t.Fatalf("got %+v, want seq %d", data, i+1)
				}
			}
		})
	}
}

func TestEventsGoOnWhereTheLastIDSays(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{})
	s.trade("A", 0, "1")
	s.trade("B", 1, "1")
	e := listen(t, s.addr, "symbols=A,B", nil)
	event[wire.Data](e)
	s.trade("B", 2, "2")
	event[wire.Data](e)
	s.trade("A", 3, "2") // its pulse begins with all up to B's tick taken, and perhaps its own
	event[wire.Data](e)
	if e.id != "0-2" && e.id != "0-3" {
		t.Fatalf("id: got %q, want 0-2 or 0-3", e.id)
	}
	e.answer.Body.Close()

	other := serve(t, Config{}, fanout.Policy{})
	for i, symbol := range []string{"A", "B", "B", "A", "A"} {
		other.trade(symbol, int64(i), "9")
	}
	again := listen(t, other.addr, "symbols=A,B", http.Header{"Last-Event-Id": {e.id}})
	data := event[wire.Data](again)
	if data.Type != wire.TypeSnapshot || len(data.Data) != 1 || data.Data[0].Symbol != "A" || data.Data[0].Seq != 4 {
		t.Errorf("snapshot on another node: got %+v, want A alone, which has moved", data)
	}
}

func TestEventsOfTradesGoOnFromTheirAck(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{})
	s.trade("A", 0, "1")
	for _, tc := range []struct {
		query, id string
	}{
		{"symbols=A&channel=trades", "0-0"},
		{"symbols=A&channel=trades,ticker", ""}, // it would say that the client has the value of A
	} {
		e := listen(t, s.addr, tc.query, nil)
		if event[wire.Ack](e); e.id != tc.id {
			t.Errorf("%s: the id with the ack: got %q, want %q", tc.query, e.id, tc.id)
		}
	}

	// A client that was cut off before the first trade.
	s.trade("A", 1, "2")
	again := listen(t, s.addr, "symbols=A&channel=trades", http.Header{"Last-Event-Id": {"0-0"}})
	if got := event[wire.TradesMessage](again); len(got.Data) != 1 || got.Data[0].Seq != 1 {
		t.Errorf("got %+v, want the trade that it missed", got)
	}

	// So also on a node that has had nothing at all.
	empty := serve(t, Config{}, fanout.Policy{})
	e := listen(t, empty.addr, "symbols=*&channel=trades", nil)
	if event[wire.Ack](e); e.id != "none" {
		t.Errorf("the id with the ack of a node without ticks: got %q, want none", e.id)
	}
	empty.trade("A", 0, "1")
	again = listen(t, empty.addr, "symbols=*&channel=trades", http.Header{"Last-Event-Id": {e.id}})
	if got := event[wire.TradesMessage](again); len(got.Data) != 1 || got.Data[0].Seq != 0 {
		t.Errorf("got %+v, want the first trade", got)
	}
}

// TestAClientOfEventsThatNeverReads is evicted, and a healthy one beside it gets
// every value.
func TestAClientOfEventsThatNeverReads(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{Stall: time.Second, Heartbeat: time.Second})
	for i := range int64(200) {
		s.trade(fmt.Sprintf("SYM%03d", i), i, "1")
	}
	healthy := listen(t, s.addr, "symbols=SYM000", nil)
	event[wire.Data](healthy)
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET /v1/sse?symbols=* HTTP/1.1\r\nHost: x\r\n\r\n")
	until(t, "both are there", func() bool { return s.hub.Stats().Subscribers == 2 })
	offset := int64(200)
	until(t, "the client that does not read is evicted", func() bool {
		for i := range int64(200) {
			s.trade(fmt.Sprintf("SYM%03d", i), offset, fmt.Sprint(offset))
			offset++
		}
		return s.hub.Stats().Ended[fanout.Slow] == 1
	})
	s.trade("SYM000", offset, "99")
	for data := event[wire.Data](healthy); string(data.Data[0].Price) != "99"; data = event[wire.Data](healthy) {
	}
}

func TestBadQueriesOfEvents(t *testing.T) {
	s := serve(t, Config{}, fanout.Policy{Terms: 2})
	for _, tc := range []struct {
		query, id string
		code      wire.Code
	}{
		{query: "", code: wire.BadRequest},
		{query: "symbols=A&chanel=ticker", code: wire.BadRequest},
		{query: "symbols=A&channel=book", code: wire.UnknownChannel},
		{query: "symbols=A&rate=fast", code: wire.BadRequest},
		{query: "symbols=A&rate=-1", code: wire.BadRequest},
		{query: "symbols=A&stamps=perhaps", code: wire.BadRequest},
		{query: "symbols=A&bytes_per_s=1", code: wire.BadRequest},
		{query: "symbols=A,B,C", code: wire.TooManySymbols},
		{query: "symbols=A", id: "17", code: wire.BadRequest},
	} {
		header := http.Header{}
		if tc.id != "" {
			header.Set("Last-Event-ID", tc.id)
		}
		e := listen(t, s.addr, tc.query, header)
		body, _ := io.ReadAll(e.answer.Body)
		m, err := wire.Parse(body)
		refusal, ok := m.(*wire.Error)
		if e.answer.StatusCode != http.StatusBadRequest || err != nil || !ok || refusal.Code != tc.code {
			t.Errorf("%q (id %q): got %s %s, want 400 with %s", tc.query, tc.id, e.answer.Status, body, tc.code)
		}
	}
	if got := s.hub.Stats().Subscribers; got != 0 {
		t.Errorf("subscribers: got %d, want none", got)
	}
}

// FuzzEventRequests: a query is refused with a code, or stands for requests that
// are sound.
func FuzzEventRequests(f *testing.F) {
	for _, seed := range []string{"symbols=A,B-*&channel=ticker,trades&rate=0.5", "symbols=A&stamps=1&bytes_per_s=5000", "symbols=%00", "rate=NaN&symbols=A", "symbols=A&rate=Inf"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		requests, refusal := eventRequests(query, 100)
		if refusal != nil {
			if refusal.Code == "" || refusal.Message == "" {
				t.Fatalf("%q: a refusal without its text", text)
			}
			return
		}
		for _, r := range requests {
			if again, refusal := wire.ParseRequest(wire.Marshal(r)); refusal != nil || len(again.Symbols) != len(r.Symbols) {
				t.Fatalf("%q: got %+v, which is refused with %+v", text, r, refusal)
			}
		}
	})
}
