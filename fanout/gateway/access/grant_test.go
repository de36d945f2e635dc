package access

import (
	"encoding/json"
	"testing"

	"tickwire/fanout/wire"
)

func TestAPatternMayNotReachBeyondTheGrant(t *testing.T) {
	g := &Grant{Symbols: []string{"BTC-*", "ETH-USD"}}
	for term, want := range map[string]bool{
		"BTC-USD": true, "BTC-*": true, "BTC-U*": true, "BTC-USD*": true, "ETH-USD": true,
		"*": false, "B*": false, "BTC*": false, "BTC": false, "ETH-USD*": false, "ETH-*": false, "ETH-USDT": false, "ETH-US": false, "": false,
	} {
		if got := g.Symbol(term); got != want {
			t.Errorf("%q: got %v, want %v", term, got, want)
		}
	}
	for _, term := range []string{"*", "A", "A*"} {
		if !(&Grant{}).Symbol(term) || !(&Grant{Symbols: []string{"*"}}).Symbol(term) {
			t.Errorf("%q is not within everything", term)
		}
		if (&Grant{Symbols: []string{}}).Symbol(term) {
			t.Errorf("%q is within nothing", term)
		}
	}
}

func TestARateIsCapped(t *testing.T) {
	for _, tc := range []struct{ granted, asked, want float64 }{{0, 0, 0}, {0, 5, 5}, {2, 0, 2}, {2, 5, 2}, {2, 1, 1}, {2, 2, 2}} {
		if got := (&Grant{Rate: tc.granted}).Cap(tc.asked); got != tc.want {
			t.Errorf("%v of %v: got %v, want %v", tc.asked, tc.granted, got, tc.want)
		}
	}
}

func TestOnlyAGrantThatIsNoLessReplacesAnother(t *testing.T) {
	old := Grant{Subject: "a", Symbols: []string{"B-*", "C"}, Channels: []string{"ticker"}, Rate: 5, Terms: 10, Delay: 1}
	for _, tc := range []struct {
		scenario string
		change   func(g *Grant)
		want     bool
	}{
		{"the same", func(*Grant) {}, true},
		{"everything", func(g *Grant) { g.Symbols, g.Channels, g.Rate, g.Terms = nil, nil, 0, 0 }, true},
		{"wider patterns", func(g *Grant) { g.Symbols = []string{"B*", "C*"} }, true},
		{"a narrower pattern", func(g *Grant) { g.Symbols = []string{"B-X*", "C"} }, false},
		{"one symbol less", func(g *Grant) { g.Symbols = []string{"B-*"} }, false},
		{"another channel", func(g *Grant) { g.Channels = []string{"trades"} }, false},
		{"a lower rate", func(g *Grant) { g.Rate = 4 }, false},
		{"fewer terms", func(g *Grant) { g.Terms = 9 }, false},
		{"another subject", func(g *Grant) { g.Subject = "b" }, false},
		{"no delay", func(g *Grant) { g.Delay = 0 }, false},
		{"of an operator", func(g *Grant) { g.Operator = true }, true},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			g := old
			tc.change(&g)
			if got := g.Replaces(&old); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
	if all := (&Grant{}); all.Replaces(&Grant{Subject: "", Rate: 1}) != true || (&Grant{Rate: 1}).Replaces(all) || (&Grant{Terms: 1}).Replaces(all) || (&Grant{Symbols: []string{"A"}}).Replaces(all) {
		t.Error("a grant of less replaces one of everything")
	}
	if operator := (&Grant{Operator: true}); !operator.Replaces(operator) || (&Grant{}).Replaces(operator) {
		t.Error("what is no operator's replaces an operator's")
	}
}

// FuzzSymbol: a term within a grant matches no symbol that the grant does not.
func FuzzSymbol(f *testing.F) {
	f.Add("BTC-*", "BTC-USD*", "BTC-USDT")
	f.Add("*", "*", "A")
	f.Add("A", "A*", "AB")
	f.Fuzz(func(t *testing.T, granted, term, symbol string) {
		g := &Grant{Symbols: []string{granted}}
		if !wire.ValidTerm(term) || !wire.ValidTerm(granted) || !g.Symbol(term) {
			return
		}
		if _, pattern := wire.Pattern(symbol); pattern {
			return
		}
		wanted := &Grant{Symbols: []string{term}}
		if wanted.Symbol(symbol) && !g.Symbol(symbol) {
			t.Errorf("%q is within %q and matches %q, which is not", term, granted, symbol)
		}
	})
}

// FuzzClaims: what is there and understood is within its bounds.
func FuzzClaims(f *testing.F) {
	f.Add(`{"symbols":["A*"],"channels":["ticker"],"rate":1,"terms":2,"delay":3}`)
	f.Add(`{"rate":1e400}`)
	f.Add(`{"delay":1e9,"symbols":[null]}`)
	f.Add(`{"operator":true}`)
	f.Add(`{"operator":"true","Operator":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &members) != nil {
			return
		}
		var g Grant
		if g.take(members) != nil {
			return
		}
		if g.Rate < 0 || g.Rate > wire.MaxRate || g.Terms < 0 || g.Delay < 0 || g.Delay > maxDelay || len(g.Symbols) > maxPatterns {
			t.Errorf("got %+v of %s", g, text)
		}
		if claim := string(members["operator"]); g.Operator != (claim == "true") {
			t.Errorf("operator is %q: got %v", claim, g.Operator)
		}
		for _, name := range []string{"symbols", "channels"} {
			if _, there := members[name]; there && (name == "symbols" && g.Symbols == nil || name == "channels" && g.Channels == nil) {
				t.Errorf("%s is there, and everything is granted: %s", name, text)
			}
		}
	})
}
