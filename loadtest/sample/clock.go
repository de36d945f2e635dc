package sample

import "math"

// Ping is one exchange with the server, in microseconds since 1970.
type Ping struct {
	Sent     int64 // by our clock
	Server   int64 // by the server's: somewhere between the two
	Received int64
}

// Offset is how far the server's clock is ahead of ours, and how far off that
// can be, in microseconds. Each ping bounds the offset from both sides; what
// all of them allow is the answer, so more pings make it narrower. Clocks that
// drift meanwhile may leave nothing that all allow: then the quickest ping alone
// tells. Without a ping, or with none that makes sense, ok is false.
func Offset(pings []Ping) (offset, uncertainty int64, ok bool) {
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	var quickest Ping
	for _, p := range pings {
		if p.Received < p.Sent {
			continue
		}
		least, most = max(least, p.Server-p.Received), min(most, p.Server-p.Sent)
		if !ok || p.Received-p.Sent < quickest.Received-quickest.Sent {
			quickest, ok = p, true
		}
	}
	if !ok {
		return 0, 0, false
	}
	if least > most {
		least, most = quickest.Server-quickest.Received, quickest.Server-quickest.Sent
	}
	return least + (most-least)/2, (most - least + 1) / 2, true
}
