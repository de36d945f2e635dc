package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/feed"
	"tickwire/loadtest/verify"
)

// log is what was put.
type log struct {
	mu    sync.Mutex
	ticks []feed.Tick
	at    []time.Time
	stall func(n int) // called with the lock free, before the n-th tick is taken
}

func (l *log) put(_ context.Context, t *feed.Tick) error {
	if l.stall != nil {
		l.stall(len(l.ticks))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var kept feed.Tick
	if err := feed.Decode(&kept, feed.AppendTick(nil, t)); err != nil {
		return err
	}
	l.ticks = append(l.ticks, kept)
	l.at = append(l.at, time.Now())
	return nil
}

// start is a Publisher of some symbols by a plan.
func start(t *testing.T, l *log, schedule Schedule, symbols int, mix Mix) *Publisher {
	t.Helper()
	truth := verify.NewTruth(Names("LOAD-", symbols), time.Hour)
	p, err := New(Config{Symbols: symbols, Prefix: "LOAD-", Mix: mix, Seed: 5, Schedule: schedule, Put: l.put, Truth: truth})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// runFor runs for a time.
func runFor(t *testing.T, p *Publisher, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestTicksGoOutWhenTheyArePlanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		p := start(t, &l, must(t)(Constant(100)), 10, Uniform)
		begun := time.Now()
		runFor(t, p, 2*time.Second+time.Millisecond)
		if len(l.ticks) != 200 {
			t.Fatalf("got %d ticks in 2 s, want 200", len(l.ticks))
		}
		for i := range l.ticks {
			planned := begun.Add(time.Duration(i+1) * 10 * time.Millisecond)
			if off := l.at[i].Sub(planned); off < -time.Microsecond || off > time.Microsecond || l.ticks[i].Time-planned.UnixMicro() > 1 || l.ticks[i].Time < planned.UnixMicro()-1 {
				t.Fatalf("tick %d: put at %v with time %d, want %v", i, l.at[i], l.ticks[i].Time, planned)
			}
		}
		if got, want := p.Stats(), (Stats{Planned: 200, Published: 200}); got != want {
			t.Errorf("stats: got %+v, want %+v", got, want)
		}
	})
}

func TestAStalledPutMovesNoPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := log{stall: func(n int) {
			if n == 50 {
				time.Sleep(3 * time.Second)
			}
		}}
		p := start(t, &l, must(t)(Constant(100)), 10, Uniform)
		begun := time.Now()
		go func() {
			time.Sleep(2 * time.Second)
			got := p.Stats()
			// Tick 51 has been in Put since 510 ms, tick 52 due since 520 ms.
			if want := (Stats{Planned: 200, Published: 50, Blocked: 1490 * time.Millisecond, Behind: 1480 * time.Millisecond}); !near(got, want) {
				t.Errorf("stats in the stall: got %+v, want %+v", got, want)
			}
		}()
		runFor(t, p, 5*time.Second+time.Millisecond)
		if len(l.ticks) != 500 {
			t.Fatalf("got %d ticks in 5 s, want all 500", len(l.ticks))
		}
		for i := range l.ticks {
			planned := begun.Add(time.Duration(i+1) * 10 * time.Millisecond)
			if off := l.ticks[i].Time - planned.UnixMicro(); off < -1 || off > 1 {
				t.Fatalf("tick %d: its time is %d us off the plan", i, off)
			}
		}
		if late := l.at[51].Sub(begun.Add(520 * time.Millisecond)); late != 2990*time.Millisecond {
			t.Errorf("the tick behind the stalled one was %v late, want 2.99 s", late)
		}
		if got, want := p.Stats(), (Stats{Planned: 500, Published: 500, Blocked: 3 * time.Second}); got != want {
			t.Errorf("stats: got %+v, want %+v", got, want)
		}
	})
}

// near allows for what a plan rounds.
func near(got, want Stats) bool {
	off := func(a, b time.Duration) bool { return max(a-b, b-a) <= time.Microsecond }
	return got.Planned == want.Planned && got.Published == want.Published && off(got.Blocked, want.Blocked) && off(got.Behind, want.Behind) && got.MaxLate == want.MaxLate
}

func TestASecondRunGoesOnInThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		p := start(t, &l, must(t)(Constant(1)), 3, Uniform)
		runFor(t, p, 1500*time.Millisecond)
		time.Sleep(time.Minute)
		begun := time.Now()
		runFor(t, p, time.Second)
		if len(l.ticks) != 2 || l.at[1].Sub(begun).Round(time.Microsecond) != 500*time.Millisecond {
			t.Errorf("got %d ticks, the last %v after the second run began; want 2 and 500 ms", len(l.ticks), l.at[len(l.at)-1].Sub(begun))
		}
		if got, want := p.Stats(), (Stats{Planned: 2, Published: 2}); !near(got, want) {
			t.Errorf("stats: got %+v, want %+v", got, want)
		}
	})
}

// A tick that the truth has must reach Kafka, or every client would lack it.
func TestAPutThatIsUnderWayAtTheEndHasGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, r := range []struct {
			takes time.Duration
			want  uint64
		}{{5 * time.Second, 1}, {time.Minute, 0}} {
			truth := verify.NewTruth(Names("L", 1), time.Hour)
			p, err := New(Config{Symbols: 1, Prefix: "L", Schedule: must(t)(Constant(1)), Truth: truth, Put: func(ctx context.Context, _ *feed.Tick) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(r.takes):
					return nil
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 1100*time.Millisecond)
			err = p.Run(ctx)
			cancel()
			if got := p.Stats().Published; got != r.want || (err == nil) != (r.want == 1) {
				t.Errorf("a put of %v: %d published, error %v; want %d, and an error if it is none", r.takes, got, err, r.want)
			}
		}
	})
}

func TestAFailedPutEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no broker")
		p, err := New(Config{Symbols: 1, Prefix: "L", Schedule: must(t)(Constant(1)), Truth: verify.NewTruth(Names("L", 1), time.Hour),
			Put: func(context.Context, *feed.Tick) error { return broken }})
		if err != nil {
			t.Fatal(err)
		}
		for name, do := range map[string]func(context.Context) error{"open": p.Open, "run": p.Run} {
			if err := do(t.Context()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "L00001") {
				t.Errorf("%s: got %v, want the error of Put with the symbol", name, err)
			}
		}
		if got := p.Stats(); got.Published != 0 || got.Planned != 2 {
			t.Errorf("stats: got %+v, want 2 planned and none published", got)
		}
	})
}

func TestOpeningTellsAllOfEverySymbol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		p := start(t, &l, must(t)(Constant(1)), 50, Zipf)
		if err := p.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for i := range l.ticks {
			tick := &l.ticks[i]
			seen[string(tick.Symbol)] = true
			if len(tick.Price) == 0 || len(tick.Size) == 0 || len(tick.Bid) == 0 || len(tick.Ask) == 0 || tick.Side == feed.NoSide || tick.Time < time.Now().UnixMicro() {
				t.Errorf("a tick that does not say all: %s", feed.AppendTick(nil, tick))
			}
		}
		if len(seen) != 50 || len(l.ticks) != 50 || p.Stats().Planned != 50 {
			t.Errorf("got %d ticks of %d symbols, want one of each of 50", len(l.ticks), len(seen))
		}
	})
}

func TestTicksLookLikeAMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, mix := range []Mix{Zipf, Uniform} {
			var l log
			p := start(t, &l, must(t)(Constant(10_000)), 100, mix)
			if err := p.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			runFor(t, p, 2*time.Second)
			judge(t, &l, mix)
		}
	})
}

// judge looks at what was put: trades stand at the quote, and all is in proportion.
func judge(t *testing.T, l *log, mix Mix) {
	trades, count := 0, make(map[string]int)
	quote := make(map[string]feed.Tick)
	last := make(map[string]int64)
	for i := range l.ticks {
		tick := &l.ticks[i]
		symbol := string(tick.Symbol)
		count[symbol]++
		if tick.Time <= last[symbol] {
			t.Fatalf("%s: time %d after %d", symbol, tick.Time, last[symbol])
		}
		last[symbol] = tick.Time
		if len(tick.Bid) > 0 {
			bid, _ := tick.Bid.Decimal()
			if ask, _ := tick.Ask.Decimal(); !bid.IsPositive() || !bid.LessThan(ask) {
				t.Fatalf("a quote of %s to %s", tick.Bid, tick.Ask)
			}
			quote[symbol] = *tick
		}
		if len(tick.Price) > 0 {
			trades++
			if q := quote[symbol]; !bytes.Equal(tick.Price, q.Bid) && !bytes.Equal(tick.Price, q.Ask) {
				t.Fatalf("%s: a trade at %s while the quote was %s to %s", symbol, tick.Price, q.Bid, q.Ask)
			}
		}
	}
	if part := float64(trades) / float64(len(l.ticks)); part < 0.23 || part > 0.28 {
		t.Errorf("%s: %.3f of the ticks are trades, want a quarter", mix, part)
	}
	busiest, laziest := count["LOAD-00001"], count["LOAD-00100"]
	if mix == Uniform && (busiest > 2*laziest || laziest > 2*busiest) || mix == Zipf && busiest < 10*laziest {
		t.Errorf("%s: the first symbol has %d ticks, the last %d", mix, busiest, laziest)
	}
}

func TestTheSeedDecidesTheTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var texts [2]string
		for i := range texts {
			var l log
			p := start(t, &l, must(t)(Poisson(1000, 1)), 20, Zipf)
			runFor(t, p, time.Second)
			for _, tick := range l.ticks {
				tick.Time = 1
				texts[i] += string(feed.AppendTick(nil, &tick))
			}
		}
		if texts[0] != texts[1] || len(texts[0]) == 0 {
			t.Error("the same seed made other ticks")
		}
	})
}

func TestTheTruthHasWhatWasPutAndIsToldFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := Names("LOAD-", 5)
		truth := verify.NewTruth(names, time.Hour)
		n := uint64(0)
		p, err := New(Config{Symbols: 5, Prefix: "LOAD-", Schedule: must(t)(Constant(100)), Truth: truth, Put: func(context.Context, *feed.Tick) error {
			if n++; truth.Published() != n {
				t.Errorf("at the %d-th put the truth had %d ticks", n, truth.Published())
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		runFor(t, p, time.Second)
		if n < 100 {
			t.Errorf("only %d ticks", n)
		}
	})
}

func TestConfigurationsThatCannotBeAreRefused(t *testing.T) {
	good := func() Config {
		return Config{Symbols: 2, Prefix: "L", Schedule: must(t)(Constant(1)), Put: new(log).put, Truth: verify.NewTruth(Names("L", 2), time.Hour)}
	}
	for name, spoil := range map[string]func(*Config){
		"no symbols":      func(c *Config) { c.Symbols = 0 },
		"too many":        func(c *Config) { c.Symbols = verify.MaxSymbols + 1 },
		"another prefix":  func(c *Config) { c.Prefix = "M" },
		"an unknown mix":  func(c *Config) { c.Mix = "pareto" },
		"no schedule":     func(c *Config) { c.Schedule = nil },
		"nowhere to put":  func(c *Config) { c.Put = nil },
		"nothing is true": func(c *Config) { c.Truth = nil },
	} {
		c := good()
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if _, err := New(good()); err != nil {
		t.Error(err)
	}
	if got, want := fmt.Sprint(Names("LOAD-", 2)), "[LOAD-00001 LOAD-00002]"; got != want {
		t.Errorf("names: got %s, want %s", got, want)
	}
}

func BenchmarkPublish(b *testing.B) {
	truth := verify.NewTruth(Names("LOAD-", 1000), time.Second)
	p, err := New(Config{Symbols: 1000, Prefix: "LOAD-", Schedule: must(b)(Constant(MaxRate)), Truth: truth,
		Put: func(context.Context, *feed.Tick) error { return nil }})
	if err != nil {
		b.Fatal(err)
	}
	p.begin()
	defer p.end()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.one(b.Context(), p.zero.Add(p.agenda.take())); err != nil {
			b.Fatal(err)
		}
	}
}
