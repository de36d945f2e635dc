package publish

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func must(t testing.TB) func(p *Plan, err error) *Plan {
	return func(p *Plan, err error) *Plan {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
		return p
	}
}

// shapes are plans of all kinds.
func shapes(t testing.TB, rate float64, seed uint64) map[string]*Plan {
	return map[string]*Plan{
		"constant":  must(t)(Constant(rate)),
		"poisson":   must(t)(Poisson(rate, seed)),
		"bursts":    must(t)(Bursts(rate, seed, 20, 0.5, 50)),
		"recording": must(t)(Recording([]time.Duration{0, time.Second, 5 * time.Millisecond, time.Millisecond}, rate)),
	}
}

func TestPlansKeepTheirRateAndNeverFall(t *testing.T) {
	seed := rand.Uint64()
	const n = 200_000
	for name, p := range shapes(t, 1000, seed) {
		last := time.Duration(0)
		for range n {
			next := p.Next()
			if next < last {
				t.Fatalf("seed %d: %s: %v after %v", seed, name, next, last)
			}
			last = next
		}
		if got := n / last.Seconds(); math.Abs(got-1000) > 100 {
			t.Errorf("seed %d: %s: got %.1f a second, want 1000", seed, name, got)
		}
	}
}

func TestAConstantPlanDoesNotDrift(t *testing.T) {
	p := must(t)(Constant(3))
	for i := range 3_000_000 {
		got, want := p.Next(), time.Duration(i+1)*time.Second/3
		if off := got - want; off < -time.Microsecond || off > time.Microsecond {
			t.Fatalf("tick %d: got %v, want %v", i, got, want)
		}
	}
}

func TestAChangedRateGoesOnFromTheLastTick(t *testing.T) {
	for name, p := range shapes(t, 100, 7) {
		q := shapes(t, 100, 7)[name]
		for range 1000 {
			p.Next()
			q.Next()
		}
		at := p.Next()
		if q.Next() != at {
			t.Fatalf("%s: the same seed gave another plan", name)
		}
		if err := p.SetRate(200); err != nil {
			t.Fatal(err)
		}
		if got := p.Rate(); got != 200 {
			t.Errorf("%s: rate: got %v, want 200", name, got)
		}
		for range 100 {
			fast, slow := p.Next()-at, q.Next()-at
			if off := 2*fast - slow; off < -10 || off > 10 {
				t.Fatalf("%s: %v after the change, want half of %v", name, fast, slow)
			}
		}
	}
}

func TestBurstsAreFasterAndMakeUpTheirPart(t *testing.T) {
	p := must(t)(Bursts(1000, 3, 50, 0.5, 100))
	var gaps []time.Duration
	last := time.Duration(0)
	for range 100_000 {
		next := p.Next()
		gaps = append(gaps, next-last)
		last = next
	}
	slices.Sort(gaps)
	// Half of all ticks come 50 times as fast: outside, gaps are of 1.96 ms.
	if quarter, most := gaps[len(gaps)/4], gaps[len(gaps)*3/4]; quarter > 60*time.Microsecond || most < 900*time.Microsecond {
		t.Errorf("gaps: a quarter is below %v, a quarter above %v; want a few microseconds and a millisecond or more", quarter, most)
	}
}

func TestARecordingGoesAtItsOwnRate(t *testing.T) {
	p := must(t)(Recording([]time.Duration{time.Second, 3 * time.Second}, 0))
	var got []time.Duration
	for range 4 {
		got = append(got, p.Next().Round(time.Microsecond))
	}
	if want := []time.Duration{time.Second, 4 * time.Second, 5 * time.Second, 8 * time.Second}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestGapsOfARecording(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recording")
	// hftbacktest's form; the third is earlier by the venue than the second, and
	// the last comes after a pause that is too long.
	lines := ""
	for _, ms := range []string{"000", "250", "200", "300"} {
		lines += `1723161600000000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161600` + ms + `,"T":1723161600` + ms +
			`,"s":"BTCUSDT","t":1,"p":"61720.10","q":"0.001","X":"MARKET","m":true}}` + "\n"
	}
	lines += `1723161660000000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161660000,"T":1723161660000,"s":"BTCUSDT","t":1,"p":"61720.10","q":"0.001","X":"MARKET","m":true}}` + "\n"
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Gaps(t.Context(), []string{file})
	if want := []time.Duration{250 * time.Millisecond, 0, 50 * time.Millisecond, 10 * time.Second}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := Gaps(t.Context(), []string{file + ".none"}); err == nil {
		t.Error("a file that is not there: want an error")
	}
}

func TestPlansThatCannotBeAreRefused(t *testing.T) {
	for name, plan := range map[string]func() (*Plan, error){
		"no rate":                    func() (*Plan, error) { return Constant(0) },
		"a negative rate":            func() (*Plan, error) { return Poisson(-1, 0) },
		"a rate that is no number":   func() (*Plan, error) { return Constant(math.NaN()) },
		"an endless rate":            func() (*Plan, error) { return Constant(math.Inf(1)) },
		"bursts that are slower":     func() (*Plan, error) { return Bursts(1, 0, 0.5, 0.5, 10) },
		"bursts only":                func() (*Plan, error) { return Bursts(1, 0, 5, 1, 10) },
		"bursts of nothing":          func() (*Plan, error) { return Bursts(1, 0, 5, 0.5, 0) },
		"an empty recording":         func() (*Plan, error) { return Recording(nil, 10) },
		"a recording of one moment":  func() (*Plan, error) { return Recording([]time.Duration{0, 0}, 0) },
		"a recording that goes back": func() (*Plan, error) { return Recording([]time.Duration{5, -1}, 0) },
	} {
		if p, err := plan(); err == nil || p != nil {
			t.Errorf("%s: got %v, %v, want an error", name, p, err)
		}
	}
	if err := must(t)(Constant(1)).SetRate(0); err == nil {
		t.Error("set to no rate: want an error")
	}
}
