package splice

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// FuzzEncode takes any text for an update: Encode refuses it, or every frame
// with it says just that text.
func FuzzEncode(f *testing.F) {
	empty := fields{s: "X"}
	f.Add(usual.update())
	f.Add(empty.update())
	f.Add([]byte(`{"s":"A-B","q":"x","n":{},"t":[1],"p":"1","z":"2","b":"1","a":"1","v":"a"b"}`))
	f.Add([]byte(`{"s":"\u00e9-USD","q":1,"n":1,"t":1,"p":"","z":"","b":"","a":"","v":""}`))
	f.Add([]byte(`{"s":""}`))
	for _, u := range drawUpdates(mustTicker(f), rand.New(rand.NewPCG(1, 1)), 20) {
		f.Add(u)
	}
	table := mustTicker(f)
	f.Fuzz(func(t *testing.T, update []byte) {
		var s Segment
		if !table.Encode(&s, update) {
			return
		}
		updates := [][]byte{update, update, usual.update(), update}
		checkInflates(t, table, 0, updates[:1], table.AppendFrame(nil, 0, []*Segment{&s}))
		checkInflates(t, table, 1, updates, table.AppendFrame(nil, 1, mustEncode(t, table, updates)))
	})
}

// FuzzFrame makes frames of the values that it is given and of drawn ones.
func FuzzFrame(f *testing.F) {
	f.Add(uint64(1), uint8(1), "BTC-USD", "1007", "67123.45", "67123.44")
	f.Add(uint64(2), uint8(2), "X", "", "", "0.000000")
	f.Add(uint64(3), uint8(20), "BTC-USDT-210625", "99999999999999", "61833.09000000", "61833.10000000")
	f.Add(uint64(4), uint8(31), "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~", "0", "1000000000000000000", "100000000000000000000000000000000000000")
	table := mustTicker(f)
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, symbol, seq, price, bid string) {
		r := rand.New(rand.NewPCG(seed, 1))
		updates := drawUpdates(table, r, 1+int(n)%32)
		for i := range updates {
			given := draw(r)
			for _, v := range []struct {
				to   *string
				text string
			}{{&given.s, symbol}, {&given.q, seq}, {&given.p, price}, {&given.b, bid}} {
				if r.IntN(2) == 0 {
					*v.to = v.text
				}
			}
			if u := given.update(); r.IntN(2) == 0 && plain(symbol+seq+price+bid) && table.Encode(new(Segment), u) {
				updates[i] = u
			}
		}
		head := int(seed % 2)
		got := table.AppendFrame(nil, head, mustEncode(t, table, updates))
		if want := newReference(table, &tickerLengths).frame(&tickerLengths, head, updates); !bytes.Equal(got, want) {
			t.Fatalf("message %s\ngot  %x\nwant %x", table.AppendRaw(nil, head, updates), got, want)
		}
		checkInflates(t, table, head, updates, got)
	})
}

// plain reports whether the reference, which reads JSON by its punctuation,
// finds the ends of these values.
func plain(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '"' || c == ',' || c == '}' {
			return false
		}
	}
	return true
}
