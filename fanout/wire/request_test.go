package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		message  string
		want     Request
		code     Code   // of the refusal; empty: accepted
		says     string // in the refusal's message
	}{
		{scenario: "subscribe", message: `{"op":"subscribe","id":1,"channel":"ticker","symbols":["BTC-USD","ETH-*"],"rate":10}`,
			want: Request{Op: OpSubscribe, ID: ID("1"), Channel: Ticker, Symbols: []string{"BTC-USD", "ETH-*"}, Rate: 10}},
		{scenario: "a slow rate", message: `{"op":"subscribe","channel":"ticker","symbols":["*"],"rate":0.1}`,
			want: Request{Op: OpSubscribe, Channel: Ticker, Symbols: []string{"*"}, Rate: 0.1}},
		{scenario: "unsubscribe", message: `{"op":"unsubscribe","id":"a","channel":"ticker","symbols":["X"]}`,
			want: Request{Op: OpUnsubscribe, ID: ID(`"a"`), Channel: Ticker, Symbols: []string{"X"}}},
		{scenario: "subscribe again where it stopped", message: `{"op":"subscribe","channel":"trades","symbols":["X"],"since":{"X":7},"stamps":true,"bytes_per_s":1000}`,
			want: Request{Op: OpSubscribe, Channel: Trades, Symbols: []string{"X"}, Since: map[string]int64{"X": 7}, Stamps: true, BytesPerS: budget(1000)}},
		{scenario: "a budget alone", message: `{"op":"subscribe","id":1,"bytes_per_s":0}`, want: Request{Op: OpSubscribe, ID: ID("1"), BytesPerS: budget(0)}},
		{scenario: "bars", message: `{"op":"subscribe","channel":"bars_1m","symbols":["X"]}`, want: Request{Op: OpSubscribe, Channel: Bars1m, Symbols: []string{"X"}}},
		{scenario: "list", message: `{"op":"list"}`, want: Request{Op: OpList}},
		{scenario: "ping with white space", message: " { \"op\" : \"ping\" }\n", want: Request{Op: OpPing}},
		{scenario: "auth", message: `{"op":"auth","id":1,"token":"a.b.c"}`, want: Request{Op: OpAuth, ID: ID("1"), Token: "a.b.c"}},

		{scenario: "auth without a token", message: `{"op":"auth"}`, code: BadRequest, says: "auth takes a token"},
		{scenario: "auth with symbols", message: `{"op":"auth","token":"x","symbols":["X"]}`, code: BadRequest, says: "auth takes a token"},
		{scenario: "a token that is a number", message: `{"op":"auth","token":1}`, code: BadRequest, says: "token cannot be a number"},
		{scenario: "a token with another op", message: `{"op":"ping","token":"x"}`, code: BadRequest, says: "op auth"},
		{scenario: "nothing", message: ``, code: BadJSON, says: "not JSON"},
		{scenario: "text", message: `hello`, code: BadJSON, says: "not JSON"},
		{scenario: "cut off", message: `{"op":"ping"`, code: BadJSON, says: "not JSON"},
		{scenario: "two messages in one", message: `{"op":"ping"}{"op":"ping"}`, code: BadJSON, says: "not JSON"},
		{scenario: "an array", message: `[1]`, code: BadRequest, says: "must be a JSON object"},
		{scenario: "a number", message: `7`, code: BadRequest, says: "must be a JSON object"},
		{scenario: "null", message: `null`, code: BadRequest, says: "op is missing"},
		{scenario: "an unknown member", message: `{"op":"ping","symbol":"X"}`, code: BadRequest, says: `unknown field "symbol"`},
		{scenario: "symbols that are a string", message: `{"op":"subscribe","channel":"ticker","symbols":"X"}`, code: BadRequest, says: "symbols cannot be a string"},
		{scenario: "no op", message: `{}`, code: BadRequest, says: "op is missing"},
		{scenario: "an unknown op", message: `{"op":"dance"}`, code: UnknownOp, says: `"dance"`},
		{scenario: "an unknown channel", message: `{"op":"subscribe","channel":"book","symbols":["X"]}`, code: UnknownChannel, says: `"book"`},
		{scenario: "no channel", message: `{"op":"subscribe","symbols":["X"]}`, code: BadRequest, says: "channel is missing"},
		{scenario: "no symbols", message: `{"op":"subscribe","channel":"ticker"}`, code: BadRequest, says: "symbols is missing"},
		{scenario: "an empty list of symbols", message: `{"op":"subscribe","channel":"ticker","symbols":[]}`, code: BadRequest, says: "symbols is missing"},
		{scenario: "a negative rate", message: `{"op":"subscribe","channel":"ticker","symbols":["X"],"rate":-1}`, code: BadRequest, says: "rate must be"},
		{scenario: "a rate over the limit", message: `{"op":"subscribe","channel":"ticker","symbols":["X"],"rate":1001}`, code: BadRequest, says: "rate must be"},
		{scenario: "a rate too small to count", message: `{"op":"subscribe","channel":"ticker","symbols":["X"],"rate":1e-300}`, code: BadRequest, says: "rate must be"},
		{scenario: "unsubscribe with a rate", message: `{"op":"unsubscribe","channel":"ticker","symbols":["X"],"rate":1}`, code: BadRequest, says: "and nothing else"},
		{scenario: "unsubscribe with since", message: `{"op":"unsubscribe","channel":"ticker","symbols":["X"],"since":{"X":1}}`, code: BadRequest, says: "and nothing else"},
		{scenario: "since where nothing is resumed", message: `{"op":"subscribe","channel":"stats","symbols":["X"],"since":{"X":1}}`, code: BadRequest, says: "since is for"},
		{scenario: "since that is no seq", message: `{"op":"subscribe","channel":"ticker","symbols":["X"],"since":{"X":"1"}}`, code: BadRequest, says: "since"},
		{scenario: "stamps of bars", message: `{"op":"subscribe","channel":"bars_1s","symbols":["X"],"stamps":true}`, code: BadRequest, says: "stamps are for"},
		{scenario: "a budget that nothing fits in", message: `{"op":"subscribe","bytes_per_s":999}`, code: BadRequest, says: "bytes_per_s must be"},
		{scenario: "a position", message: `{"op":"subscribe","channel":"trades","symbols":["X"],"position":"0-7"}`,
			want: Request{Op: OpSubscribe, Channel: Trades, Symbols: []string{"X"}, Position: "0-7"}},
		{scenario: "a position on ticker", message: `{"op":"subscribe","channel":"ticker","symbols":["X"],"position":"0-7"}`, code: BadRequest, says: "position is for trades"},
		{scenario: "unsubscribe with a position", message: `{"op":"unsubscribe","channel":"trades","symbols":["X"],"position":"0-7"}`, code: BadRequest, says: "unsubscribe takes"},
		{scenario: "list with a position", message: `{"op":"list","position":"0-7"}`, code: BadRequest, says: "list takes no"},
		{scenario: "ping with a budget", message: `{"op":"ping","bytes_per_s":5000}`, code: BadRequest, says: "ping takes no"},
		{scenario: "list with symbols", message: `{"op":"list","symbols":["X"]}`, code: BadRequest, says: "list takes no"},
		{scenario: "an id that is an object", message: `{"op":"ping","id":{}}`, code: BadRequest, says: "id must be"},
		{scenario: "an id that is a fraction", message: `{"op":"ping","id":1.5}`, code: BadRequest, says: "id must be"},
		{scenario: "an id that is too long", message: `{"op":"ping","id":"` + strings.Repeat("x", 37) + `"}`, code: BadRequest, says: "id must be"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			got, refusal := ParseRequest([]byte(tc.message))
			if tc.code == "" {
				if refusal != nil || !reflect.DeepEqual(got, tc.want) {
					t.Fatalf("got %+v (refusal %+v), want %+v", got, refusal, tc.want)
				}
				return
			}
			if refusal == nil {
				t.Fatalf("got %+v, want a refusal with %s", got, tc.code)
			}
			if refusal.Code != tc.code || !strings.Contains(refusal.Message, tc.says) {
				t.Errorf("got %s %q, want %s with %q", refusal.Code, refusal.Message, tc.code, tc.says)
			}
		})
	}
}

func budget(bytes int) *int { return &bytes }

func TestValidTerm(t *testing.T) {
	for term, want := range map[string]bool{
		"BTC-USD": true, "*": true, "BTC-*": true, strings.Repeat("X", 32): true, strings.Repeat("X", 32) + "*": true,
		"": false, "**": false, "*X": false, "B*C": false, "BTC USD": false, "A,B": false, "€": false, strings.Repeat("X", 33): false,
	} {
		if got := ValidTerm(term); got != want {
			t.Errorf("ValidTerm(%q): got %v, want %v", term, got, want)
		}
	}
}

// FuzzParseRequest: every message is either accepted, and then means the same
// when it is sent again, or answered with an error that names a code.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"op":"auth","id":1,"token":"a.b.c"}`))
	for _, seed := range []string{`{"op":"subscribe","id":1,"channel":"ticker","symbols":["BTC-USD","ETH-*"],"rate":10}`, `{"op":"list","id":"x"}`, `{"op":"ping"}{}`, `[]`, `{"op":1}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		r, refusal := ParseRequest(message)
		if refusal != nil {
			if refusal.Code == "" || refusal.Message == "" || !json.Valid(Marshal(refusal)) {
				t.Fatalf("%q: a refusal without its text: %+v", message, refusal)
			}
			return
		}
		again, refusal := ParseRequest(Marshal(r))
		if refusal != nil || !reflect.DeepEqual(normal(r), normal(again)) {
			t.Fatalf("%q: got %+v (refusal %+v) when sent again, want %+v", message, again, refusal, r)
		}
	})
}

// normal makes an id that was written differently the same.
func normal(r Request) Request {
	var id any
	if len(r.ID) > 0 && json.Unmarshal(r.ID, &id) == nil {
		r.ID = Marshal(id)
	}
	return r
}

// FuzzParse: no bytes of a server can do more to a client than be an error.
func FuzzParse(f *testing.F) {
	for _, m := range messages {
		f.Add(m.text)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if m, err := Parse(message); err != nil && m != nil {
			t.Fatalf("%q: both a message and the error %v", message, err)
		}
	})
}
