package sample

import (
	"strings"
	"testing"

	"tickwire/loadtest/report"
)

func TestARunIsInvalidWhenTheGeneratorWasTheBottleneck(t *testing.T) {
	tests := []struct {
		name      string
		generator report.Generator
		p99       int64 // measured, us
		publisher *report.Publisher
		want      string // in the only reason; empty: valid
	}{
		{"at ease", report.Generator{LagMS: 0.2, WaitMS: 0.1, Cores: 0.5}, 3000, &report.Publisher{LateMS: 0.1}, ""},
		{"a small lag is allowed, however quick the server", report.Generator{LagMS: 1.9}, 2000, nil, ""},
		{"a long lag is allowed beside a longer latency", report.Generator{LagMS: 9}, 40_000, nil, ""},
		{"late timers", report.Generator{LagMS: 9}, 20_000, nil, "came 9ms late"},
		{"a quarter is too much already", report.Generator{LagMS: 5}, 20_000, nil, "came 5ms late"},
		{"readers that waited for their turn", report.Generator{SeatMS: 6}, 8000, nil, "came 6ms late"},
		{"goroutines that waited", report.Generator{WaitMS: 6}, 8000, nil, "came 6ms late"},
		{"a publisher that did not keep its plan", report.Generator{}, 8000, &report.Publisher{LateMS: 3}, "publisher was 3ms late"},
		{"a publisher that Kafka held up is not at fault", report.Generator{}, 8000, &report.Publisher{BlockedS: 30, BehindMS: 4000}, ""},
		{"no CPU left and late for it", report.Generator{LagMS: 11, Cores: 1.9}, 400_000, nil, "1.9 of its 2 CPUs"},
		{"no CPU left and still in time", report.Generator{LagMS: 3, Cores: 2}, 400_000, nil, ""},
		{"one long lag among many short ones", report.Generator{LagMS: 0.1, MaxLagMS: 300}, 4000, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			why := Judge(test.generator, report.Latency{P99: test.p99}, test.publisher, 2)
			if test.want == "" && len(why) != 0 || test.want != "" && (len(why) != 1 || !strings.Contains(why[0], test.want)) {
				t.Errorf("got %q, want one with %q", why, test.want)
			}
		})
	}
}
