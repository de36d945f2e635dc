package feed

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"
)

func TestUnits(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		number   string
		units    int64
		places   uint8
		ok       bool
	}{
		{"a price", "67123.45", 6712345, 2, true},
		{"trailing zeros stay", "1.500", 1500, 3, true},
		{"a whole number", "10", 10, 0, true},
		{"zero", "0", 0, 0, true},
		{"a negative one", "-0.25", -25, 2, true},
		{"negative zero has no sign", "-0.0", 0, 1, true},
		{"the largest", "92233720368547758.07", math.MaxInt64, 2, true},
		{"one more", "92233720368547758.08", 0, 0, false},
		{"the least that is told", "-9223372036854775807", -math.MaxInt64, 0, true},
		{"19 digits", "0.000000000000000001", 1, 18, true},
		{"20 digits", "0.0000000000000000001", 0, 0, false},
		{"20 digits without a point", "10000000000000000000", 0, 0, false},
		{"the empty number", "", 0, 0, false},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			units, places, ok := Number(tc.number).Units()
			if units != tc.units || places != tc.places || ok != tc.ok {
				t.Errorf("%s: got %d at %d places, %v; want %d at %d, %v", tc.number, units, places, ok, tc.units, tc.places, tc.ok)
			}
		})
	}
}

func TestUnitsEqualDecimal(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		n := randomNumber(r)
		if r.IntN(2) == 0 {
			n = append(Number("-"), n...)
		}
		checkUnits(t, n)
	}
}

// checkUnits holds Units to the decimal of the same text.
func checkUnits(t *testing.T, n Number) {
	t.Helper()
	d, err := n.Decimal()
	if err != nil {
		t.Fatalf("%s: %v", n, err)
	}
	units, places, ok := n.Units()
	if got := decimal.New(units, -int32(places)); ok && (!got.Equal(d) || got.Exponent() != d.Exponent()) {
		t.Fatalf("%s: got %d at %d places", n, units, places)
	}
	digits := len(n)
	for _, c := range n {
		if c == '.' || c == '-' {
			digits--
		}
	}
	if c := d.Coefficient(); ok != (digits <= 19 && c.IsInt64() && c.Int64() != math.MinInt64) {
		t.Fatalf("%s: got %v of %d digits", n, ok, digits)
	}
}

func FuzzUnits(f *testing.F) {
	for _, n := range []string{"0", "-1.50", "67123.45000000", "99999999999999999999", "0.0000000000000000001"} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n := Number(text); n.Valid() {
			checkUnits(t, n)
		}
	})
}

func BenchmarkUnits(b *testing.B) {
	numbers := []Number{Number("61837.63000000"), Number("0.02000000"), Number("67123.45"), Number("0.0123")}
	for i := 0; b.Loop(); i++ {
		if _, _, ok := numbers[i%4].Units(); !ok {
			b.Fatal("does not fit")
		}
	}
}
