package client

import (
	"bytes"
	"testing"

	"tickwire/fanout/wire"
)

// FuzzDeliver: whatever a server sends, a line a message, nothing breaks; and
// of what is delivered, seq and ordinal of a symbol rise between snapshots.
func FuzzDeliver(f *testing.F) {
	for _, seed := range []string{
		`{"type":"snapshot","data":[{"s":"A","q":1,"n":1}]}` + "\n" + `{"type":"ticker","data":[{"s":"A","q":2,"n":3},{"s":"A","q":2,"n":4}]}`,
		`{"type":"ticker","data":[{"s":"A","q":-1,"n":18446744073709551615}]}` + "\n" + `{"type":"ticker","data":[{"s":"A","q":0,"n":0}]}`,
		`{"type":"ack","id":1,"denied":[{"symbol":"X"}]}` + "\n" + `{"type":"error","id":"1"}` + "\n" + `{"type":"pong"}`,
		`{"type":"heartbeat","t":1}` + "\n" + `{"type":"hello","v":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		before := map[string]wire.Update{}
		c, err := New(Config{URL: "ws://server", OnUpdates: func(updates []wire.Update, snapshot bool) {
			for _, u := range updates {
				if b, known := before[u.Symbol]; known && !snapshot && (u.Seq <= b.Seq || u.Ordinal <= b.Ordinal) {
					t.Fatalf("%q was delivered after %d, %d: %d, %d", u.Symbol, b.Seq, b.Ordinal, u.Seq, u.Ordinal)
				}
				before[u.Symbol] = wire.Update{Seq: u.Seq, Ordinal: u.Ordinal}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(c, nil)
		s.pending.Store(&call{id: wire.ID("1"), answer: make(chan any, 1), unattended: true})
		for line := range bytes.Lines(lines) {
			if message, err := wire.Parse(line); err == nil {
				s.deliver(message)
			}
		}
	})
}
