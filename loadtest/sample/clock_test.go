package sample

import (
	"math/rand/v2"
	"testing"
)

func TestOffset(t *testing.T) {
	tests := []struct {
		name                string
		pings               []Ping
		offset, uncertainty int64
		ok                  bool
	}{
		{"without a ping nothing is known", nil, 0, 0, false},
		{"a ping that was received before it was sent says nothing", []Ping{{Sent: 10, Server: 5, Received: 9}}, 0, 0, false},
		{"one ping is off by half its way at most", []Ping{{Sent: 1000, Server: 6500, Received: 2000}}, 5000, 500, true},
		{"the quicker one tells more", []Ping{{Sent: 1000, Server: 6500, Received: 2000}, {Sent: 3000, Server: 8050, Received: 3100}}, 5000, 50, true},
		{"two that bound it from two sides tell more than either", []Ping{{Sent: 0, Server: 5100, Received: 1000}, {Sent: 2000, Server: 7900, Received: 3000}}, 5000, 100, true},
		{"when they cannot all be right the quickest is asked", []Ping{{Sent: 0, Server: 105, Received: 10}, {Sent: 1000, Server: 9000, Received: 1100}}, 100, 5, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			offset, uncertainty, ok := Offset(test.pings)
			if offset != test.offset || uncertainty != test.uncertainty || ok != test.ok {
				t.Errorf("got %d ± %d, %v, want %d ± %d, %v", offset, uncertainty, ok, test.offset, test.uncertainty, test.ok)
			}
		})
	}
}

func TestTheTrueOffsetIsWithinTheUncertainty(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		truth := random.Int64N(20_000_000) - 10_000_000
		var pings []Ping
		for range 1 + random.IntN(20) {
			sent := random.Int64N(1_000_000_000)
			there, back := random.Int64N(50_000), random.Int64N(50_000)
			pings = append(pings, Ping{Sent: sent, Server: sent + there + truth, Received: sent + there + back})
		}
		offset, uncertainty, ok := Offset(pings)
		if off := max(offset-truth, truth-offset); !ok || off > uncertainty {
			t.Fatalf("got %d ± %d, %v of %v, want %d in it", offset, uncertainty, ok, pings, truth)
		}
	}
}
