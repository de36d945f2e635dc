package loadtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tickwire/feed"
)

func TestAPlanThatCannotBeIsRefused(t *testing.T) {
	put := func(context.Context, *feed.Tick) error { return nil }
	good := func() Plan {
		return Plan{URL: "ws://127.0.0.1:8080/v1/ws", Connections: 10, Publish: &Publish{Put: put}}
	}
	tests := []struct {
		name   string
		change func(*Plan)
		want   string // in the error; empty: it is good
	}{
		{"as it is", func(*Plan) {}, ""},
		{"this machine by name", func(p *Plan) { p.URL = "wss://localhost/v1/ws" }, ""},
		{"this machine by its other address", func(p *Plan) { p.URL = "ws://[::1]:80/v1/ws" }, ""},
		{"another machine", func(p *Plan) { p.URL = "ws://192.0.2.1/v1/ws" }, "not on this machine"},
		{"another machine by name", func(p *Plan) { p.URL = "ws://127.0.0.1.example.com/v1/ws" }, "not on this machine"},
		{"another machine that is ours", func(p *Plan) { p.URL, p.Owned = "wss://example.com/v1/ws", true }, ""},
		{"no WebSocket", func(p *Plan) { p.URL = "http://127.0.0.1/v1/ws" }, "WebSocket"},
		{"another path", func(p *Plan) { p.URL = "ws://127.0.0.1/" }, "/v1/ws"},
		{"no URL", func(p *Plan) { p.URL = "" }, "URL"},
		{"a watchlist of all", func(p *Plan) { p.Watchlist = Everything }, ""},
		{"a watchlist of less than nothing", func(p *Plan) { p.Watchlist = -2 }, "watchlist"},
		{"names that are none", func(p *Plan) { p.Publish.Prefix = "A,B" }, "prefix"},
		{"names that are too long", func(p *Plan) { p.Publish.Prefix = strings.Repeat("A", 30) }, "prefix"},
		{"nobody", func(p *Plan) { p.Connections = 0 }, "connections"},
		{"for ever", func(p *Plan) { p.Duration = 48 * time.Hour }, "24h"},
		{"more cohorts than subscribers", func(p *Plan) { p.Cohorts = Cohorts{Stalled: 0.6, Slow: 0.6} }, "100 %"},
		{"another mix", func(p *Plan) { p.Mix = "normal" }, "zipf"},
		{"nowhere to publish", func(p *Plan) { p.Publish.Put = nil }, "put"},
		{"a schedule that is none", func(p *Plan) { p.Publish.Schedule = "sometimes" }, "poisson"},
		{"a recording without its file", func(p *Plan) { p.Publish.Schedule = Recorded }, "recording"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := good()
			test.change(&p)
			p = p.withDefaults()
			err := p.check()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "not on this machine") && !errors.Is(err, ErrNotOwned) {
				t.Errorf("got %v, which is no ErrNotOwned", err)
			}
		})
	}
}

func TestConnectionsMustFitTheOpenFiles(t *testing.T) {
	tests := []struct {
		connections, files int
		fit                bool
	}{{100, 0, true}, {100, 100 + spare, true}, {101, 100 + spare, false}, {1, 20, false}}
	for _, test := range tests {
		if err := fits(test.connections, test.files); (err == nil) != test.fit || err != nil && !strings.Contains(err.Error(), "ulimit -n") {
			t.Errorf("%d connections of %d files: got %v, want them to fit: %v", test.connections, test.files, err, test.fit)
		}
	}
}

func TestConnectionsAreSharedOut(t *testing.T) {
	p := Plan{Cohorts: Cohorts{Stalled: 0.1, Slow: 0.05, Flap: 0.001}}
	got := make(map[string]int)
	for _, part := range p.parts(100) {
		got[string(part.cohort)] = part.members
	}
	want := map[string]int{"stalled": 10, "slow": 5, "flap": 1, "full": 0, "steady": 84}
	for cohort, n := range want {
		if got[cohort] != n {
			t.Errorf("of 100: got %v, want %v", got, want)
		}
	}
}

func TestBoundsAreRead(t *testing.T) {
	tests := []struct {
		text string
		want string // as String writes it; empty: it is none
	}{
		{"p99<20ms", "p99<20ms"}, {"p99.9 < 1.5s", "p99.9<1.5s"}, {"p50<=300us", "p50<300µs"},
		{"99<20ms", ""}, {"p99>20ms", ""}, {"p100<20ms", ""}, {"p99<20", ""}, {"p99<-1s", ""}, {"", ""},
	}
	for _, test := range tests {
		b, err := ParseBound(test.text)
		if test.want == "" && err == nil || test.want != "" && (err != nil || b.String() != test.want) {
			t.Errorf("%q: got %v, error %v, want %q", test.text, b, err, test.want)
		}
	}
}
