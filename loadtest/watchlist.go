package loadtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// draw makes the watchlists of subscribers: n different symbols each, out of all.
type draw struct {
	symbols, n int
	seed       uint64
	until      []float64 // by symbol: how often it or one before it is drawn; nil: all as often
	all        []int32   // the watchlist of all
}

// exponent of Zipf's law: the k-th symbol is drawn as often as 1/k. With it a
// tenth of 2,000 symbols has three quarters of the subscriptions.
const exponent = 1.0

// newDraw draws by a mix. A watchlist of all has nil for every symbol, those to come
// too, or, where others have symbols on the server as well, names all that there
// are.
func newDraw(mix Mix, symbols, n int, seed uint64, others bool) *draw {
	if n == Everything {
		n = symbols
	}
	d := &draw{symbols: symbols, n: min(n, symbols), seed: seed}
	if others {
		d.all = make([]int32, symbols)
		for id := range d.all {
			d.all[id] = int32(id)
		}
	}
	if mix == Zipf {
		d.until = make([]float64, symbols)
		sum := 0.0
		for k := range d.until {
			sum += math.Pow(float64(k+1), -exponent)
			d.until[k] = sum
		}
	}
	return d
}

// watchlist is that of a subscriber: always the same.
func (d *draw) watchlist(subscriber int) []int32 {
	if d.n == d.symbols {
		return d.all
	}
	random := rand.New(rand.NewPCG(d.seed, uint64(subscriber)))
	ids := make([]int32, 0, d.n)
	if d.until == nil || d.n > d.symbols/4 { // a heavy head would be drawn again and again
		for _, id := range d.permutation(random)[:d.n] {
			ids = append(ids, int32(id))
		}
		return ids
	}
	for len(ids) < d.n {
		x := random.Float64() * d.until[d.symbols-1]
		if id := int32(sort.SearchFloat64s(d.until, x)); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// permutation is all symbols, drawn one after the other.
func (d *draw) permutation(random *rand.Rand) []int {
	if d.until == nil {
		return random.Perm(d.symbols)
	}
	// Efraimidis and Spirakis: drawing by weight without replacement is the order
	// of u^(1/weight), the greatest first.
	keys, ids := make([]float64, d.symbols), make([]int, d.symbols)
	for k := range keys {
		ids[k] = k
		keys[k] = math.Log(random.Float64()) * math.Pow(float64(k+1), exponent)
	}
	slices.SortFunc(ids, func(a, b int) int {
		if keys[a] > keys[b] {
			return -1
		}
		return 1
	})
	return ids
}
