package huffman

import "math/bits"

// Code is a bit string in the order in which it is sent: the lowest bit first.
// The empty one belongs to a symbol that is not in the code.
type Code struct {
	Bits uint32
	N    uint8
}

// MaxLength is the longest code that DEFLATE has.
const MaxLength = 15

// Codes assigns the canonical codes of RFC 1951, section 3.2.2, mirrored so
// that the first bit to send is the lowest (section 3.1.1).
func Codes(lengths []uint8) []Code {
	var count, next [MaxLength + 2]uint32
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n <= MaxLength; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	codes := make([]Code, len(lengths))
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		codes[symbol] = Code{bits.Reverse32(next[n]) >> (32 - n), n}
		next[n]++
	}
	return codes
}

// Complete reports whether the lengths leave no bit string unused and use none
// twice: Kraft's sum is 1.
func Complete(lengths []uint8) bool {
	sum := 0
	for _, n := range lengths {
		if n > MaxLength {
			return false
		}
		if n != 0 {
			sum += 1 << (MaxLength - n)
		}
	}
	return sum == 1<<MaxLength
}
