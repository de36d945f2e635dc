package huffman

import (
	"cmp"
	"slices"
)

// Lengths is the best complete code for the counts with no code longer than
// limit. A symbol of count 0 gets none. There must be at least two counts above
// 0 and at most 1<<limit.
//
// It is package-merge (Larmore and Hirschberg 1990). A symbol is a coin of
// value 2^-limit to 2^-1, at each value of the price of its count; the cheapest
// coins that add up to (symbols - 1) are to be found, and a symbol's code is as
// long as the number of its coins among them.
func Lengths(counts []int, limit int) []uint8 {
	leaves := make([]int, 0, len(counts)) // symbols, the rarest first
	for symbol, n := range counts {
		if n > 0 {
			leaves = append(leaves, symbol)
		}
	}
	slices.SortStableFunc(leaves, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })

	fromPair := make([][]bool, limit) // by value and rank: is it a pair of the value below?
	var prices []int
	for value := range limit {
		prices, fromPair[value] = merge(counts, leaves, prices)
	}
	lengths := make([]uint8, len(counts))
	for value, take := limit-1, 2*len(leaves)-2; take > 0; value-- {
		pairs := 0
		for _, pair := range fromPair[value][:take] {
			if pair {
				pairs++
			}
		}
		for _, symbol := range leaves[:take-pairs] {
			lengths[symbol]++
		}
		take = 2 * pairs
	}
	return lengths
}

// merge sorts the coins of one value: the leaves and the pairs of below.
func merge(counts, leaves, below []int) (prices []int, fromPair []bool) {
	n := len(leaves) + len(below)/2
	prices, fromPair = make([]int, 0, n), make([]bool, 0, n)
	leaf, pair := 0, 0
	for len(prices) < n {
		morePairs := pair+1 < len(below)
		if leaf < len(leaves) && (!morePairs || counts[leaves[leaf]] <= below[pair]+below[pair+1]) {
			prices, fromPair = append(prices, counts[leaves[leaf]]), append(fromPair, false)
			leaf++
			continue
		}
		prices, fromPair = append(prices, below[pair]+below[pair+1]), append(fromPair, true)
		pair += 2
	}
	return prices, fromPair
}
