package huffman

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"testing"
)

func TestLengthsAreCompleteAndNoneOverTheLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		counts := make([]int, 2+r.IntN(284))
		for i := range counts {
			counts[i] = 1 + int(r.ExpFloat64()*r.ExpFloat64()*r.ExpFloat64()*1000)
		}
		limit := 9 + r.IntN(7)
		lengths := Lengths(counts, limit)
		if !Complete(lengths) {
			t.Fatalf("counts %v: got lengths %v, want a complete code", counts, lengths)
		}
		for symbol, n := range lengths {
			if int(n) > limit || n == 0 {
				t.Fatalf("symbol %d of count %d: got length %d, want 1 to %d", symbol, counts[symbol], n, limit)
			}
		}
	}
}

func TestLengthsAreTheBest(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []int
		limit  int
		want   int // bits of all
	}{
		{"two symbols", []int{1, 1000}, 15, 1001},
		{"powers of two", []int{8, 4, 2, 1, 1}, 15, 8 + 2*4 + 3*2 + 4*2},
		{"the same, limited", []int{8, 4, 2, 1, 1}, 3, 8 + 3*8},
		{"one that does not occur", []int{5, 0, 5}, 15, 10},
		{"as many as the limit allows", []int{9, 1, 1, 1}, 2, 24},
	} {
		got := 0
		for symbol, n := range Lengths(c.counts, c.limit) {
			got += int(n) * c.counts[symbol]
		}
		if got != c.want {
			t.Errorf("%s: got %d bits, want %d", c.name, got, c.want)
		}
	}
}

// TestHeaderIsReadByFlate puts an end of block behind the header: a reader that
// takes the lengths for others does not find it there.
func TestHeaderIsReadByFlate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		literals, distances := make([]int, 286), make([]int, 30)
		for i := range literals {
			if r.IntN(3) > 0 {
				literals[i] = 1 << r.IntN(12)
			}
		}
		for i := range distances {
			if r.IntN(2) > 0 || i < 2 {
				distances[i] = 1 << r.IntN(8)
			}
		}
		literals['x'], literals[EndOfBlock] = 1<<r.IntN(12), 1
		literal, distance := Lengths(literals, 14), Lengths(distances, 12)
		b := Header(literal, distance)
		if got := HeaderSize(literal, distance); got != b.N {
			t.Errorf("got a header size of %d bits, want %d", got, b.N)
		}
		codes := Codes(literal)
		b.AddCode(codes['x'])
		b.AddCode(codes[EndOfBlock])
		b.Add(0b011, 3) // a last block, of the fixed code
		b.Add(0, 7)     // its end
		got, err := io.ReadAll(flate.NewReader(bytes.NewReader(b.Bytes)))
		if err != nil || string(got) != "x" {
			t.Fatalf("lengths %v and %v: got %q, %v, want x", literal, distance, got, err)
		}
	}
}

func TestMatchSymbolsAreTheRFCs(t *testing.T) {
	for _, c := range []struct{ n, symbol, extra, bits int }{
		{3, 257, 0, 0}, {10, 264, 0, 0}, {11, 265, 0, 1}, {12, 265, 1, 1}, {18, 268, 1, 1}, {19, 269, 0, 2}, {34, 272, 3, 2},
		{35, 273, 0, 3}, {114, 279, 15, 4}, {115, 280, 0, 4}, {131, 281, 0, 5}, {227, 284, 0, 5}, {257, 284, 30, 5}, {258, 285, 0, 0},
	} {
		if symbol, extra, bits := LengthSymbol(c.n); symbol != c.symbol || int(extra) != c.extra || int(bits) != c.bits {
			t.Errorf("length %d: got %d, %d in %d bits, want %d, %d in %d", c.n, symbol, extra, bits, c.symbol, c.extra, c.bits)
		}
	}
	for _, c := range []struct{ d, symbol, extra, bits int }{
		{1, 0, 0, 0}, {4, 3, 0, 0}, {5, 4, 0, 1}, {6, 4, 1, 1}, {7, 5, 0, 1}, {192, 14, 63, 6}, {193, 15, 0, 6}, {512, 17, 127, 7}, {32768, 29, 8191, 13},
	} {
		if symbol, extra, bits := DistanceSymbol(c.d); symbol != c.symbol || int(extra) != c.extra || int(bits) != c.bits {
			t.Errorf("distance %d: got %d, %d in %d bits, want %d, %d in %d", c.d, symbol, extra, bits, c.symbol, c.extra, c.bits)
		}
	}
}
