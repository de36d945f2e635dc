package report

import (
	"testing"
	"time"
)

func TestALineOfProgress(t *testing.T) {
	now := Row{Connections: 2000, UpdatesPerSecond: 20_000, FramesPerSecond: 9000.4, BytesPerSecond: 1_200_000, P50: 900, P99: 4200}
	tests := []struct {
		name string
		p    Progress
		want string
	}{
		{"half way", Progress{Phase: "run", Elapsed: 30 * time.Second, Of: time.Minute, Now: now},
			"run    ████████░░░░░░░░  30s/60s    2,000 conns     20,000 upd/s    9,000 frm/s    1.2 MB/s  p50 900µs   p99 4.2ms"},
		{"with something wrong", Progress{Phase: "ramp", Elapsed: 10 * time.Second, Of: 10 * time.Second, Now: now, Violations: 1, Failures: 2},
			"ramp   ████████████████  10s/10s    2,000 conns     20,000 upd/s    9,000 frm/s    1.2 MB/s  p50 900µs   p99 4.2ms    ! 1 violation  ! 2 failures"},
		{"longer than planned, and without a plan", Progress{Phase: "settle", Elapsed: 3 * time.Second},
			"settle ░░░░░░░░░░░░░░░░   3s/-          0 conns          0 upd/s        0 frm/s       0 B/s  p50 -       p99 -"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Line(test.p); got != test.want {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
		})
	}
}
