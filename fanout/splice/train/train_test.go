package main

import (
	"bytes"
	"testing"

	"tickwire/fanout/splice"
	"tickwire/fanout/splice/internal/huffman"
	"tickwire/fanout/wire"
)

func TestTrainingTwiceMakesTheSameFile(t *testing.T) {
	var files [2][]byte
	for i := range files {
		trainer := &trainer{layout: splice.TickerLayout(wire.DataFoot, wire.TickerHead, wire.SnapshotHead), log: t.Logf}
		lengths, err := trainer.train()
		if err != nil {
			t.Fatal(err)
		}
		for symbol := ' '; symbol <= '~'; symbol++ {
			if lengths.Literal[symbol] == 0 {
				t.Errorf("no code for %q, want one for every printable character", symbol)
			}
		}
		if files[i], err = source(lengths); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Errorf("got %s\nand then %s", files[0], files[1])
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
	plain := firstLengths()
	counts := c.literal
	for symbol := huffman.EndOfBlock; symbol < 272; symbol++ {
		counts[symbol]++
	}
	copy(plain.Literal[:], huffman.Lengths(counts[:], limit))
	copy(plain.Distance[:], huffman.Lengths(c.distance[:], limit))
	found := search(c)
	if got, most := c.bits(found), c.bits(plain); got >= most {
		t.Errorf("got %d bits, want less than Huffman's %d", got, most)
	}
	if !huffman.Complete(found.Literal[:]) || !huffman.Complete(found.Distance[:]) {
		t.Errorf("got %v, want complete codes", found)
	}
}
