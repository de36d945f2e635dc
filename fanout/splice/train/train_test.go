package main

import (
	"bytes"
	"os"
	"runtime"
	"testing"

	"tickwire/fanout/splice/internal/huffman"
)

// TestTrainingMakesTheFileThatIsThere: the same on every run, and by the program,
// the market and the layouts of today.
func TestTrainingMakesTheFileThatIsThere(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the market's floats are rounded otherwise here than where the file was made")
	}
	codes, err := trainAll(trainers(t.Logf), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes {
		for symbol := ' '; symbol <= '~'; symbol++ {
			if c.lengths.Literal[symbol] == 0 {
				t.Errorf("%s: no code for %q, want one for every printable character", c.message, symbol)
			}
		}
	}
	got, err := source(codes)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../lengths.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %s, want lengths.go as it is; go generate writes it anew", got)
	}
}

// TestSearchBeatsHuffman: Huffman's code is the best for the data, and what it
// loses by its header is what the search is for.
func TestSearchBeatsHuffman(t *testing.T) {
	c := &tally{frames: 100}
	for symbol := ' '; symbol <= '~'; symbol++ {
		c.literal[symbol] = 1 + int(symbol*symbol*7919)%97
	}
	c.literal[huffman.EndOfBlock] = 100
	for symbol := 4; symbol < 18; symbol++ {
		c.distance[symbol] = 1 + symbol*symbol*31%17
	}
	symbols := codedSymbols(30)
	plain := symbols.firstLengths()
	counts := c.literal
	for symbol := huffman.EndOfBlock; symbol < 272; symbol++ {
		counts[symbol]++
	}
	copy(plain.Literal[:], huffman.Lengths(counts[:], limit))
	copy(plain.Distance[:], huffman.Lengths(c.distance[:], limit))
	found := symbols.search(c)
	if got, most := c.bits(found), c.bits(plain); got >= most {
		t.Errorf("got %d bits, want less than Huffman's %d", got, most)
	}
	if !huffman.Complete(found.Literal[:]) || !huffman.Complete(found.Distance[:]) {
		t.Errorf("got %v, want complete codes", found)
	}
}
