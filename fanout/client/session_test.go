package client

import (
	"bytes"
	"testing"

	"tickwire/fanout/wire"
)

// promises checks what a client delivers: of updates, seq and ordinal of a
// symbol rise between snapshots, the ordinal within a connection; of trades,
// the seq rises unless a gap says that it begins anew.
type promises struct {
	t       *testing.T
	updates map[string]wire.Update
	trades  map[string]int64
}

func (p *promises) config() Config {
	return Config{
		URL: "ws://server", BytesPerS: wire.MinBytesPerS,
		Subscriptions: []Subscription{{Symbols: []string{"*"}}, {Channel: wire.Trades, Symbols: []string{"A", "*"}}},
		OnUpdates: func(updates []wire.Update, snapshot bool) {
			for _, u := range updates {
				if b, known := p.updates[u.Symbol]; known && !snapshot && (u.Seq <= b.Seq || b.Ordinal != 0 && u.Ordinal <= b.Ordinal) {
					p.t.Fatalf("%q was delivered after %d, %d: %d, %d", u.Symbol, b.Seq, b.Ordinal, u.Seq, u.Ordinal)
				}
				p.updates[u.Symbol] = wire.Update{Seq: u.Seq, Ordinal: u.Ordinal}
			}
		},
		OnTrades: func(trades []wire.Trade) {
			for _, t := range trades {
				if seq, known := p.trades[t.Symbol]; known && t.Seq <= seq {
					p.t.Fatalf("%q was delivered after %d: a trade of %d", t.Symbol, seq, t.Seq)
				}
				p.trades[t.Symbol] = t.Seq
			}
		},
		OnGap: func(g wire.Gap) {
			if g.To < g.From {
				delete(p.trades, g.Symbol)
			}
		},
	}
}

func (p *promises) reconnect() {
	for symbol, u := range p.updates {
		u.Ordinal = 0
		p.updates[symbol] = u
	}
}

// FuzzDeliver: whatever a server sends, a line a message, nothing breaks, and
// what is delivered keeps the promises. An empty line is a new connection.
func FuzzDeliver(f *testing.F) {
	for _, seed := range []string{
		`{"type":"snapshot","channel":"ticker","data":[{"s":"A","q":1,"n":1}]}` + "\n" + `{"type":"ticker","data":[{"s":"A","q":2,"n":3},{"s":"A","q":2,"n":4}]}`,
		`{"type":"ticker","data":[{"s":"A","q":-1,"n":18446744073709551615}]}` + "\n" + `{"type":"ticker","data":[{"s":"A","q":0,"n":0}]}`,
		`{"type":"ticker","data":[{"s":"A","q":1,"n":7}]}` + "\n\n" + `{"type":"ticker","data":[{"s":"A","q":2,"n":1},{"s":"A","q":1,"n":2}]}`,
		`{"type":"trades","sent":1,"data":[{"s":"A","q":1},{"s":"B","q":1},{"s":"A","q":1}]}` + "\n\n" + `{"type":"trades","data":[{"s":"B","q":1},{"s":"B","q":2}]}`,
		`{"type":"trades","data":[{"s":"A","q":9}]}` + "\n" + `{"type":"gap","channel":"trades","symbol":"A","from":10,"to":0}` + "\n" + `{"type":"trades","data":[{"s":"A","q":1}]}`,
		`{"type":"stats","data":[{"s":"A","q":1}]}` + "\n" + `{"type":"snapshot","channel":"bars_1m","data":[{"s":"A","q":1}]}` + "\n" + `{"type":"bars_1m","data":[]}`,
		`{"type":"status","scope":"symbol","symbol":"A","state":"stale"}` + "\n" + `{"type":"snapshot","channel":"ticker","data":[{"s":"A","t":-1}]}`,
		`{"type":"ack","id":1,"denied":[{"symbol":"X"}]}` + "\n" + `{"type":"error","id":"1"}` + "\n" + `{"type":"pong"}`,
		`{"type":"heartbeat","t":1,"state":"down"}` + "\n" + `{"type":"hello","v":1}` + "\n" + `{"type":"notice","code":"expires"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		p := &promises{t: t, updates: map[string]wire.Update{}, trades: map[string]int64{}}
		c, err := New(p.config())
		if err != nil {
			t.Fatal(err)
		}
		connect := func() *session {
			s := newSession(c, nil)
			for _, r := range resumption(&c.wanted, c.ledger, 100) {
				if _, refusal := wire.ParseRequest(wire.Marshal(r)); refusal != nil {
					t.Fatalf("%s: %s", wire.Marshal(r), refusal.Message)
				}
			}
			s.pending.Store(&call{id: wire.ID("1"), answer: make(chan any, 1), unattended: true})
			p.reconnect()
			return s
		}
		s := connect()
		for line := range bytes.Lines(lines) {
			if len(bytes.TrimSpace(line)) == 0 {
				s = connect()
			} else if message, err := wire.Parse(line); err == nil {
				s.deliver(message)
			}
		}
	})
}
