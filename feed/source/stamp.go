package source

import (
	"time"

	"tickwire/feed"
)

// Times are read from text digit by digit: a float would lose the last ones.

// latest is feed.MaxTime in seconds. Nothing later is read, so that no product
// below overflows.
const latest = feed.MaxTime / 1_000_000

// parseSeconds reads decimal seconds since 1970 as nanoseconds. Digits behind
// the ninth place are dropped.
func parseSeconds(text []byte) (ns int64, ok bool) {
	const nanosecond = 9
	places := -1 // -1 before the point
	for i, c := range text {
		switch {
		case c == '.' && places < 0 && i > 0:
			places = 0
		case c-'0' > 9:
			return 0, false
		case places < 0:
			if ns = ns*10 + int64(c-'0'); ns > latest {
				return 0, false
			}
		case places < nanosecond:
			ns = ns*10 + int64(c-'0')
			places++
		}
	}
	for places = max(places, 0); places < nanosecond; places++ {
		ns *= 10
	}
	return ns, ns > 0
}

// parseNanoseconds reads an integer of nanoseconds since 1970.
func parseNanoseconds(text []byte) (ns int64, ok bool) {
	for _, c := range text {
		if c-'0' > 9 || ns > latest*int64(time.Second)/10 {
			return 0, false
		}
		ns = ns*10 + int64(c-'0')
	}
	return ns, ns > 0
}

// parseRFC3339 reads a time of day with its date as microseconds since 1970.
func parseRFC3339(text []byte) (us int64, ok bool) {
	var t time.Time
	if t.UnmarshalText(text) != nil {
		return 0, false
	}
	return t.UnixMicro(), true
}
