package loadtest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tickwire/feed"
	"tickwire/loadtest/report"
)

// TestARunThatIsAskedToEnd has ctx end in each phase.
func TestARunThatIsAskedToEnd(t *testing.T) {
	tests := []struct {
		phase string
		told  bool // there is a result
	}{{"start", false}, {"ramp", false}, {"run", true}, {"settle", true}}
	for _, test := range tests {
		t.Run(test.phase, func(t *testing.T) {
			t.Parallel()
			s := startHonest(t)
			plan := s.plan(s.addr)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			switch test.phase { // long enough not to be over before
			case "ramp":
				plan.Ramp = time.Minute
			case "run":
				plan.Duration = time.Minute
			}
			if test.phase == "start" {
				plan.Publish.Put = func(context.Context, *feed.Tick) error { cancel(); return ctx.Err() }
			}
			plan.Publish.Flush = func(context.Context) error { // once at the start, once in settle
				if test.phase == "settle" && ctx.Err() == nil && s.offsetNow() > int64(plan.Publish.Symbols) {
					cancel()
				}
				return nil
			}
			plan.OnSecond = func(p report.Progress) {
				if p.Phase == test.phase {
					cancel()
				}
			}
			out, err := Run(ctx, plan)
			if !test.told {
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("got %v and %v, want the error of the context", out, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r := out.Result
			ok, lines := r.Verdict()
			if cut := test.phase == "run"; cut != (len(r.Missing) > 0) || cut && (ok || r.Seconds > 30) {
				t.Errorf("got missing %q after %v s, ok: %v; want it to say when it was cut short", r.Missing, r.Seconds, ok)
			}
			if !r.Converged || r.Violations.Total() > 0 || r.Updates == 0 || r.Latency.Count == 0 {
				t.Errorf("got %d updates, %q; want what was measured up to there, settled", r.Updates, lines)
			}
		})
	}
}

// TestAPublisherThatFails: what was measured before is told, and nobody is
// accused for ticks that may not have arrived.
func TestAPublisherThatFails(t *testing.T) {
	boom := errors.New("the topic is gone")
	put := func(s *honest, after int64) func(context.Context, *feed.Tick) error {
		return func(ctx context.Context, tick *feed.Tick) error {
			if s.offsetNow() >= after {
				return boom
			}
			return s.put(ctx, tick)
		}
	}
	t.Run("at the start", func(t *testing.T) {
		s := startHonest(t)
		plan := s.plan(s.addr)
		plan.Publish.Put = put(s, 10)
		if _, err := Run(t.Context(), plan); !errors.Is(err, boom) || !strings.Contains(err.Error(), "first ticks") {
			t.Errorf("got %v, want to be told that the first ticks cannot be published", err)
		}
	})
	t.Run("in the ramp", func(t *testing.T) {
		s := startHonest(t)
		plan := s.plan(s.addr)
		plan.Ramp = time.Minute
		plan.Publish.Put = put(s, 200)
		if _, err := Run(t.Context(), plan); !errors.Is(err, boom) {
			t.Errorf("got %v, want what failed", err)
		}
	})
	t.Run("in the run", func(t *testing.T) {
		s := startHonest(t)
		plan := s.plan(s.addr)
		plan.Duration = time.Minute
		var broken atomic.Bool
		plan.OnSecond = func(p report.Progress) { broken.Store(p.Phase == "run") }
		plan.Publish.Put = func(ctx context.Context, tick *feed.Tick) error {
			if broken.Load() {
				return boom
			}
			return s.put(ctx, tick)
		}
		out, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		r := out.Result
		ok, lines := r.Verdict()
		if ok || r.Converged || len(r.Missing) != 2 || !strings.Contains(r.Missing[0], boom.Error()) || r.Seconds > 30 {
			t.Errorf("got ok %v, converged %v, missing %q after %v s; want a run that ended before its time", ok, r.Converged, r.Missing, r.Seconds)
		}
		if r.Violations.Total() > 0 || r.Updates == 0 {
			t.Errorf("got %d updates, %q; want what came before, and no violation", r.Updates, lines)
		}
	})
	t.Run("at the end, where Kafka does not acknowledge", func(t *testing.T) {
		s := startHonest(t)
		plan := s.plan(s.addr)
		var flushed atomic.Int32
		plan.Publish.Flush = func(context.Context) error {
			if flushed.Add(1) > 1 {
				return boom
			}
			return nil
		}
		out, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		r := out.Result
		if ok, _ := r.Verdict(); ok || r.Converged || len(r.Missing) != 1 || !strings.Contains(r.Missing[0], boom.Error()) || r.Updates == 0 {
			t.Errorf("got missing %q, converged %v, %d updates; want values that were not compared", r.Missing, r.Converged, r.Updates)
		}
	})
}

// TestMetricsThatVanish leave the rest of the report as it is.
func TestMetricsThatVanish(t *testing.T) {
	tests := []struct {
		name    string
		broken  func(w http.ResponseWriter, next http.Handler, r *http.Request)
		missing bool // nothing is left to report
	}{
		{"for the whole run", func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			http.Error(w, "gone", http.StatusBadGateway)
		}, true},
		{"as the server was started again", func(w http.ResponseWriter, _ http.Handler, r *http.Request) {
			w.Write([]byte("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 0\n# TYPE tickwire_updates_total counter\ntickwire_updates_total 0\n"))
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := startHonest(t)
			plan := s.plan(s.addr)
			at, err := url.Parse(s.admin)
			if err != nil {
				t.Fatal(err)
			}
			var gone atomic.Bool
			next := httputil.NewSingleHostReverseProxy(at)
			next.Transport = &http.Transport{DisableKeepAlives: true}
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if gone.Load() {
					test.broken(w, next, r)
				} else {
					next.ServeHTTP(w, r)
				}
			}))
			defer front.Close()
			plan.Admin = front.URL
			restart := strings.Contains(test.name, "started again")
			plan.OnSecond = func(p report.Progress) {
				if p.Phase == "run" || !restart { // the base of a restart is of the run
					gone.Store(true)
				}
			}
			plan.Ramp, plan.Duration = 100*time.Millisecond, 4*time.Second
			out, err := Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			r := out.Result
			if (r.Server == nil) != test.missing || len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "figures") {
				t.Errorf("got server %+v, missing %q; want the figures left out, and that said", r.Server, r.Missing)
			}
			if !r.Converged || r.Violations.Total() > 0 || r.Updates == 0 {
				t.Errorf("got %d updates, converged %v, violations %+v; want the rest of the report", r.Updates, r.Converged, r.Violations)
			}
		})
	}
}

// TestOthersHaveSymbolsToo: they are none of ours, so nobody subscribes to them
// when all symbols are wanted, and nobody is accused for them.
func TestOthersHaveSymbolsToo(t *testing.T) {
	s := startHonest(t)
	plan := s.plan(s.addr)
	plan.Watchlist, plan.Cohorts = Everything, Cohorts{Churn: 20}
	put := plan.Publish.Put
	plan.Publish.Put = func(ctx context.Context, tick *feed.Tick) error {
		other := *tick
		other.Symbol = append([]byte("OTHER."), tick.Symbol...)
		return errors.Join(put(ctx, tick), put(ctx, &other))
	}
	out, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Result; !r.Converged || r.Violations.Total() > 0 || r.Updates == 0 || r.Reach != 1 {
		t.Errorf("got %d updates, converged %v, reach %v, violations %+v; want a clean run", r.Updates, r.Converged, r.Reach, r.Violations)
	}
}

// TestSymbolsThatComeLater are taken by who listens to all.
func TestSymbolsThatComeLater(t *testing.T) {
	for _, watchlist := range []int{Everything, 3} {
		s := startHonest(t)
		publish := func(symbol string, price int) {
			tick := feed.Tick{Symbol: []byte(symbol), Time: time.Now().UnixMicro(), Price: feed.Number(strconv.Itoa(price)), Size: feed.Number("1")}
			if err := s.put(t.Context(), &tick); err != nil {
				t.Error(err)
			}
		}
		for _, symbol := range []string{"A", "B", "C", "D", "E"} {
			publish(symbol, 1)
		}
		plan := s.plan(s.addr)
		plan.Publish, plan.Watchlist, plan.Rate = nil, watchlist, 0
		later := 0
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for price := 2; ; price++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				publish("A", price)
				if price > 100 { // some half a second in
					publish("LATER", price)
					later++
				}
			}
		}()
		out, err := Run(t.Context(), plan)
		close(stop)
		<-done
		if err != nil {
			t.Fatal(err)
		}
		r := out.Result
		if !r.Converged || r.Violations.Total() > 0 || r.Updates == 0 || later == 0 {
			t.Errorf("watchlist %d: got %d updates, converged %v, violations %+v, %d ticks of the later symbol; want a clean run", watchlist, r.Updates, r.Converged, r.Violations, later)
		}
	}
}
