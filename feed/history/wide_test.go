package history

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestWideEqualsBig holds the arithmetic in 128 bits to math/big, results that
// do not fit included.
func TestWideEqualsBig(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 30_000 {
		a, b := randomWide(r), randomWide(r)
		m := powers[r.IntN(len(powers))]
		v, w := a.hi, b.hi
		sum, fits := a.plus(b)
		checkWide(t, "plus", sum, fits, new(big.Int).Add(bigOf(a), bigOf(b)))
		checkWide(t, "product", product(v, w), true, new(big.Int).Mul(big.NewInt(v), big.NewInt(w)))
		want := new(big.Int).Mul(bigOf(a), new(big.Int).SetUint64(m))
		scaled := a
		fits = scaled.scale(m)
		checkWide(t, "scale", scaled, fits, want)
		want.Mul(big.NewInt(v), new(big.Int).SetUint64(m))
		fits = scale(&v, m)
		if within := want.IsInt64() && want.Int64() != math.MinInt64; fits != within || fits && v != want.Int64() {
			t.Fatalf("scale: got %d, %v; want %v", v, fits, want)
		}
		if t.Failed() {
			t.Fatalf("of %v, %v and %d", a, b, m)
		}
	}
}

// randomWide has any number of bits.
func randomWide(r *rand.Rand) wide {
	w := wide{int64(r.Uint64()), r.Uint64()}
	for range r.IntN(128) {
		w.lo = w.lo>>1 | uint64(w.hi)<<63
		w.hi >>= 1
	}
	return w
}

func bigOf(w wide) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return v.Add(v, new(big.Int).SetUint64(w.lo))
}

// checkWide takes the least number of 128 bits for one that need not fit.
func checkWide(t *testing.T, what string, got wide, fits bool, want *big.Int) {
	t.Helper()
	least := wide{math.MinInt64, 0}
	within := want.Cmp(bigOf(least)) >= 0 && want.Cmp(bigOf(wide{math.MaxInt64, math.MaxUint64})) <= 0
	if want.Cmp(bigOf(least)) == 0 {
		return
	}
	if fits != within || fits && bigOf(got).Cmp(want) != 0 {
		t.Errorf("%s: got %v, %v; want %v", what, got, fits, want)
	}
}
