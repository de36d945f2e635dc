package feed

import "math"

// Units is a valid n as a whole number of its last place, and how many places
// that is: 12.50 is 1250 at 2 places. It reports false for the empty Number, for
// one that does not fit in 64 bits and for one of more than 19 digits.
func (n Number) Units() (units int64, places uint8, ok bool) {
	text := n
	if n.negative() {
		text = n[1:]
	}
	if len(text) == 0 || len(text) > 20 {
		return 0, 0, false
	}
	v, i := uint64(0), 0
	for ; i < len(text) && text[i] != '.'; i++ {
		v = v*10 + uint64(text[i]-'0')
	}
	if i < len(text) {
		places = uint8(len(text) - i - 1)
		for _, c := range text[i+1:] {
			v = v*10 + uint64(c-'0')
		}
	} else if i == 20 {
		return 0, 0, false
	}
	if v > math.MaxInt64 {
		return 0, 0, false
	}
	if len(text) != len(n) {
		return -int64(v), places, true
	}
	return int64(v), places, true
}
