package feed

import "github.com/shopspring/decimal"

// Number is the text of an exact decimal, as it stands between the quotes of a
// tick: an optional minus, digits without a leading zero, optionally a point
// and more digits. No exponent, no plus. Trailing zeros are kept: they tell
// the venue's price increment. The empty Number means "not said".
type Number []byte

// Valid reports whether n is a decimal that a tick can hold, of at most
// MaxNumber characters.
func (n Number) Valid() bool { return len(n) <= MaxNumber && n.plain() }

// plain reports whether n is a decimal at all; a total may be a long one.
func (n Number) plain() bool {
	i := 0
	if n.negative() {
		i++
	}
	whole := digits(n[i:])
	if whole == 0 || whole > 1 && n[i] == '0' {
		return false
	}
	i += whole
	if i == len(n) {
		return true
	}
	fraction := digits(n[i+1:])
	return n[i] == '.' && fraction > 0 && i+1+fraction == len(n)
}

// Decimal is the value of n for arithmetic. It fails on the empty Number and on
// text that is no plain decimal.
func (n Number) Decimal() (decimal.Decimal, error) {
	if !n.plain() {
		return decimal.Decimal{}, ErrNumber
	}
	return decimal.NewFromString(string(n))
}

// AppendNumber appends the text of d with as many places as d holds, trailing
// zeros included.
func AppendNumber(dst []byte, d decimal.Decimal) []byte {
	return append(dst, d.StringFixed(max(0, -d.Exponent()))...)
}

func (n Number) negative() bool { return len(n) > 0 && n[0] == '-' }

// digits is how many bytes at the start of b are digits.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

// MarshalText and UnmarshalText make a Number a string in JSON. UnmarshalText
// copies; it takes the empty text for "not said".
func (n Number) MarshalText() ([]byte, error) { return n, nil }

// UnmarshalText: see MarshalText.
func (n *Number) UnmarshalText(text []byte) error {
	if len(text) != 0 && !Number(text).plain() {
		return ErrNumber
	}
	*n = append((*n)[:0], text...)
	return nil
}
