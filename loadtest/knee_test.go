package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/feed"
	"tickwire/loadtest/report"
)

// TestTheSearchDoublesAndHalves has a server whose limit is known.
func TestTheSearchDoublesAndHalves(t *testing.T) {
	tests := []struct {
		name        string
		first, most float64
		limit       float64 // the highest load that holds
		generator   float64 // over it the generator is late; 0: never
		tried       []float64
		rested      []float64
		held, broke float64
		limited     bool
	}{
		{name: "twice until it breaks, then halves", first: 100, most: 10_000, limit: 550,
			tried: []float64{100, 200, 400, 800, 600, 500, 550}, rested: []float64{200, 200, 250}, held: 550, broke: 600},
		{name: "nothing that may be tried breaks it", first: 100, most: 300, limit: 1000,
			tried: []float64{100, 200, 300}, held: 300},
		{name: "the first is all that may be tried", first: 100, most: 100, limit: 1000, tried: []float64{100}, held: 100},
		{name: "the first breaks it", first: 800, most: 10_000, limit: 150,
			tried: []float64{800, 400, 200, 100}, rested: []float64{200, 100, 50}, held: 100, broke: 200},
		{name: "nothing holds", first: 800, most: 10_000, limit: 1,
			tried: []float64{800, 400, 200, 100}, rested: []float64{200, 100, 50}, broke: 100},
		{name: "one subscriber is not halved", first: 1, most: 10, limit: 0, tried: []float64{1}, broke: 1},
		{name: "the generator is the limit", first: 100, most: 10_000, limit: 550, generator: 590,
			tried: []float64{100, 200, 400, 800, 600, 500, 550}, rested: []float64{200, 200, 250}, held: 550, broke: 600, limited: true},
		{name: "the generator was one far above the server's limit", first: 100, most: 10_000, limit: 550, generator: 700,
			tried: []float64{100, 200, 400, 800, 600, 500, 550}, rested: []float64{200, 200, 250}, held: 550, broke: 600},
		{name: "what held though the generator was late held", first: 100, most: 200, limit: 1000, generator: 150,
			tried: []float64{100, 200}, held: 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var tried, rested []float64
			var k report.Knee
			err := find(&k, test.first, test.most, func(load float64) (report.Step, error) {
				tried = append(tried, load)
				return report.Step{Held: load <= test.limit, Valid: test.generator == 0 || load <= test.generator}, nil
			}, func(load float64) error {
				rested = append(rested, load)
				return nil
			})
			if err != nil || !slices.Equal(tried, test.tried) || !slices.Equal(rested, test.rested) {
				t.Errorf("tried %v and rested at %v, error %v; want %v and %v", tried, rested, err, test.tried, test.rested)
			}
			if k.Held != test.held || k.Broke != test.broke || k.Limited != test.limited {
				t.Errorf("got %v held, %v broke, limited by the generator: %v; want %v, %v, %v", k.Held, k.Broke, k.Limited, test.held, test.broke, test.limited)
			}
		})
	}
}

func TestASearchEndsWithTheFirstError(t *testing.T) {
	boom := errors.New("boom")
	for n := range 5 { // the attempt that fails; one more than there are before the rest
		var k report.Knee
		tried := 0
		err := find(&k, 100, 1000, func(load float64) (report.Step, error) {
			if tried++; tried > n {
				return report.Step{}, boom
			}
			return report.Step{Held: load < 400, Valid: true}, nil
		}, func(float64) error { return nil })
		if !errors.Is(err, boom) || tried != n+1 {
			t.Errorf("attempt %d fails: got %v after %d", n+1, err, tried)
		}
	}
}

func TestRecoveryIsWhenTheBoundHoldsAgain(t *testing.T) {
	tests := []struct {
		name  string
		good  string // a second each: + it held, - it did not; the last goes on
		after time.Duration
		ok    bool
	}{
		{"at once", "+", 0, true},
		{"after a while", "----+", 4 * time.Second, true},
		{"a good second in between does not count", "--++--+", 6 * time.Second, true},
		{"never", "-", 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := 0
				after, ok, err := recovery(20*time.Second, func() (bool, error) {
					time.Sleep(time.Second)
					good := test.good[min(at, len(test.good)-1)] == '+'
					at++
					return good, nil
				})
				if after != test.after || ok != test.ok || err != nil {
					t.Errorf("got %v, %v, %v; want %v, %v", after, ok, err, test.after, test.ok)
				}
			})
		})
	}
}

func TestTwiceTheLoadBendsOrBreaks(t *testing.T) {
	tests := []struct {
		name     string
		step     report.Step
		graceful bool
		why      string
	}{
		{"as many updates", report.Step{UpdatesPerSecond: 950}, true, "950"},
		{"far fewer updates", report.Step{UpdatesPerSecond: 500}, false, "500"},
		{"somebody lost", report.Step{UpdatesPerSecond: 2000, Lost: 3}, false, "3 connections"},
	}
	for _, test := range tests {
		if d := doubled(test.step, 1000); d.Graceful != test.graceful || !strings.Contains(d.Why, test.why) {
			t.Errorf("%s: got %+v", test.name, d)
		}
	}
}

func TestASearchThatCannotBeIsRefused(t *testing.T) {
	put := func(context.Context, *feed.Tick) error { return nil }
	bound := Bound{99, time.Second}
	publishing := Plan{URL: "ws://127.0.0.1:1/v1/ws", Connections: 100, Publish: &Publish{Put: put}}
	passive := Plan{URL: "ws://127.0.0.1:1/v1/ws", Connections: 100}
	tests := []struct {
		name string
		plan Plan
		how  Search
		want string
	}{
		{"no bound", passive, Search{}, "p99<20ms"},
		{"ticks of others", passive, Search{Bound: bound, Dimension: Ticks}, "publishes"},
		{"a limit under the beginning", passive, Search{Bound: bound, Most: 50}, "begins at 100"},
		{"a limit that is none", passive, Search{Bound: bound, Most: -1}, "limit"},
		{"more ticks than there can be", publishing, Search{Bound: bound, Dimension: Ticks, Most: 1e9}, "ticks a second"},
		{"more connections than files", passive, Search{Bound: bound, Most: 999_999}, "ulimit -n"},
		{"another dimension", passive, Search{Bound: bound, Dimension: "symbols"}, "dimension"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := FindKnee(t.Context(), test.plan, test.how)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// swamped is a market whose ticks come late, and in order, when more than so many a
// second are planned: that a busy machine puts them all at once is no overload.
type swamped struct {
	honest *honest
	limit  int
	puts   []time.Time // planned for the last half second; of one goroutine
	queue  chan swampedTick
	left   sync.WaitGroup
}

type swampedTick struct {
	tick feed.Tick
	due  time.Time
}

func (s *swamped) put(_ context.Context, t *feed.Tick) error {
	planned := time.UnixMicro(t.Time)
	s.puts = append(s.puts, planned)
	for planned.Sub(s.puts[0]) > time.Second/2 {
		s.puts = s.puts[1:]
	}
	one := swampedTick{*t, planned}
	for _, field := range []*feed.Number{&one.tick.Price, &one.tick.Size, &one.tick.Bid, &one.tick.BidSize, &one.tick.Ask, &one.tick.AskSize} {
		*field = bytes.Clone(*field)
	}
	if len(s.puts) > s.limit/2 {
		one.due = planned.Add(2 * time.Second)
	}
	s.left.Add(1)
	s.queue <- one
	return nil
}

func (s *swamped) run() {
	for one := range s.queue {
		time.Sleep(time.Until(one.due))
		s.honest.put(context.Background(), &one.tick)
		s.left.Done()
	}
}

// TestTheKneeIsFoundBeforeAnOverload has a market that is swamped.
func TestTheKneeIsFoundBeforeAnOverload(t *testing.T) {
	t.Parallel()
	s := startHonest(t)
	market := &swamped{honest: s, limit: 480, queue: make(chan swampedTick, 100_000)}
	go market.run()
	defer close(market.queue)
	plan := s.plan(s.addr)
	plan.Ramp, plan.Connections, plan.Rate = 100*time.Millisecond, 10, 0
	plan.Publish = &Publish{Put: market.put, Symbols: 20, Rate: 200, Flush: func(context.Context) error { market.left.Wait(); return nil }}
	out, err := FindKnee(t.Context(), plan, Search{Bound: Bound{50, 1200 * time.Millisecond}, Dimension: Ticks, Most: 1000, Step: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	k := out.Result.Knee
	if k.Held < 200 || k.Held > 500 || k.Broke <= k.Held || len(k.Steps) < 4 {
		t.Errorf("got %+v, want about 480 ticks a second", *k)
	}
	if k.Double == nil || k.Double.Held || k.Recovery < 0 {
		t.Errorf("got double %+v and recovery %v, want twice the knee to break the bound, and a recovery", k.Double, k.Recovery)
	}
	for _, step := range k.Steps {
		if step.Held == (step.Why != "") {
			t.Errorf("got %+v, want a reason if and only if it broke", step)
		}
	}
	r := out.Result
	if !r.Converged || r.Violations.Total() != 0 || r.Connections != plan.Connections || len(r.Missing) > 0 {
		t.Errorf("got converged: %v, violations %+v, %d connections, missing %q; want a clean end", r.Converged, r.Violations, r.Connections, r.Missing)
	}
}

// TestTheEndIsOfTheKnee: after a search by connections the result is of the load
// that held, not of the overload.
func TestTheEndIsOfTheKnee(t *testing.T) {
	t.Parallel()
	s := startHonest(t)
	plan := s.plan(s.addr)
	plan.Ramp, plan.Connections = 200*time.Millisecond, 5
	out, err := FindKnee(t.Context(), plan, Search{Bound: Bound{50, time.Minute}, Most: 20, Step: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	k, r := out.Result.Knee, out.Result
	if k.Held != 20 || k.Broke != 0 || len(k.Steps) != 3 || k.Double != nil {
		t.Errorf("got %+v, want 5, 10 and 20 connections, all of which hold", *k)
	}
	if r.Connections != 20 || r.Cohorts["steady"].Members != 20 || !r.Converged {
		t.Errorf("got %d connections, steady %+v, converged: %v", r.Connections, r.Cohorts["steady"], r.Converged)
	}
	if want := fmt.Sprintf("%v, connections up to 20", Bound{50, time.Minute}); r.Config.Bound != want {
		t.Errorf("got bound %q, want %q", r.Config.Bound, want)
	}
}
