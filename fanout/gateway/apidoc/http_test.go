package apidoc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/fanout/gateway/access"
	"tickwire/fanout/gateway/apidoc"
	"tickwire/feed"
)

const patience = 2 * time.Minute // for anything to happen; only a failure takes that long

// server is a gateway that serves until the test ends.
type server struct {
	*gateway.Gateway
	hub  *fanout.Hub
	addr string
	stop func()
}

func serve(t *testing.T, c gateway.Config, policy fanout.Policy) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, c, policy)
}

func serveOn(t *testing.T, ln net.Listener, c gateway.Config, policy fanout.Policy) *server {
	t.Helper()
	c.Hub = fanout.New(fanout.Config{Shards: 1, Policy: policy})
	s := &server{Gateway: gateway.New(c), hub: c.Hub, addr: ln.Addr().String()}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, ln) }()
	s.stop = func() {
		cancel()
		if err, open := <-ended; open {
			close(ended)
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	}
	t.Cleanup(s.stop)
	return s
}

// trade gives the hub a trade of now.
func (s *server) trade(symbol string, offset int64, price string) {
	s.hub.Apply(&feed.Tick{Symbol: []byte(symbol), Time: time.Now().UnixMicro(), Price: feed.Number(price), Size: feed.Number("2"), Side: 'b'}, feed.Position{Offset: offset})
}

// abroad is a listener whose connections come from one address that is not this
// machine's.
type abroad struct{ net.Listener }

func (l abroad) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreigner{conn.(*net.TCPConn)}, nil
}

type foreigner struct{ *net.TCPConn }

func (foreigner) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 1), Port: 1} }

// tokens is a verifier that knows three tokens.
type tokens struct{}

func (tokens) Verify(_ context.Context, token string) (*access.Grant, error) {
	switch token {
	case "good":
		return &access.Grant{Symbols: []string{"A*"}, Channels: []string{"trades", "bars_1m"}}, nil
	case "ops":
		return &access.Grant{Subject: "on-call", Operator: true}, nil
	case "short":
		return &access.Grant{Expires: time.Now().Add(300 * time.Millisecond)}, nil
	}
	return nil, access.ErrUnknown
}

// check compares answers with the document, and notes which it has seen.
type check struct {
	*specification
	seen map[string]bool               // "GET /v1/bars 404"
	good map[string]*jsonschema.Schema // by their text
}

// methods are those of OpenAPI that the server has.
var methods = []string{"get", "options"}

// each calls do for every answer of the document.
func (c *check) each(t *testing.T, do func(method, path, status string)) {
	t.Helper()
	for path := range c.object(t, "/paths") {
		for _, method := range methods {
			if c.object(t, "/paths/"+escaped(path))[method] == nil {
				continue
			}
			for status := range c.object(t, "/paths/"+escaped(path)+"/"+method+"/responses") {
				do(strings.ToUpper(method), path, status)
			}
		}
	}
}

// operation is where the document has a request.
func (c *check) operation(t *testing.T, method, path string) (pointer, template string) {
	t.Helper()
	for _, template := range []string{path, "/v1/{path}"} {
		if item, ok := c.object(t, "/paths")[template].(map[string]any); ok && item[strings.ToLower(method)] != nil {
			return "/paths/" + escaped(template) + "/" + strings.ToLower(method), template
		}
	}
	t.Fatalf("the document has no %s %s", method, path)
	return "", ""
}

// answer holds an answer against the document.
func (c *check) answer(t *testing.T, r *http.Request, a *http.Response, body []byte) {
	t.Helper()
	pointer, template := c.operation(t, r.Method, r.URL.Path)
	pointer += "/responses/" + fmt.Sprint(a.StatusCode)
	documented, ok := c.at(t, pointer).(map[string]any)
	if !ok {
		t.Errorf("%s %s: %s is not in the document: %s", r.Method, r.URL, a.Status, body)
		return
	}
	c.seen[fmt.Sprint(r.Method, " ", template, " ", a.StatusCode)] = true
	if headers, ok := documented["headers"].(map[string]any); ok {
		c.headers(t, headers, a.Header)
	}
	content, _ := documented["content"].(map[string]any)
	if content == nil {
		if len(body) > 0 {
			t.Errorf("%s %s: %s has a body, and none in the document: %s", r.Method, r.URL, a.Status, body)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || content[kind] == nil {
		t.Errorf("%s %s: %s is %q (%v), the document has %v", r.Method, r.URL, a.Status, kind, err, keys(content))
		return
	}
	c.body(t, c.schemaOf(t, content[kind]), kind, body)
}

// schemaOf compiles the schema of a media type, a header or a parameter, once.
// References to those have been followed, so it stands in a resource of its own.
func (c *check) schemaOf(t *testing.T, media any) func(v any) error {
	t.Helper()
	schema := media.(map[string]any)["schema"]
	text, _ := json.Marshal(schema)
	if c.good[string(text)] == nil {
		root, _ := json.Marshal(map[string]any{"components": c.root["components"], "allOf": []any{schema}})
		c.good[string(text)] = read(t, root).schema(t, "")
	}
	return c.good[string(text)].Validate
}

func (c *check) body(t *testing.T, validate func(v any) error, kind string, body []byte) {
	t.Helper()
	switch kind {
	case "application/json":
		if err := validate(parsed(t, body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	case "text/event-stream":
		events := 0
		for line := range strings.SplitSeq(string(body), "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				events++
				if err := validate(parsed(t, []byte(data))); err != nil {
					t.Errorf("%s: %v", data, err)
				}
			}
		}
		if events == 0 {
			t.Errorf("no event in %q", body)
		}
	default:
		if err := validate(string(body)); err != nil || len(body) == 0 {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func (c *check) headers(t *testing.T, documented map[string]any, got http.Header) {
	t.Helper()
	for name, header := range documented {
		value := got.Get(name)
		if value == "" || header.(map[string]any)["required"] != true {
			t.Errorf("%s: got %q; it must always come, and the document say so", name, value)
		} else if err := c.schemaOf(t, header)(coerced(t, c, header.(map[string]any)["schema"], value)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// coerced is the value that a text stands for where a schema wants something
// else than text.
func coerced(t *testing.T, c *check, schema any, text string) any {
	switch s := c.resolve(t, schema).(map[string]any); s["type"] {
	case "array":
		var all []any
		for one := range strings.SplitSeq(text, ",") {
			all = append(all, coerced(t, c, s["items"], one))
		}
		return all
	case "integer", "number", "boolean":
		var v any
		d := json.NewDecoder(strings.NewReader(text))
		if d.UseNumber(); d.Decode(&v) == nil {
			return v
		}
	}
	return text
}

// query holds the parameters of a request against the document.
func (c *check) query(t *testing.T, r *http.Request) error {
	t.Helper()
	pointer, _ := c.operation(t, r.Method, r.URL.Path)
	left := r.URL.Query()
	documented, _ := c.object(t, pointer)["parameters"].([]any)
	for _, one := range documented {
		parameter := one.(map[string]any)
		name := parameter["name"].(string)
		if parameter["in"] != "query" {
			continue
		}
		if values := left[name]; len(values) > 0 {
			if err := c.schemaOf(t, parameter)(coerced(t, c, parameter["schema"], values[0])); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		} else if parameter["required"] == true {
			return fmt.Errorf("%s is missing", name)
		}
		delete(left, name)
	}
	if len(left) > 0 {
		return fmt.Errorf("there is no parameter %v", slices.Sorted(maps.Keys(left)))
	}
	return nil
}

// ask sends a request and checks its answer. Of a stream it reads until the
// document's values have come.
func (c *check) ask(t *testing.T, addr, method, target string, header http.Header, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+addr+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	a, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != want {
		t.Errorf("%s %s: got %s, want %d", method, target, a.Status, want)
	}
	body, err := bodyOf(a)
	if err != nil {
		t.Errorf("%s %s: %v", method, target, err)
	}
	c.answer(t, r, a, body)
}

func bodyOf(a *http.Response) (body []byte, err error) {
	switch {
	case a.StatusCode == http.StatusSwitchingProtocols:
		return nil, nil
	case strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream"):
		for lines := bufio.NewReader(a.Body); err == nil && !strings.Contains(string(body), `"snapshot"`); {
			var line []byte
			line, err = lines.ReadBytes('\n')
			body = append(body, line...)
		}
		return body, err
	}
	return io.ReadAll(a.Body)
}

var handshake = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}

// TestAnswersKeepTheDocument asks a running gateway everything that the document
// has, well and badly, until it has given every answer of it.
func TestAnswersKeepTheDocument(t *testing.T) {
	c := &check{read(t, apidoc.OpenAPI), make(map[string]bool), make(map[string]*jsonschema.Schema)}
	open := serve(t, gateway.Config{Limits: gateway.Limits{Terms: 3, Origins: origins(t, "https://friend.example")}, AnyOperator: true,
		Partitions: func() []gateway.Partition { return []gateway.Partition{{ID: 1, Next: 6, End: 7, Lag: 1, Ticks: 6}} }}, fanout.Policy{Terms: 3})
	for i := range int64(5) {
		open.trade("A", i, fmt.Sprint("1.", i))
	}
	open.trade("BTC-USD", 5, "67123.45")
	open.hub.Apply(&feed.Tick{Symbol: []byte("QUOTED"), Time: 1, Bid: feed.Number("1"), Ask: feed.Number("2")}, feed.Position{Offset: 6})
	for _, tc := range []struct {
		scenario, target string
		header           http.Header
		want             int
		sound            bool // the parameters are good by the document, and still refused
	}{
		{scenario: "values of all symbols", target: "/v1/snapshot", want: 200},
		{scenario: "values of some, and verdicts", target: "/v1/snapshot?symbols=Q*,NOPE,**", want: 200},
		{scenario: "values of too many", target: "/v1/snapshot?symbols=A,Q*,NOPE,**", want: 400, sound: true},
		{scenario: "statistics", target: "/v1/snapshot?channel=stats", want: 200},
		{scenario: "no snapshot of that channel", target: "/v1/snapshot?channel=trades", want: 400},
		{scenario: "symbols", target: "/v1/symbols", want: 200},
		{scenario: "the server", target: "/v1/server", want: 200},
		{scenario: "bars", target: "/v1/bars?symbol=A", want: 200},
		{scenario: "bars of a time", target: "/v1/bars?symbol=A&channel=bars_1s&from=1&to=2000000000000000&limit=2", want: 200},
		{scenario: "bars of what had no trade", target: "/v1/bars?symbol=QUOTED&channel=bars_1h", want: 200},
		{scenario: "bars of a symbol that is not known", target: "/v1/bars?symbol=NOPE", want: 404},
		{scenario: "no bars of that channel", target: "/v1/bars?symbol=A&channel=ticker", want: 400},
		{scenario: "bars from before time", target: "/v1/bars?symbol=A&from=-1", want: 400},
		{scenario: "too many bars", target: "/v1/bars?symbol=A&limit=1501", want: 400},
		{scenario: "no bars", target: "/v1/bars?symbol=A&limit=0", want: 400},
		{scenario: "trades", target: "/v1/trades?symbol=A", want: 200},
		{scenario: "trades since", target: "/v1/trades?symbol=A&since=1&limit=2", want: 200},
		{scenario: "trades of a symbol that is not known", target: "/v1/trades?symbol=NOPE", want: 404},
		{scenario: "trades since no seq", target: "/v1/trades?symbol=A&since=yesterday", want: 400},
		{scenario: "no trades", target: "/v1/trades?symbol=A&limit=0", want: 400},
		{scenario: "events", target: "/v1/sse?symbols=A,NOPE", want: 200},
		{scenario: "events of more", target: "/v1/sse?symbols=A,B*&channel=ticker,trades&rate=100&stamps=true&bytes_per_s=100000", want: 200},
		{scenario: "events of bars and statistics", target: "/v1/sse?symbols=A&channel=stats,bars_1s,bars_1h", want: 200},
		{scenario: "events of nothing", target: "/v1/sse", want: 400},
		{scenario: "events with a misspelt parameter", target: "/v1/sse?symbol=A", want: 400},
		{scenario: "events of no channel", target: "/v1/sse?symbols=A&channel=book", want: 400},
		{scenario: "events at a rate below 0", target: "/v1/sse?symbols=A&rate=-1", want: 400},
		{scenario: "events at a rate that is no number", target: "/v1/sse?symbols=A&rate=fast", want: 400},
		{scenario: "events with stamps, perhaps", target: "/v1/sse?symbols=A&stamps=perhaps", want: 400},
		{scenario: "events within a budget that nothing fits in", target: "/v1/sse?symbols=A&bytes_per_s=1", want: 400},
		{scenario: "events of too many symbols", target: "/v1/sse?symbols=A,B,C,D", want: 400, sound: true},
		{scenario: "events that go on nowhere", target: "/v1/sse?symbols=A", header: http.Header{"Last-Event-Id": {"nonsense"}}, want: 400, sound: true},
		{scenario: "a WebSocket", target: "/v1/ws", header: handshake, want: 101},
		{scenario: "no WebSocket", target: "/v1/ws", want: 426},
		{scenario: "a WebSocket without its key", target: "/v1/ws", header: without(handshake, "Sec-Websocket-Key"), want: 400, sound: true},
		{scenario: "this document", target: "/v1/openapi.json", want: 200},
		{scenario: "the other document", target: "/v1/asyncapi.json", want: 200},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			r := httptest.NewRequest("GET", tc.target, nil)
			if err := c.query(t, r); (err == nil) != (tc.want != http.StatusBadRequest || tc.sound) {
				t.Errorf("the parameters, by the document: %v", err)
			}
			c.ask(t, open.addr, "GET", tc.target, tc.header, tc.want)
		})
	}
	t.Run("the server, with a client that is slow", func(t *testing.T) { c.slowest(t) })
	t.Run("what every request may be answered", func(t *testing.T) { c.refusals(t, open) })
	t.Run("a page may ask", func(t *testing.T) {
		c.ask(t, open.addr, "OPTIONS", "/v1/snapshot", http.Header{"Origin": {"https://friend.example"}}, 204)
	})
	t.Run("a WebSocket beneath which is no TCP", func(t *testing.T) {
		c.record(t, open.Handler(), &http.Request{Method: "GET", URL: &url.URL{Path: "/v1/ws"}, Header: handshake}, 505)
	})
	t.Run("operators", func(t *testing.T) {
		waiting := gateway.New(gateway.Config{Hub: open.hub, Ready: func() error { return errors.New("no feed") }})
		for _, path := range []string{"/livez", "/readyz", "/metrics", "/v1/server"} {
			c.record(t, open.Admin(), httptest.NewRequest("GET", path, nil), 200)
		}
		c.record(t, waiting.Admin(), httptest.NewRequest("GET", "/readyz", nil), 503)
	})
	c.each(t, func(method, path, status string) {
		if answer := method + " " + path + " " + status; !c.seen[answer] {
			t.Errorf("the document has %s, and no gateway gave it", answer)
		}
	})
}

// slowest has a client be slow, and asks how the server does on both addresses.
func (c *check) slowest(t *testing.T) {
	s := serve(t, gateway.Config{Access: tokens{}}, fanout.Policy{})
	s.trade("A", 0, "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr+"/v1/sse?symbols=A&rate=0.001", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer ops")
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	a, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if _, err := bodyOf(a); err != nil {
		t.Fatal(err)
	}
	for offset := int64(1); s.hub.Stats().Conflated == 0; offset++ { // its rate lets one pass
		s.trade("A", offset, "2")
		time.Sleep(time.Millisecond)
	}
	for _, h := range []http.Handler{s.Admin(), s.Handler()} {
		r := httptest.NewRequest("GET", "/v1/server", nil)
		r.Header.Set("Authorization", "Bearer ops")
		if body := c.record(t, h, r, 200).Body.String(); !strings.Contains(body, `"kind":"events","subject":"on-call"`) {
			t.Errorf("the slow client is not among the slowest: %s", body)
		}
	}
}

// refusals asks for all that a gateway may say to any request.
func (c *check) refusals(t *testing.T, open *server) {
	locked := serve(t, gateway.Config{Access: tokens{}}, fanout.Policy{})
	waiting := serve(t, gateway.Config{Ready: func() error { return errors.New("the feed is 12 s behind") }}, fanout.Policy{})
	full := serve(t, gateway.Config{Limits: gateway.Limits{Connections: 1}}, fanout.Policy{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	crowded := serveOn(t, abroad{ln}, gateway.Config{Limits: gateway.Limits{PerAddress: 1}}, fanout.Policy{})
	for _, s := range []*server{full, crowded} {
		occupy(t, s)
	}
	c.each(t, func(method, path, status string) {
		if !strings.HasPrefix(path, "/v1/") {
			return
		}
		_, public := c.object(t, "/paths/"+escaped(path)+"/"+strings.ToLower(method))["security"]
		path = strings.ReplaceAll(path, "{path}", "snapshot")
		stranger := http.Header{"Origin": {"https://stranger.example"}}
		switch status {
		case "200":
			if public {
				c.ask(t, locked.addr, method, path, nil, 200)
				c.ask(t, waiting.addr, method, path, stranger, 200)
			}
		case "400":
			c.ask(t, open.addr, method, path+"?token=secret", nil, 400)
			c.ask(t, locked.addr, method, path, http.Header{"Authorization": {"Basic x"}}, 400)
		case "401":
			c.ask(t, locked.addr, method, path, http.Header{"Authorization": {"Bearer bad"}}, 401)
		case "403":
			c.ask(t, open.addr, method, path, stranger, 403)
		case "429":
			c.ask(t, crowded.addr, method, path, nil, 429)
		case "503":
			c.ask(t, full.addr, method, path, nil, 503)
			if !public {
				c.ask(t, waiting.addr, method, path, nil, 503)
			}
		}
	})
	for _, target := range []string{"/v1/snapshot", "/v1/sse?symbols=A", "/v1/trades?symbol=B", "/v1/bars?symbol=A&channel=bars_1s", "/v1/server"} {
		c.ask(t, locked.addr, "GET", target, http.Header{"Authorization": {"Bearer good"}}, 403)
	}
}

// occupy takes one place of a server until the test ends: its answer to a request
// tells that it has one.
func occupy(t *testing.T, s *server) {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, "GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
	a, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", a, err)
	}
	io.Copy(io.Discard, a.Body)
}

// record checks the answer of a handler that needs no connection.
func (c *check) record(t *testing.T, h http.Handler, r *http.Request, want int) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != want {
		t.Errorf("%s: got %d, want %d", r.URL, w.Code, want)
	}
	c.answer(t, r, w.Result(), w.Body.Bytes())
	return w
}

func origins(t *testing.T, texts ...string) gateway.Origins {
	t.Helper()
	all, err := gateway.ParseOrigins(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func without(h http.Header, name string) http.Header {
	h = h.Clone()
	h.Del(name)
	return h
}

// TestTheDocumentHasTheRoutesOfTheGateway, and no others.
func TestTheDocumentHasTheRoutesOfTheGateway(t *testing.T) {
	c := &check{specification: read(t, apidoc.OpenAPI)}
	documented := make(map[string]bool)
	c.each(t, func(method, path, _ string) { documented[method+" "+strings.TrimSuffix(path, "{path}")] = true })
	served := routes(t)
	for _, route := range []string{
		"/", "/v1/", // what is not the API's, and what there is not
		"GET /debug/pprof/", "GET /debug/pprof/profile", "GET /debug/pprof/trace", "GET /debug/pprof/symbol", "POST /debug/pprof/symbol", // for go tool pprof, which knows
	} {
		if !served[route] {
			t.Errorf("there is no route %s any more", route)
		}
		delete(served, route)
	}
	if !maps.Equal(documented, served) {
		t.Errorf("\n     got %v\nserved is %v", slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(served)))
	}
}

// routes are the patterns that the gateway's source gives to a ServeMux, which
// does not tell them itself.
func routes(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]bool)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if method, ok := call.Fun.(*ast.SelectorExpr); ok && (method.Sel.Name == "Handle" || method.Sel.Name == "HandleFunc") {
				pattern, literal := text(call.Args[0])
				if !literal {
					t.Errorf("%s: a route that is no literal: this test cannot see it", file)
				}
				all[pattern] = true
			}
			return true
		})
	}
	return all
}
