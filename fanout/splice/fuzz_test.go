package splice

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// FuzzEncode takes any text for an update of any kind: Encode refuses it, or
// every frame with it says just that text.
func FuzzEncode(f *testing.F) {
	var tables []*Table
	for i, k := range kinds {
		table := k.table(f)
		tables = append(tables, table)
		f.Add(uint8(i), k.with())
		f.Add(uint8(i), k.update(values{"s": "X"}))
		for _, u := range k.drawn(table, rand.New(rand.NewPCG(1, 1)), 20) {
			f.Add(uint8(i), u)
		}
	}
	f.Add(uint8(0), []byte(`{"s":"A-B","q":"x","n":{},"t":[1],"p":"1","z":"2","b":"1","a":"1","v":"a"b"}`))
	f.Add(uint8(0), []byte(`{"s":"\u00e9-USD","q":1,"n":1,"t":1,"p":"","z":"","b":"","a":"","v":""}`))
	f.Add(uint8(1), []byte(`{"s":"A-B","q":"x","t":[1],"p":"1","z":"2","d":"a"b"}`))
	f.Add(uint8(2), []byte(`{"s":""}`))
	f.Fuzz(func(t *testing.T, i uint8, update []byte) {
		k, table := kinds[int(i)%len(kinds)], tables[int(i)%len(kinds)]
		var s Segment
		if !table.Encode(&s, update) {
			return
		}
		updates := [][]byte{update, update, k.with(), update}
		checkInflates(t, table, 0, updates[:1], table.AppendFrame(nil, 0, []*Segment{&s}))
		checkInflates(t, table, 1, updates, table.AppendFrame(nil, 1, mustEncode(t, table, updates)))
	})
}

// FuzzFrame makes frames of the values that it is given, in any member, and of
// drawn ones.
func FuzzFrame(f *testing.F) {
	var tables []*Table
	for i, k := range kinds {
		tables = append(tables, k.table(f))
		f.Add(uint8(i), uint64(1), uint8(1), "BTC-USD", "1007", "67123.45", "67123.44")
		f.Add(uint8(i), uint64(2), uint8(2), "X", "", "", "0.000000")
		f.Add(uint8(i), uint64(3), uint8(20), "BTC-USDT-210625", "99999999999999", "61833.09000000", "61833.10000000")
		f.Add(uint8(i), uint64(4), uint8(31), "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~", "0", "1000000000000000000", "100000000000000000000000000000000000000")
	}
	f.Fuzz(func(t *testing.T, i uint8, seed uint64, n uint8, symbol, a, b, c string) {
		k, table := kinds[int(i)%len(kinds)], tables[int(i)%len(kinds)]
		r := rand.New(rand.NewPCG(seed, 1))
		updates := k.drawn(table, r, 1+int(n)%32)
		for i := range updates {
			if u := k.update(given(r, k, symbol, a, b, c)); r.IntN(2) == 0 && plain(symbol+a+b+c) && table.Encode(new(Segment), u) {
				updates[i] = u
			}
		}
		checkReference(t, newReference(table, k.lengths), int(seed%2), updates)
	})
}

// given is the usual update with some members of what is given.
func given(r *rand.Rand, k *kind, symbol string, others ...string) values {
	v := maps.Clone(k.usual)
	for i, f := range k.layout("").Fields {
		switch {
		case r.IntN(2) == 0:
		case i == 0:
			v[f.Name] = symbol
		default:
			v[f.Name] = others[r.IntN(len(others))]
		}
	}
	return v
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
