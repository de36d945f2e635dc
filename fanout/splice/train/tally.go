package main

import (
	"errors"
	"fmt"

	"tickwire/fanout/splice"
	"tickwire/fanout/splice/internal/huffman"
)

// errShape: a message has changed, and its layout in splice has not.
var errShape = errors.New("an update of the sample is not of the layout's shape: make the layout in splice follow the message")

// tally is how often each symbol stands in a set of frames.
type tally struct {
	literal  [286]int
	distance [30]int
	extra    int // bits between symbols
	frames   int
}

// add counts the symbols of a frame, times over.
func (c *tally) add(payload []byte, lengths *splice.Lengths, times int) error {
	r := reader{payload: payload, at: lengths.HeaderSize()}
	literals, distances := index(lengths.Literal[:]), index(lengths.Distance[:])
	c.frames += times
	for {
		symbol, err := r.symbol(literals)
		if err != nil {
			return err
		}
		c.literal[symbol] += times
		if symbol == huffman.EndOfBlock {
			return nil
		}
		if symbol < huffman.FirstLength {
			continue
		}
		r.at += lengthExtra[symbol]
		far, err := r.symbol(distances)
		if err != nil {
			return err
		}
		c.distance[far] += times
		r.at += distanceExtra[far]
		c.extra += (lengthExtra[symbol] + distanceExtra[far]) * times
	}
}

// bits is what the frames come to with the lengths.
func (c *tally) bits(lengths *splice.Lengths) int {
	n := c.frames*lengths.HeaderSize() + c.extra
	for symbol, times := range c.literal {
		n += times * int(lengths.Literal[symbol])
	}
	for symbol, times := range c.distance {
		n += times * int(lengths.Distance[symbol])
	}
	return n
}

// The bits after each length and distance symbol.
var lengthExtra, distanceExtra = func() (l [286]int, d [30]int) {
	for n := huffman.MinMatch; n <= huffman.MaxMatch; n++ {
		symbol, _, extra := huffman.LengthSymbol(n)
		l[symbol] = int(extra)
	}
	for n := 1; n <= splice.Window; n++ {
		symbol, _, extra := huffman.DistanceSymbol(n)
		d[symbol] = int(extra)
	}
	return l, d
}()

// index finds a symbol by its code.
func index(lengths []uint8) map[huffman.Code]int {
	symbols := make(map[huffman.Code]int)
	for symbol, c := range huffman.Codes(lengths) {
		if c.N > 0 {
			symbols[c] = symbol
		}
	}
	return symbols
}

// reader reads the symbols of a block.
type reader struct {
	payload []byte
	at      int // bits
}

func (r *reader) symbol(symbols map[huffman.Code]int) (int, error) {
	var c huffman.Code
	for c.N < huffman.MaxLength && r.at < 8*len(r.payload) {
		c.Bits |= uint32(r.payload[r.at/8]>>(r.at%8)&1) << c.N
		c.N++
		r.at++
		if symbol, ok := symbols[c]; ok {
			return symbol, nil
		}
	}
	return 0, fmt.Errorf("no symbol at bit %d of a frame", r.at)
}
