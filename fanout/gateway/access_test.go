package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tickwire/fanout"
	"tickwire/fanout/gateway/access"
	"tickwire/fanout/wire"
)

// jwtSecret is what the tests sign with.
const jwtSecret = "0123456789abcdef0123456789abcdef"

func jwtAccess(t *testing.T) access.Verifier {
	t.Helper()
	v, err := access.NewJWT(t.Context(), access.JWTConfig{Secret: writeFile(t, jwtSecret), Audience: "tickwire"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// bearer signs a token: claims, and what a good one has besides.
func bearer(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{"sub": "desk-7", "aud": "tickwire", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString([]byte(jwtSecret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func authOp(token string) string { return fmt.Sprintf(`{"op":"auth","id":1,"token":%q}`, token) }

func TestATokenComesByHeaderSubprotocolOrOp(t *testing.T) {
	s := serve(t, Config{Access: jwtAccess(t)}, fanout.Policy{})
	s.trade("A", 0, "1")
	token := bearer(t, nil)
	subscribes := func(t *testing.T, p *peer) {
		t.Helper()
		p.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
		if data := message[wire.Data](p); data.Data[0].Symbol != "A" {
			t.Errorf("got %+v", data)
		}
	}
	t.Run("by header", func(t *testing.T) {
		subscribes(t, dial(t, s.addr, "authorization: bearer "+token))
	})
	for _, offer := range []string{"tickwire.v1, tickwire.bearer." + token, "tickwire.bearer." + token + ",tickwire.v1"} {
		t.Run("by subprotocol, which is not echoed", func(t *testing.T) {
			p := connect(t, s.addr)
			answer, _ := p.shake("/v1/ws", "Sec-WebSocket-Protocol: "+offer)
			if got := answer.Header.Values("Sec-WebSocket-Protocol"); !slices.Equal(got, []string{"tickwire.v1"}) {
				t.Errorf("the answer selects %q, want tickwire.v1", got)
			}
			subscribes(t, p)
		})
	}
	t.Run("by op", func(t *testing.T) {
		p := dial(t, s.addr)
		message[wire.Hello](p)
		p.text(`{"op":"subscribe","id":7,"channel":"ticker","symbols":["A"]}`)
		if e := message[wire.Error](p); e.Code != wire.Unauthorized || string(e.ID) != "7" {
			t.Errorf("before auth: got %+v, want %s", e, wire.Unauthorized)
		}
		p.text(authOp(token))
		if ack := message[wire.Ack](p); ack.Op != wire.OpAuth || string(ack.ID) != "1" {
			t.Errorf("got %+v, want the ack of auth", ack)
		}
		subscribes(t, p)
	})
	t.Run("where none is needed", func(t *testing.T) {
		open := serve(t, Config{}, fanout.Policy{})
		open.trade("A", 0, "1")
		p := dial(t, open.addr, "Authorization: Basic of-a-proxy", "Sec-WebSocket-Protocol: tickwire.v1, tickwire.bearer.x")
		p.text(authOp("anything"))
		message[wire.Ack](p)
		subscribes(t, p)
	})
}

// badTokens are tokens that are not accepted, and what is said of them.
func badTokens(t *testing.T) map[string]string {
	none, _ := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"aud": "tickwire", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	other, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"aud": "tickwire", "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte("another secret of thirty-two bytes."))
	return map[string]string{
		none:  "algorithm",
		other: "signature",
		bearer(t, jwt.MapClaims{"aud": "others"}):                                 "audience",
		bearer(t, jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()}):      "expired",
		bearer(t, jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()}):         "not yet",
		bearer(t, jwt.MapClaims{"symbols": "BTC-*", "private": "do not show me"}): "symbols",
		"garbage-garbage": "cannot be read",
	}
}

func TestABadTokenIsRefusedForItsReason(t *testing.T) {
	s := serve(t, Config{Access: jwtAccess(t)}, fanout.Policy{})
	s.trade("A", 0, "1")
	healthy := dial(t, s.addr, "Authorization: Bearer "+bearer(t, nil))
	healthy.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
	message[wire.Data](healthy)
	offset := int64(0)
	for token, says := range badTokens(t) {
		t.Run(says, func(t *testing.T) {
			before := testutil.ToFloat64(s.metrics.turnedAway.WithLabelValues(whyToken))
			for _, line := range []string{"Authorization: Bearer " + token, "Sec-WebSocket-Protocol: tickwire.v1, tickwire.bearer." + token} {
				answer, body := connect(t, s.addr).shake("/v1/ws", line)
				var e wire.Error
				if err := json.Unmarshal([]byte(body), &e); err != nil || answer.StatusCode != 401 || e.Code != wire.Unauthorized || !strings.Contains(e.Message, says) || answer.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("got %s %s (%v), want 401 that says %q", answer.Status, body, err, says)
				}
			}
			if got := testutil.ToFloat64(s.metrics.turnedAway.WithLabelValues(whyToken)); got != before+2 {
				t.Errorf("counted: got %v, want %v", got, before+2)
			}
			ended := s.hub.Stats().Ended[fanout.Unauthorized]
			p := dial(t, s.addr)
			message[wire.Hello](p)
			p.text(authOp(token))
			if code, reason := p.closing(); code != wire.CloseUnauthorized || !strings.Contains(reason, says) || strings.Contains(reason, token) {
				t.Errorf("after op auth: got %d %q, want %d that says %q", code, reason, wire.CloseUnauthorized, says)
			}
			until(t, "the end is counted", func() bool { return s.hub.Stats().Ended[fanout.Unauthorized] == ended+1 })
			offset++
			s.trade("A", offset, "2")
			if data := message[wire.Data](healthy); data.Data[0].Seq != offset {
				t.Errorf("the healthy client: got %+v, want seq %d", data, offset)
			}
		})
	}
}

func TestAHandshakeWithATokenInTheWrongPlace(t *testing.T) {
	s := serve(t, Config{Access: jwtAccess(t)}, fanout.Policy{})
	token := bearer(t, nil)
	for _, tc := range []struct {
		scenario string
		path     string
		header   []string
		status   int
		says     string
	}{
		{"in the URL", "/v1/ws?token=" + token, nil, 400, "Authorization: Bearer"},
		{"in the URL under another name", "/v1/ws?symbols=A&Access_Token=" + token, nil, 400, "Authorization: Bearer"},
		{"in the URL and in the header", "/v1/ws?jwt=" + token, []string{"Authorization: Bearer " + token}, 400, "URL"},
		{"of another scheme", "/v1/ws", []string{"Authorization: Basic " + token}, 400, "Bearer"},
		{"twice", "/v1/ws", []string{"Authorization: Bearer " + token, "Authorization: Bearer " + token}, 400, "one token"},
		{"in two places", "/v1/ws", []string{"Authorization: Bearer " + token, "Sec-WebSocket-Protocol: tickwire.v1, tickwire.bearer." + token}, 400, "one token"},
		{"without the protocol beside it", "/v1/ws", []string{"Sec-WebSocket-Protocol: tickwire.bearer." + token}, 400, "tickwire.v1"},
		{"an empty one", "/v1/ws", []string{"Authorization: Bearer "}, 400, "Bearer"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			answer, body := connect(t, s.addr).shake(tc.path, tc.header...)
			var e wire.Error
			if err := json.Unmarshal([]byte(body), &e); err != nil || answer.StatusCode != tc.status || !strings.Contains(e.Message, tc.says) || strings.Contains(body, token) {
				t.Errorf("got %s %s (%v), want %d that says %q", answer.Status, body, err, tc.status, tc.says)
			}
		})
	}
}

func TestAClientThatBringsNoTokenInTimeIsSentAway(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{Access: jwtAccess(t), Limits: Limits{Handshake: lateHandshake}}, fanout.Policy{})
	p := dial(t, s.addr)
	message[wire.Hello](p)
	if code, reason := p.closing(); code != wire.CloseUnauthorized || !strings.Contains(reason, "in time") {
		t.Errorf("got %d %q, want %d", code, reason, wire.CloseUnauthorized)
	}
	until(t, "the end is counted", func() bool { return s.hub.Stats().Ended[fanout.Unauthorized] == 1 })
}

func TestTheServerEndsWhileClientsHaveStillToBringTokens(t *testing.T) {
	s := serve(t, Config{Access: jwtAccess(t), Limits: Limits{Handshake: time.Hour}}, fanout.Policy{})
	p := dial(t, s.addr)
	message[wire.Hello](p)
	go s.stop()
	if code := p.closeCode(); code != wire.CloseGoingAway {
		t.Errorf("got %d, want %d", code, wire.CloseGoingAway)
	}
}

func TestASubscriptionIsKeptWithinTheGrant(t *testing.T) {
	s := serve(t, Config{Access: jwtAccess(t)}, fanout.Policy{})
	for i, symbol := range []string{"BTC-USD", "BTC-EUR", "ETH-USD", "SOL-USD"} {
		s.trade(symbol, int64(i), "1")
	}
	with := func(claims jwt.MapClaims) *peer {
		p := dial(t, s.addr, "Authorization: Bearer "+bearer(t, claims))
		message[wire.Hello](p)
		return p
	}
	t.Run("symbols", func(t *testing.T) {
		p := with(jwt.MapClaims{"symbols": []string{"BTC-*", "ETH-USD"}})
		p.text(`{"op":"subscribe","channel":"ticker","symbols":["BTC-USD","*","B*","SOL-USD","ETH-USD","NOPE","no good"]}`)
		ack := message[wire.Ack](p)
		want := []wire.Denied{{Symbol: "*", Code: wire.NotEntitled}, {Symbol: "B*", Code: wire.NotEntitled}, {Symbol: "SOL-USD", Code: wire.NotEntitled},
			{Symbol: "NOPE", Code: wire.NotEntitled}, {Symbol: "no good", Code: wire.BadSymbol}}
		if !slices.Equal(ack.Symbols, []string{"BTC-USD", "ETH-USD"}) || !slices.Equal(ack.Denied, want) {
			t.Errorf("got %+v, want %v denied", ack, want)
		}
		p.text(`{"op":"subscribe","channel":"ticker","symbols":["*"]}`)
		if ack := message[wire.Ack](p); len(ack.Symbols) != 0 || len(ack.Denied) != 1 {
			t.Errorf("a pattern alone: got %+v", ack)
		}
	})
	t.Run("channels", func(t *testing.T) {
		p := with(jwt.MapClaims{"channels": []string{"trades"}})
		p.text(`{"op":"subscribe","id":2,"channel":"ticker","symbols":["BTC-USD"]}`)
		if e := message[wire.Error](p); e.Code != wire.NotEntitled || string(e.ID) != "2" {
			t.Errorf("got %+v, want %s", e, wire.NotEntitled)
		}
	})
	t.Run("rate", func(t *testing.T) {
		p := with(jwt.MapClaims{"rate": 2})
		for _, asked := range []string{``, `,"rate":5`} {
			p.text(`{"op":"subscribe","channel":"ticker","symbols":["BTC-USD"]` + asked + `}`)
			if ack := message[wire.Ack](p); ack.Rate != 2 {
				t.Errorf("asked for %q: got %+v, want rate 2", asked, ack)
			}
		}
		p.text(`{"op":"subscribe","channel":"ticker","symbols":["BTC-USD"],"rate":1}`)
		if ack := message[wire.Ack](p); ack.Rate != 1 {
			t.Errorf("asked for less: got %+v, want rate 1", ack)
		}
	})
	t.Run("terms", func(t *testing.T) {
		p := dial(t, s.addr, "Authorization: Bearer "+bearer(t, jwt.MapClaims{"terms": 2}))
		if hello := message[wire.Hello](p); hello.Limits.Terms != 2 {
			t.Errorf("hello: got %+v, want 2 terms", hello)
		}
		p.text(`{"op":"subscribe","channel":"ticker","symbols":["BTC-USD","ETH-*","SOL-USD"]}`)
		if ack := message[wire.Ack](p); len(ack.Symbols) != 2 || len(ack.Denied) != 1 || ack.Denied[0].Code != wire.TooManySymbols {
			t.Errorf("got %+v, want one too many", ack)
		}
	})
}

func TestATokenThatExpiresEndsItsSession(t *testing.T) {
	t.Parallel()
	const life = 10 * time.Second // all of the fresh one's tokens must have come by then
	expires := func(life time.Duration) *access.Grant {
		return &access.Grant{Subject: "a", Expires: time.Now().Add(life)}
	}
	s := serve(t, Config{Access: verifier{"short": expires(life), "other": {Subject: "b"}, "less": {Subject: "a", Rate: 1}, "long": expires(time.Hour)}}, fanout.Policy{})
	brief := dial(t, s.addr, "Authorization: Bearer short")
	fresh := dial(t, s.addr, "Authorization: Bearer short")
	for token, want := range map[string]wire.Code{"other": wire.NotEntitled, "less": wire.NotEntitled, "nobody's": wire.Unauthorized} {
		fresh.text(authOp(token))
		if e := message[wire.Error](fresh); e.Code != want {
			t.Errorf("%s: got %+v, want %s", token, e, want)
		}
	}
	fresh.text(authOp("long"))
	message[wire.Ack](fresh)
	if n := message[wire.Notice](brief); n.Code != wire.NoticeExpires || n.InMS <= 0 || n.InMS > life.Milliseconds()/10 {
		t.Errorf("got %+v, want a notice a tenth of its life before it expires", n)
	}
	if code := brief.closeCode(); code != wire.CloseExpired {
		t.Errorf("got %d, want %d", code, wire.CloseExpired)
	}
	until(t, "the end is counted", func() bool { return s.hub.Stats().Ended[fanout.Expired] == 1 })
	fresh.text(`{"op":"ping","id":3}`)
	message[wire.Pong](fresh)
}

// verifier is access by a table.
type verifier map[string]*access.Grant

func (v verifier) Verify(_ context.Context, token string) (*access.Grant, error) {
	if grant := v[token]; grant != nil {
		return grant, nil
	}
	return nil, access.ErrUnknown
}

func TestADelayedSessionBelongsToTheDelayedHub(t *testing.T) {
	late := fanout.New(fanout.Config{Shards: 1})
	behind := &server{hub: late}
	ready := false
	s := serve(t, Config{
		Access: verifier{"late": {Delay: time.Minute}, "now": {}, "later": {Delay: time.Hour}},
		Delayed: func(delay time.Duration) (*fanout.Hub, error) {
			if delay != time.Minute || !ready {
				return nil, errors.New("delayed values are not there yet")
			}
			return late, nil
		},
	}, fanout.Policy{})
	s.trade("A", 1, "2")
	behind.trade("A", 0, "1")
	price := func(p *peer) string {
		p.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
		return string(message[wire.Data](p).Data[0].Price)
	}
	if answer, body := connect(t, s.addr).shake("/v1/ws", "Authorization: Bearer late"); answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" || !strings.Contains(body, "not there yet") {
		t.Errorf("not ready: got %s %s, want 503", answer.Status, body)
	}
	p := dial(t, s.addr)
	message[wire.Hello](p)
	p.text(authOp("late"))
	if code, reason := p.closing(); code != wire.CloseTryLater || !strings.Contains(reason, "not there yet") {
		t.Errorf("not ready, by op: got %d %q, want %d", code, reason, wire.CloseTryLater)
	}
	ready = true
	if got := price(dial(t, s.addr, "Authorization: Bearer late")); got != "1" {
		t.Errorf("by header: got price %s, want the old one", got)
	}
	p = dial(t, s.addr)
	message[wire.Hello](p)
	p.text(authOp("late"))
	message[wire.Ack](p)
	if got := price(p); got != "1" {
		t.Errorf("by op: got price %s, want the old one", got)
	}
	if got := price(dial(t, s.addr, "Authorization: Bearer now")); got != "2" {
		t.Errorf("of now: got price %s, want the new one", got)
	}
	if _, body := rest(t, s.addr, "/v1/snapshot", "late"); !strings.Contains(body, `"p":"1"`) {
		t.Errorf("REST: got %s, want the old price", body)
	}
	if got := s.hubs.stats().Subscribers; got != 3 {
		t.Errorf("counted: got %d subscribers, want those of both hubs", got)
	}
	s.stop()
	if code := p.closeCode(); code != wire.CloseGoingAway {
		t.Errorf("at the end: got %d, want %d", code, wire.CloseGoingAway)
	}
}

// rest asks for a path with a token.
func rest(t *testing.T, addr, path, token string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestRestIsKeptWithinTheGrant(t *testing.T) {
	s := serve(t, Config{Access: verifier{"some": {Symbols: []string{"A*"}, Terms: 2}, "none": {Symbols: []string{}}, "trades": {Channels: []string{"trades"}}}}, fanout.Policy{})
	for i, symbol := range []string{"A1", "A2", "B1"} {
		s.trade(symbol, int64(i), "1")
	}
	for _, tc := range []struct {
		path, token string
		status      int
		has, hasNot string
	}{
		{"/v1/symbols", "", 401, "Authorization: Bearer", ""},
		{"/v1/symbols", "made up", 401, "not known", "made up"},
		{"/v1/symbols?token=some", "", 400, "URL", ""},
		{"/v1/symbols", "some", 200, `["A1","A2"]`, "B1"},
		{"/v1/snapshot", "some", 200, `"A1"`, "B1"},
		{"/v1/snapshot?symbols=A1,B1", "some", 200, `{"symbol":"B1","code":"not_entitled"}`, `"s":"B1"`},
		{"/v1/snapshot?symbols=*", "some", 200, `{"symbol":"*","code":"not_entitled"}`, `"s":`},
		{"/v1/snapshot?symbols=A1,A2,A3", "some", 400, "too_many_symbols", ""},
		{"/v1/snapshot", "none", 200, `"data":[]`, ""},
		{"/v1/symbols", "none", 200, `"symbols":[]`, ""},
		{"/v1/snapshot", "trades", 403, "not_entitled", `"s":`},
	} {
		if status, body := rest(t, s.addr, tc.path, tc.token); status != tc.status || !strings.Contains(body, tc.has) || tc.hasNot != "" && strings.Contains(body, tc.hasNot) || !json.Valid([]byte(body)) {
			t.Errorf("%s with %q: got %d %s, want %d with %s and without %s", tc.path, tc.token, status, body, tc.status, tc.has, tc.hasNot)
		}
	}
}

// TestTokensNeverAppear: with everything logged, no log, metric or answer holds a
// token, good or bad, wherever it was sent.
func TestTokensNeverAppear(t *testing.T) {
	var log safeLog
	s := serve(t, Config{Access: jwtAccess(t), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, fanout.Policy{})
	var said strings.Builder
	tokens := []string{bearer(t, nil)}
	for bad := range badTokens(t) {
		tokens = append(tokens, bad)
	}
	for _, token := range tokens {
		for _, header := range [][]string{{"Authorization: Bearer " + token}, {"Authorization: " + token}, {"Sec-WebSocket-Protocol: tickwire.v1, tickwire.bearer." + token}} {
			answer, body := connect(t, s.addr).shake("/v1/ws", header...)
			fmt.Fprint(&said, answer.Header, body)
		}
		_, body := connect(t, s.addr).shake("/v1/ws?token=" + token)
		said.WriteString(body)
		p := connect(t, s.addr) // a header that is no HTTP
		p.write([]byte("GET /v1/ws HTTP/1.1\r\nHost: x\r\nAuthorization Bearer " + token + "\r\n\r\n"))
		answer, err := io.ReadAll(p.r)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(answer)
		p = dial(t, s.addr)
		p.text(`{"op":"auth","tokn":"` + token + `"}`)
		said.WriteString(message[wire.Error](p).Message)
	}
	said.WriteString(asked(s.Admin(), "/metrics").Body.String())
	said.WriteString(log.text())
	for _, token := range tokens {
		secret := token[strings.LastIndex(token, ".")+1:]
		if secret == "" { // of none
			secret = strings.Split(token, ".")[1]
		}
		if strings.Contains(said.String(), secret) {
			t.Errorf("it appears: %s\nin %s", token, said.String())
		}
	}
	if said.Len() < 1000 {
		t.Errorf("only %q was said: this test shows nothing", said.String())
	}
}

// safeLog is a log that is read while it is written.
type safeLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *safeLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// FuzzTakeToken: whatever the headers are, no token is left in them, and what is
// left of the subprotocols is ours.
func FuzzTakeToken(f *testing.F) {
	f.Add("Bearer a.b.c", "tickwire.v1")
	f.Add("", "tickwire.bearer.a.b.c, tickwire.v1")
	f.Add("basic x", "tickwire.bearer.,,tickwire.bearer.x")
	f.Fuzz(func(t *testing.T, authorization, protocols string) {
		r := &http.Request{Header: http.Header{"Authorization": {authorization}, "Sec-Websocket-Protocol": {protocols}}}
		token, err := takeToken(r)
		if token != "" && err != nil {
			t.Errorf("got %q and %v", token, err)
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("the token is left")
		}
		if left := r.Header.Values("Sec-WebSocket-Protocol"); len(left) > 1 || len(left) == 1 && left[0] != wire.Subprotocol {
			t.Errorf("left is %q", left)
		}
	})
}
