package main

import (
	"math"

	"tickwire/fanout/splice"
	"tickwire/fanout/splice/internal/huffman"
)

// limit is the longest code, in bits.
const limit = 12

// block is a run of symbols, from the first up to but not including the last,
// that all have a code, whether they are in the sample or not.
type block struct{ first, end int }

// coded are the symbols that have a code.
type coded struct{ literal, distance []block }

// codedSymbols are every printable character, the end of the block, the lengths
// 3 to longest, and the distances 5 to 512.
func codedSymbols(longest int) coded {
	last, _, _ := huffman.LengthSymbol(longest)
	return coded{
		literal:  []block{{' ', '~' + 1}, {huffman.EndOfBlock, last + 1}},
		distance: []block{{4, 18}},
	}
}

// firstLengths treats all symbols alike.
func (s coded) firstLengths() *splice.Lengths {
	l := &splice.Lengths{}
	alike := func(lengths []uint8, blocks []block) {
		counts := make([]int, len(lengths))
		for _, b := range blocks {
			for symbol := b.first; symbol < b.end; symbol++ {
				counts[symbol] = 1
			}
		}
		copy(lengths, huffman.Lengths(counts, limit))
	}
	alike(l.Literal[:], s.literal)
	alike(l.Distance[:], s.distance)
	return l
}

// search seeks the code with which the tally's frames, headers included, take
// the fewest bits. Huffman's code is best for the data alone, but has a long
// header: a header is short when neighbours have equal lengths. What a header
// takes depends on the code of code lengths, and that on the header, so the
// search goes back and forth between the two.
func (s coded) search(c *tally) *splice.Lengths {
	const turns = 6
	cost := make([]uint8, 19) // of the symbols in a header
	for i := range cost {
		cost[i] = 4
	}
	best, bestBits := (*splice.Lengths)(nil), math.MaxInt
	for range turns {
		l := &splice.Lengths{}
		copy(l.Literal[:], relax(c.literal[:], s.literal, cost, c.frames))
		copy(l.Distance[:], relax(c.distance[:], s.distance, cost, c.frames))
		complete(c, l, l.Literal[:], s.literal)
		complete(c, l, l.Distance[:], s.distance)
		if bits := c.bits(l); bits < bestBits {
			best, bestBits = l, bits
		}
		cost = huffman.LengthCode(l.Literal[:], l.Distance[:])
	}
	return best
}

// relax finds lengths that use no more than all bit strings. A fine for what
// each code uses, 2^-length, makes them do so (it is Lagrange's multiplier); the
// lowest fine that does is best.
func relax(counts []int, blocks []block, cost []uint8, frames int) []uint8 {
	var best []uint8
	headers := runSizes(cost)
	low, high := 0.0, 50.0 // log2 of the fine
	for range 30 {
		middle := (low + high) / 2
		if lengths := fined(counts, blocks, headers, frames, math.Exp2(middle)); unused(lengths) >= 0 {
			best, high = lengths, middle
		} else {
			low = middle
		}
	}
	return best
}

// longestRun is the most symbols of one block.
const longestRun = '~' + 1 - ' '

// headerBits is what a run takes in a header, by the length and the run's.
type headerBits [limit + 1][longestRun + 1]int

func runSizes(cost []uint8) *headerBits {
	h := &headerBits{}
	for length := 1; length <= limit; length++ {
		for run := 1; run <= longestRun; run++ {
			h[length][run] = huffman.RunSize(uint8(length), run, cost)
		}
	}
	return h
}

// fined finds the lengths for which data, headers and fine are least.
func fined(counts []int, blocks []block, headers *headerBits, frames int, fine float64) []uint8 {
	lengths := make([]uint8, len(counts))
	for _, b := range blocks {
		cut(lengths[b.first:b.end], counts[b.first:b.end], func(data, run int, length uint8) float64 {
			return float64(data*int(length)+frames*headers[length][run]) +
				fine*float64(run)/float64(int(1)<<length)
		})
	}
	return lengths
}

// cut finds the cheapest way to cut symbols into runs of equal length. price is
// that of a run with so many symbols, which stand in the data so often in all.
func cut(lengths []uint8, counts []int, price func(data, run int, length uint8) float64) {
	type way struct {
		price  float64
		from   int
		length uint8
	}
	best := make([]way, len(lengths)+1) // by where the last run ends
	for to := 1; to <= len(lengths); to++ {
		best[to].price = math.Inf(1)
		data := 0
		for from := to - 1; from >= 0; from-- {
			data += counts[from]
			for length := uint8(1); length <= limit; length++ {
				if p := best[from].price + price(data, to-from, length); p < best[to].price {
					best[to] = way{p, from, length}
				}
			}
		}
	}
	for to := len(lengths); to > 0; to = best[to].from {
		for i := best[to].from; i < to; i++ {
			lengths[i] = best[to].length
		}
	}
}

// unused is how many of the 1<<limit longest bit strings no code begins.
func unused(lengths []uint8) int {
	n := 1 << limit
	for _, l := range lengths {
		if l > 0 {
			n -= 1 << (limit - l)
		}
	}
	return n
}

// complete gives away what is unused: again and again it makes one bit shorter
// those neighbours of equal length with which that is put to the best use.
// lengths is one of the two arrays in l.
func complete(c *tally, l *splice.Lengths, lengths []uint8, blocks []block) {
	for left := unused(lengths); left > 0; left = unused(lengths) {
		before, bestGain := c.bits(l), math.Inf(-1)
		var best []uint8
		for _, b := range blocks {
			for from := b.first; from < b.end; from++ {
				for to := from + 1; to <= b.end && lengths[to-1] == lengths[from]; to++ {
					group := lengths[from:to]
					use := len(group) << (limit - group[0])
					if use > left {
						break
					}
					lengthen(group, -1)
					gain := float64(before-c.bits(l)) / float64(use)
					lengthen(group, 1)
					if gain > bestGain {
						best, bestGain = group, gain
					}
				}
			}
		}
		lengthen(best, -1)
	}
}

func lengthen(lengths []uint8, by int8) {
	for i := range lengths {
		lengths[i] = uint8(int8(lengths[i]) + by)
	}
}
