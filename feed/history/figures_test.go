package history

import (
	"math/rand/v2"
	"testing"

	"tickwire/feed"
)

// TestAmountsEqualDecimals counts the same trades in units and in decimals, with
// numbers that fit and, now and then, one that ends the counting in units.
func TestAmountsEqualDecimals(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	fitted := 0
	for range 300 {
		ticks := market{r: r, wild: 200, late: 10}
		var units, decimals, unitsDay, decimalsDay Figures
		for range 60 {
			var h History
			h.keepTrade(&feed.Tick{Price: ticks.price(), Size: ticks.size()}, 1)
			d := h.deal(0)
			opens, closes := units.count == 0 || r.IntN(9) == 0, r.IntN(9) != 0 || units.count == 0
			if units.big || !d.fits || !units.add(d.packed, opens, closes) {
				units.addExact(&d, opens, closes)
			}
			decimals.addExact(&d, opens, closes)
			if r.IntN(7) == 0 {
				if !unitsDay.merge(&units.amounts) {
					unitsDay.mergeExact(&units)
				}
				decimalsDay.mergeExact(&decimals)
				units, decimals = Figures{}, Figures{}
				compareFigures(t, seed, &unitsDay, &decimalsDay)
				continue
			}
			compareFigures(t, seed, &units, &decimals)
		}
		if !unitsDay.big {
			fitted++
		}
	}
	if fitted == 0 || fitted == 300 {
		t.Errorf("days that stayed in units: got %d of 300, want some and not all", fitted)
	}
}

func compareFigures(t *testing.T, seed uint64, units, decimals *Figures) {
	t.Helper()
	write := func(f *Figures) string {
		return figuresText(f) + " w " + string(f.AppendVWAP(nil)) + " c " + string(f.AppendChange(nil)) + " cp " + string(f.AppendPercent(nil))
	}
	if got, want := write(units), write(decimals); got != want {
		t.Fatalf("seed %d:\nin units    %s\nin decimals %s", seed, got, want)
	}
}
