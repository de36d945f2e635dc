package loadtest

import (
	"slices"
	"testing"
)

func TestWatchlistsAreDrawn(t *testing.T) {
	tests := []struct {
		name       string
		mix        Mix
		symbols, n int
		least      float64 // part of the subscriptions that the first tenth of the symbols has
		most       float64
	}{
		{"by Zipf, few symbols have most", Zipf, 2000, 20, 0.6, 0.75},
		{"by Zipf, also when a watchlist is half of all", Zipf, 200, 100, 0.15, 0.3},
		{"evenly", Uniform, 2000, 20, 0.08, 0.12},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			const subscribers, seed = 2000, 3
			d := newDraw(test.mix, test.symbols, test.n, seed, true)
			head := 0
			for i := range subscribers {
				ids := d.watchlist(i)
				if !slices.Equal(ids, d.watchlist(i)) {
					t.Fatalf("seed %d: subscriber %d has another watchlist the second time", seed, i)
				}
				slices.Sort(ids)
				if len(ids) != test.n || len(slices.Compact(slices.Clone(ids))) != test.n || ids[0] < 0 || int(ids[len(ids)-1]) >= test.symbols {
					t.Fatalf("seed %d: subscriber %d: got %v, want %d different symbols", seed, i, ids, test.n)
				}
				for _, id := range ids {
					if int(id) < test.symbols/10 {
						head++
					}
				}
			}
			if part := float64(head) / float64(subscribers*test.n); part < test.least || part > test.most {
				t.Errorf("seed %d: the first tenth of the symbols has %.2f of the subscriptions, want %v to %v", seed, part, test.least, test.most)
			}
		})
	}
}

func TestAWatchlistOfAllIsEverySymbol(t *testing.T) {
	for _, n := range []int{Everything, 50, 80} {
		if got := newDraw(Zipf, 50, n, 1, false).watchlist(4); got != nil {
			t.Errorf("%d of 50 symbols: got %v, want nil, which stands for all", n, got)
		}
		if got := newDraw(Zipf, 50, n, 1, true).watchlist(4); len(got) != 50 || got[0] != 0 || got[49] != 49 {
			t.Errorf("%d of 50 symbols beside those of others: got %v, want each by its number", n, got)
		}
	}
}
