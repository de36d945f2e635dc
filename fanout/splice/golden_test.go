package splice

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tickwire/fanout/splice/internal/huffman"
	"tickwire/fanout/wire"
)

var update = flag.Bool("update", false, "write the golden file anew, with the code of today")

// vector is a message and what it is with a code of its own: retraining the
// code leaves the vectors as they are.
type vector struct {
	name            string
	lengths         Lengths
	header, payload []byte
	headerBits      int
	message         string
}

// parseVectors reads a file of sections of these lines:
//
//	## name
//	literal lengths 0x20..0x7e: [...]
//	256 (EOB) ..285: [...]
//	distance codes 0..29: [...]
//	block header N bits: hex
//	vector JSON: {...}
//	vector payload N bytes: hex
func parseVectors(t *testing.T, path string) []vector {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s here", path)
	} else if err != nil {
		t.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			all = append(all, vector{name: name})
			continue
		}
		what, rest, ok := strings.Cut(line, ": ")
		if !ok || len(all) == 0 {
			continue
		}
		v := &all[len(all)-1]
		switch {
		case strings.HasPrefix(what, "literal lengths"):
			parseLengths(t, v.lengths.Literal[' ':'~'+1], rest)
		case strings.HasPrefix(what, "256"):
			parseLengths(t, v.lengths.Literal[huffman.EndOfBlock:], rest)
		case strings.HasPrefix(what, "distance codes"):
			parseLengths(t, v.lengths.Distance[:], rest)
		case strings.HasPrefix(what, "block header"):
			v.header = unhex(t, rest)
			fmt.Sscanf(what, "block header %d bits", &v.headerBits)
		case what == "vector JSON":
			v.message = rest
		case strings.HasPrefix(what, "vector payload"):
			v.payload = unhex(t, rest)
		}
	}
	return all
}

func parseLengths(t *testing.T, to []uint8, list string) {
	t.Helper()
	words := strings.Fields(strings.Trim(list, "[]"))
	if len(words) != len(to) {
		t.Fatalf("got %d code lengths, want %d", len(words), len(to))
	}
	for i, w := range words {
		n, err := strconv.ParseUint(w, 10, 8)
		if err != nil {
			t.Fatal(err)
		}
		to[i] = uint8(n)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// split cuts a message into its updates.
func (v *vector) split(l *Layout) [][]byte {
	text := strings.TrimSuffix(strings.TrimPrefix(v.message, l.Heads[0]), l.Foot)
	var updates [][]byte
	for _, u := range strings.SplitAfter(text, "}") {
		if u = strings.TrimPrefix(u, ","); u != "" {
			updates = append(updates, []byte(u))
		}
	}
	return updates
}

func TestGoldenPayloads(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		path := "testdata/" + k.name + ".txt"
		if *update {
			writeGolden(t, path, k, table)
		}
		vectors := parseVectors(t, path)
		if len(vectors) != len(k.heads) {
			t.Fatalf("%s: got %d vectors, want one a head, %d", path, len(vectors), len(k.heads))
		}
		for i := range vectors {
			layout := k.layout(wire.DataFoot, k.heads[i])
			checkVector(t, &layout, &vectors[i])
		}
	})
}

func checkVector(t *testing.T, layout *Layout, v *vector) {
	t.Helper()
	table, err := NewTable(*layout, &v.lengths)
	if err != nil {
		t.Fatalf("%s: %v", v.name, err)
	}
	checkHeader(t, v)
	if got := huffman.Header(v.lengths.Literal[:], v.lengths.Distance[:]); !bytes.Equal(got.Bytes, v.header) {
		t.Errorf("%s: got header %x, want %x", v.name, got.Bytes, v.header)
	}
	got := table.AppendFrame(nil, 0, mustEncode(t, table, v.split(layout)))
	if !bytes.Equal(got, v.payload) {
		t.Errorf("%s: got %x, want %x", v.name, got, v.payload)
	}
	checkInflates(t, table, 0, v.split(layout), v.payload)
}

// checkHeader compares sizes: headers of equal size can have their runs in
// another order.
func checkHeader(t *testing.T, v *vector) {
	t.Helper()
	got := huffman.Header(v.lengths.Literal[:], v.lengths.Distance[:])
	if n := v.lengths.HeaderSize(); got.N != v.headerBits || n != v.headerBits {
		t.Errorf("%s: got a header of %d bits and its size as %d, want %d", v.name, got.N, n, v.headerBits)
	}
}

func writeGolden(t *testing.T, path string, k *kind, table *Table) {
	t.Helper()
	updates := k.golden(k)
	literal, distance := k.lengths.Literal, k.lengths.Distance
	var b bytes.Buffer
	for head, name := range []string{k.name, "snapshot"} {
		header := huffman.Header(literal[:], distance[:])
		payload := table.AppendFrame(nil, head, mustEncode(t, table, updates))
		fmt.Fprintf(&b, "## %s\n", name)
		fmt.Fprintf(&b, "literal lengths 0x20..0x7e: %d\n", literal[' ':'~'+1])
		fmt.Fprintf(&b, "256 (EOB) ..285: %d\n", literal[huffman.EndOfBlock:])
		fmt.Fprintf(&b, "distance codes 0..29: %d\n", distance)
		fmt.Fprintf(&b, "block header %d bits: %x\n", header.N, header.Bytes)
		fmt.Fprintf(&b, "vector JSON: %s\n", table.AppendRaw(nil, head, updates))
		fmt.Fprintf(&b, "vector payload %d bytes: %x\n", len(payload), payload)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func goldenUpdates(k *kind) [][]byte {
	again := k.with("s", "SOL-USD", "q", "1009", "t", "1732242001000000")
	return [][]byte{k.with(), k.with("s", "ETH-USDT-PERP", "q", "4", "n", "2", "t", "1732242000123999", "p", "", "z", "", "b", "2683.80000000", "a", "2683.81000000", "v", "0"), again, again}
}

func goldenTrades(k *kind) [][]byte {
	return [][]byte{k.with(), k.with("q", "1007", "z", "0.25"), k.with("q", "1009", "p", "67123.50", "t", "1732242000124000", "d", ""),
		k.with("s", "ETH-USDT-PERP", "q", "4", "t", "1732242001000000", "p", "2683.80000000", "z", "", "d", "b")}
}

func goldenBars(k *kind) [][]byte {
	return [][]byte{k.with(), k.with("t", "1732242000000000", "q", "1007", "o", "67123.44", "h", "67123.45", "l", "67123.44", "c", "67123.45", "v", "0.5123", "k", "2", "x", "false"),
		k.with("s", "ETH-USDT-PERP", "q", "4", "o", "2683.80000000", "h", "2683.80000000", "l", "2683.80000000", "c", "2683.80000000", "k", "1")}
}

// TestOtherLayouts: the machinery knows no message. The vectors are of another
// encoder, which wrote the keys of a first update as literals.
func TestOtherLayouts(t *testing.T) {
	price := Field{Name: "p", Quoted: true}
	size := Field{Name: "q", Quoted: true}
	bid := Field{Name: "b", Quoted: true, Like: []int{1}}
	ask := Field{Name: "a", Quoted: true, Like: []int{1, 3}}
	symbol, at, number := Field{Name: "s", Quoted: true}, Field{Name: "t", Tail: 3}, Field{Name: "n"}
	layouts := map[string][]Field{
		"keyed-full-V3ct": {symbol, price, size, bid, ask, at, number},
		"keyed-lean-V3ct": {symbol, price, size, at},
	}
	for _, v := range parseVectors(t, "../../../shared/splice-vectors.txt") {
		layout := Layout{Heads: []string{`{"type":"ticks","data":[`}, Foot: "]}", Separator: '-', Fields: layouts[v.name]}
		table, err := NewTable(layout, &v.lengths)
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		checkHeader(t, &v)
		updates := v.split(&layout)
		segments := mustEncode(t, table, updates)
		payload := table.AppendFrame(nil, 0, segments)
		checkInflates(t, table, 0, updates, payload)
		checkInflates(t, table, 0, updates, v.payload)
		if len(payload) > len(v.payload) {
			t.Errorf("%s: got %d bytes, want at most %d", v.name, len(payload), len(v.payload))
		}
		table.openings[0] = literalOpening(table, &v)
		if got := table.AppendFrame(nil, 0, segments); !bytes.Equal(got, v.payload) {
			t.Errorf("%s: with literal keys got %x, want %x", v.name, got, v.payload)
		}
	}
}

// literalOpening is an opening with the vector's header and without matches.
func literalOpening(t *Table, v *vector) opening {
	codes := huffman.Codes(v.lengths.Literal[:])
	bits := huffman.Bits{Bytes: slices.Clone(v.header), N: v.headerBits}
	for _, c := range []byte(t.layout.Heads[0] + t.keys[0][t.ahead():]) {
		bits.AddCode(codes[c])
	}
	o := opening{bytes: bits.Bytes[:bits.N/8], most: bits.N + 2000}
	if bits.N%8 != 0 {
		o.rest = chunk{uint64(bits.Bytes[bits.N/8]), uint(bits.N % 8)}
	}
	for f := 1; f < len(t.keys); f++ {
		var c chunks
		t.literals(&c, t.keys[f])
		for _, piece := range c {
			o.keys[f] = append(o.keys[f], step{chunk: piece})
		}
	}
	return o
}
