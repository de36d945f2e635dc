package feed

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

func TestSumEqualsDecimal(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var sum Sum
		want := decimal.Zero
		for i := range 50 {
			n := randomNumber(r)
			d, err := n.Decimal()
			if err != nil {
				t.Fatalf("%s: %v", n, err)
			}
			if units, places, ok := n.Units(); ok && r.IntN(2) == 0 {
				sum.AddUnits(units, places)
			} else {
				sum.Add(n)
			}
			want = want.Add(d)
			got := Number(sum.Append(nil))
			if text := string(AppendNumber(nil, want)); string(got) != text {
				t.Fatalf("after %d addends, the last %s: got %s, want %s", i+1, n, got, text)
			}
		}
	}
}

// randomNumber is mostly of a trade's size and now and then as long as can be.
func randomNumber(r *rand.Rand) Number {
	whole, places := 1+r.IntN(8), r.IntN(9)
	if r.IntN(50) == 0 {
		whole, places = 1+r.IntN(20), r.IntN(19)
	}
	var b strings.Builder
	for i := range whole {
		digit := byte('0' + r.IntN(10))
		if i == 0 && whole > 1 && digit == '0' {
			digit = '1'
		}
		b.WriteByte(digit)
	}
	if places > 0 {
		b.WriteByte('.')
		for range places {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
	}
	return Number(b.String())
}

func TestSumAppend(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		addends  []string
		want     string
	}{
		{"nothing", nil, "0"},
		{"an empty number", []string{""}, "0"},
		{"a whole number", []string{"10", "5"}, "15"},
		{"trailing zeros stay", []string{"1.500", "1.5"}, "3.000"},
		{"less than one", []string{"0.001", "0.0001"}, "0.0011"},
		{"zero with places", []string{"0.00"}, "0.00"},
		{"the last value of 128 bits", []string{"340282366920938463463374607431768211454", "1"}, "340282366920938463463374607431768211455"},
		{"one more", []string{"340282366920938463463374607431768211455", "1", "0.5"}, "340282366920938463463374607431768211456.5"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var sum Sum
			for _, a := range tc.addends {
				sum.Add(Number(a))
			}
			if got := string(sum.Append(nil)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestSumAddDoesNotAllocate(t *testing.T) {
	var sum Sum
	n := Number("12.3456")
	if got := testing.AllocsPerRun(1000, func() { sum.Add(n) }); got != 0 {
		t.Errorf("allocations per Add: got %v, want 0", got)
	}
}

func BenchmarkSumAdd(b *testing.B) {
	var sum Sum
	n := Number("12.3456")
	for b.Loop() {
		sum.Add(n)
	}
}
