package verify

import (
	"bytes"
	"fmt"
	"hash/maphash"
)

// fingerprints stand for texts: two texts that differ have the same one in one
// of 2^32 cases. They are what lets the truth hold a tick in 32 bytes.
type fingerprints struct {
	seed            maphash.Seed
	noDeal, noQuote uint32 // of values that nobody knows
}

func newFingerprints() *fingerprints {
	f := &fingerprints{seed: maphash.MakeSeed()}
	f.noDeal, f.noQuote = f.deal(nil, nil), f.quote(nil, nil)
	return f
}

func (f *fingerprints) of(text []byte) uint32 { return uint32(maphash.Bytes(f.seed, text)) }

// deal is of a price and a size, as element.deal has them.
func (f *fingerprints) deal(price, size []byte) uint32 { return f.pair(price, betweenDeal, size) }

// quote is of a bid and an ask, as element.quote has them.
func (f *fingerprints) quote(bid, ask []byte) uint32 { return f.pair(bid, betweenQuote, ask) }

func (f *fingerprints) pair(a []byte, between string, b []byte) uint32 {
	var room [128]byte
	return f.of(append(append(append(room[:0], a...), between...), b...))
}

// apart is a pair of values for a person.
func apart(pair []byte) string {
	parts := bytes.Split(pair, []byte{'"'})
	return fmt.Sprintf("%s and %s", parts[0], parts[len(parts)-1])
}
