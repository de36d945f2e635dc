package source

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/feed"
)

var errEnough = errors.New("enough")

// clockFrom ticks a millisecond a call.
func clockFrom(start time.Time) func() time.Time {
	return func() time.Time {
		start = start.Add(time.Millisecond)
		return start
	}
}

func mustMarket(tb testing.TB, c MarketConfig) *Market {
	tb.Helper()
	m, err := NewMarket(c)
	if err != nil {
		tb.Fatalf("NewMarket(%+v): %v", c, err)
	}
	return m
}

// take runs m for n ticks.
func take(tb testing.TB, m *Market, n int, each func(*feed.Tick)) {
	tb.Helper()
	err := m.Run(tb.Context(), func(_ context.Context, t *feed.Tick) error {
		each(t)
		if n--; n == 0 {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		tb.Fatalf("Run: got error %v, want that of put", err)
	}
}

func records(tb testing.TB, c MarketConfig, n int) []byte {
	var out []byte
	take(tb, mustMarket(tb, c), n, func(t *feed.Tick) { out = append(feed.AppendTick(out, t), '\n') })
	return out
}

func TestMarketConfig(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		config   MarketConfig
		want     string // in the error; empty for none
	}{
		{scenario: "the defaults", config: MarketConfig{}},
		{scenario: "the most of everything", config: MarketConfig{Symbols: MaxSymbols, Rate: MaxRate}},
		{scenario: "a negative number of symbols", config: MarketConfig{Symbols: -1}, want: "give 1 to 100000"},
		{scenario: "too many symbols", config: MarketConfig{Symbols: MaxSymbols + 1}, want: "give 1 to 100000"},
		{scenario: "a negative rate", config: MarketConfig{Rate: -1}, want: "as fast as it goes"},
		{scenario: "too high a rate", config: MarketConfig{Rate: MaxRate + 1}, want: "to 10000000"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			_, err := NewMarket(tc.config)
			if got := err != nil; got != (tc.want != "") || got && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("NewMarket(%+v): got error %v, want one with %q", tc.config, err, tc.want)
			}
		})
	}
}

func TestMarketIsRepeatable(t *testing.T) {
	const n = 20_000
	start := time.Date(2024, 11, 22, 0, 0, 0, 0, time.UTC)
	config := func(seed uint64, from time.Time) MarketConfig {
		return MarketConfig{Symbols: 300, Seed: seed, Now: clockFrom(from)}
	}
	first := records(t, config(7, start), n)
	if again := records(t, config(7, start), n); !bytes.Equal(first, again) {
		t.Error("the same seed and clock gave other ticks")
	}
	if other := records(t, config(8, start), n); bytes.Equal(first, other) {
		t.Error("another seed gave the same ticks")
	}
	later := records(t, config(7, start.Add(time.Hour)), n)
	if bytes.Equal(first, later) {
		t.Error("another clock gave the same time stamps")
	}
	if !bytes.Equal(withoutTimes(t, first), withoutTimes(t, later)) {
		t.Error("another clock changed more than the time stamps")
	}
}

func withoutTimes(tb testing.TB, lines []byte) []byte {
	var out []byte
	for line := range bytes.Lines(lines) {
		var tick feed.Tick
		if err := feed.Decode(&tick, line); err != nil {
			tb.Fatalf("Decode(%s): %v", line, err)
		}
		tick.Time = 1
		out = append(feed.AppendTick(out, &tick), '\n')
	}
	return out
}

// quoted is what was last said of a symbol.
type quoted struct {
	bid, ask string
	places   int
	ticks    int
}

func TestMarketTicksMakeSense(t *testing.T) {
	const symbols, n, seed = 400, 150_000, 11
	t.Logf("seed %d", seed)
	seen := make(map[string]*quoted)
	last := int64(0)
	count := 0
	m := mustMarket(t, MarketConfig{Symbols: symbols, Seed: seed, Now: clockFrom(time.Unix(1_700_000_000, 0))})
	take(t, m, n, func(tick *feed.Tick) {
		if err := tick.Validate(); err != nil {
			t.Fatalf("tick %d is invalid: %v", count, err)
		}
		if tick.Time < last {
			t.Fatalf("tick %d: time went back from %d to %d", count, last, tick.Time)
		}
		last = tick.Time
		q := seen[string(tick.Symbol)]
		if q == nil {
			if count >= symbols || len(tick.Price) == 0 || len(tick.Bid) == 0 || len(tick.Ask) == 0 {
				t.Fatalf("tick %d opens %s: got %s, want all values within the first %d ticks", count, tick.Symbol, feed.AppendTick(nil, tick), symbols)
			}
			q = &quoted{places: places(tick.Bid)}
			seen[string(tick.Symbol)] = q
		}
		checkTick(t, q, tick)
		count++
	})
	if len(seen) != symbols {
		t.Errorf("symbols: got %d, want %d", len(seen), symbols)
	}
	checkActivity(t, m, seen)
}

func checkTick(t *testing.T, q *quoted, tick *feed.Tick) {
	t.Helper()
	q.ticks++
	record := feed.AppendTick(nil, tick)
	if len(tick.Bid) != 0 {
		q.bid, q.ask = string(tick.Bid), string(tick.Ask)
		if rational(t, tick.Bid).Sign() <= 0 || rational(t, tick.Bid).Cmp(rational(t, tick.Ask)) >= 0 {
			t.Fatalf("want 0 < bid < ask: %s", record)
		}
		if zero(tick.BidSize) || zero(tick.AskSize) {
			t.Fatalf("want sizes above 0: %s", record)
		}
	}
	for _, n := range []feed.Number{tick.Price, tick.Bid, tick.Ask} {
		if len(n) != 0 && places(n) != q.places {
			t.Fatalf("places: got %d, want %d as at the opening: %s", places(n), q.places, record)
		}
	}
	if len(tick.Price) == 0 {
		return
	}
	want := map[feed.Side]string{feed.Buy: q.ask, feed.Sell: q.bid}[tick.Side]
	if string(tick.Price) != want || zero(tick.Size) {
		t.Fatalf("trade: want it at %q, with a size: %s", want, record)
	}
}

// checkActivity wants the busiest tenth to have most ticks, and quiet symbols
// far fewer than the symbols next to them in rank.
func checkActivity(t *testing.T, m *Market, seen map[string]*quoted) {
	var ticks []int
	total := 0
	for _, q := range seen {
		ticks = append(ticks, q.ticks)
		total += q.ticks
	}
	slices.Sort(ticks)
	slices.Reverse(ticks)
	top := 0
	for _, n := range ticks[:len(ticks)/10] {
		top += n
	}
	if share := float64(top) / float64(total); share < 0.6 || share > 0.8 {
		t.Errorf("ticks of the busiest tenth: got %.2f of all, want 0.6 to 0.8", share)
	}
	quiet, next := 0, 0
	for rank := range len(m.instruments) - 1 {
		if m.instruments[rank].quiet {
			quiet += seen[string(m.instruments[rank].symbol)].ticks
			next += seen[string(m.instruments[rank+1].symbol)].ticks
		}
	}
	if quiet == 0 || 2*quiet > next {
		t.Errorf("ticks of quiet symbols: got %d, want some but less than half of the %d of their neighbours", quiet, next)
	}
}

func rational(tb testing.TB, n feed.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		tb.Fatalf("%q is no number", n)
	}
	return r
}

func places(n feed.Number) int {
	_, fraction, _ := strings.Cut(string(n), ".")
	return len(fraction)
}

func TestListings(t *testing.T) {
	const seed = 3
	m := mustMarket(t, MarketConfig{Symbols: MaxSymbols, Seed: seed})
	seen := make(map[string]bool)
	for i := range m.instruments {
		name := string(m.instruments[i].symbol)
		if seen[name] {
			t.Fatalf("symbol %d: %s is there twice", i, name)
		}
		seen[name] = true
		if !feed.ValidSymbol([]byte(name)) {
			t.Fatalf("symbol %d: %q is not valid", i, name)
		}
	}
	if got := string(m.instruments[0].symbol); got != "BTC-USD" {
		t.Errorf("most active symbol: got %s, want BTC-USD", got)
	}
	other := mustMarket(t, MarketConfig{Symbols: DefaultSymbols, Seed: seed + 1})
	quote, low, high := make(map[string]bool), 1e9, 0.0
	for i, l := range listings(DefaultSymbols, rand.New(rand.NewPCG(seed, openingStream))) {
		if got := string(other.instruments[i].symbol); got != l.symbol {
			t.Fatalf("symbol %d with another seed: got %s, want %s", i, got, l.symbol)
		}
		quote[l.symbol[strings.Index(l.symbol, "-"):]] = true
		low, high = min(low, l.price), max(high, l.price)
	}
	if len(quote) < 5 {
		t.Errorf("quote currencies: got %v, want at least 5", quote)
	}
	if low > 1e-7 || high < 1e4 {
		t.Errorf("prices: got %g to %g, want them from below 1e-7 to above 1e4", low, high)
	}
}

func TestAppendUnits(t *testing.T) {
	for _, tc := range []struct {
		units  uint64
		places int
		want   string
	}{
		{0, 0, "0"}, {7, 0, "7"}, {120, 0, "120"},
		{0, 2, "0.00"}, {5, 2, "0.05"}, {100, 2, "1.00"}, {6712345, 2, "67123.45"},
		{1, 12, "0.000000000001"}, {18446744073709551615, 1, "1844674407370955161.5"},
	} {
		if got := string(appendUnits(nil, tc.units, tc.places)); got != tc.want {
			t.Errorf("appendUnits(%d, %d): got %s, want %s", tc.units, tc.places, got, tc.want)
		}
	}
}

func TestMarketHoldsItsRate(t *testing.T) {
	for _, rate := range []int{7, 1000, 20_000, 333_333} {
		synctest.Test(t, func(t *testing.T) {
			const seconds = 3
			ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second)
			defer cancel()
			start, got := time.Now(), 0
			err := mustMarket(t, MarketConfig{Rate: rate}).Run(ctx, func(_ context.Context, tick *feed.Tick) error {
				got++
				if age := time.Since(time.UnixMicro(tick.Time)); age < 0 || age > time.Millisecond {
					t.Fatalf("at rate %d: event time is %v old, want now", rate, age)
				}
				return nil
			})
			if err != context.DeadlineExceeded || time.Since(start) != seconds*time.Second {
				t.Fatalf("Run: got %v after %v, want the deadline at %d s", err, time.Since(start), seconds)
			}
			early := 1 + rate/int(time.Second/grain)
			if want := seconds * rate; got < want || got > want+early {
				t.Errorf("ticks in %d s at rate %d: got %d, want %d and up to %d early ones", seconds, rate, got, want, early)
			}
		})
	}
}

func TestMarketCatchesUpOneSecond(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		stall    time.Duration
		want     int // ticks in 10 s
	}{
		{"a short stall loses nothing", 900 * time.Millisecond, 10_000},
		{"of a long stall one second is caught up", 4 * time.Second, 7000},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				got := 0
				mustMarket(t, MarketConfig{Rate: 1000}).Run(ctx, func(context.Context, *feed.Tick) error {
					if got++; got == 2000 {
						time.Sleep(tc.stall)
					}
					return nil
				})
				if got < tc.want-1 || got > tc.want+2 {
					t.Errorf("ticks in 10 s at 1000 a second with a stall of %v: got %d, want %d", tc.stall, got, tc.want)
				}
			})
		})
	}
}

func TestMarketEndsWithItsContext(t *testing.T) {
	for _, rate := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				ended <- mustMarket(t, MarketConfig{Rate: rate}).Run(ctx, func(context.Context, *feed.Tick) error {
					if rate == 0 {
						time.Sleep(time.Millisecond)
					}
					return nil
				})
			}()
			time.Sleep(1500 * time.Millisecond)
			cancel()
			start := time.Now()
			if err := <-ended; err != context.Canceled || time.Since(start) > time.Millisecond {
				t.Errorf("Run at rate %d: got %v after %v, want %v at once", rate, err, time.Since(start), context.Canceled)
			}
		})
	}
}

func TestMarketDoesNotAllocate(t *testing.T) {
	m := mustMarket(t, MarketConfig{})
	if got := testing.AllocsPerRun(5000, func() { m.next() }); got != 0 {
		t.Errorf("allocations per tick: got %v, want 0", got)
	}
}

func BenchmarkMarket(b *testing.B) {
	m := mustMarket(b, MarketConfig{})
	b.ReportAllocs()
	left := b.N
	b.ResetTimer()
	m.Run(b.Context(), func(context.Context, *feed.Tick) error {
		if left--; left <= 0 {
			return errEnough
		}
		return nil
	})
}
