package huffman

import "math/bits"

// Bounds of a match, RFC 1951, section 3.2.5.
const (
	MinMatch    = 3
	MaxMatch    = 258
	EndOfBlock  = 256
	FirstLength = 257 // the symbol of a match of MinMatch
)

// LengthSymbol is the symbol of a match of n bytes, the number sent after it,
// and in how many bits.
func LengthSymbol(n int) (symbol int, extra uint32, extraBits uint8) {
	if n == MaxMatch {
		return 285, 0, 0
	}
	symbol, extra, extraBits = stepped(n-MinMatch, 4)
	return FirstLength + symbol, extra, extraBits
}

// DistanceSymbol is the same for a distance of d bytes.
func DistanceSymbol(d int) (symbol int, extra uint32, extraBits uint8) {
	return stepped(d-1, 2)
}

// stepped is the pattern that both tables of the RFC have: twice perOctave
// symbols without extra bits, and then perOctave symbols with one bit, two, and
// so on.
func stepped(v, perOctave int) (symbol int, extra uint32, extraBits uint8) {
	if v < 2*perOctave {
		return v, 0, 0
	}
	shift := bits.Len(uint(v)) - bits.Len(uint(perOctave))
	symbol = shift*perOctave + v>>shift
	return symbol, uint32(v & (1<<shift - 1)), uint8(shift)
}
