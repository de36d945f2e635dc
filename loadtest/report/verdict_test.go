package report

import (
	"slices"
	"strings"
	"testing"
)

func TestARunIsOkOnlyWhenAllOfItIs(t *testing.T) {
	cohort := func(r *Result, name string, change func(*Cohort)) {
		c := r.Cohorts[name]
		change(&c)
		r.Cohorts[name] = c
	}
	tests := []struct {
		name   string
		change func(*Result)
		want   string // how the only bad line begins; empty: ok
	}{
		{"as it should be", func(*Result) {}, ""},
		{"no update came", func(r *Result) { r.Updates = 0 }, "NOTHING MEASURED"},
		{"updates came, and none was measured", func(r *Result) { r.Latency.Count = 0 }, "NOTHING MEASURED"},
		{"one violation of order", func(r *Result) { r.Violations.Order = 1 }, "NOT CLEAN: violations: 1 order"},
		{"one wrong value", func(r *Result) { r.Violations.Value = 1 }, "NOT CLEAN: violations: 1 value"},
		{"one gap unsaid", func(r *Result) { r.Violations.GapUnsaid = 1 }, "NOT CLEAN: violations: 1 gap_unsaid"},
		{"one last value that is old", func(r *Result) { r.Violations.Final = 1 }, "NOT CLEAN: violations: 1 final"},
		{"one who did not get the newest", func(r *Result) { r.Converged, r.Behind = false, 1 }, "NOT CONVERGED: 1 subscriber ended"},
		{"nobody waited for the newest", func(r *Result) { r.Converged = false }, "NOT CONVERGED: the run ended"},
		{"the generator was the bottleneck", func(r *Result) { r.Generator.Valid, r.Generator.Why = false, []string{"late"} }, "NOT VALID: late"},
		{"a steady one was not connected", func(r *Result) { cohort(r, "steady", func(c *Cohort) { c.Connected-- }) }, "NOT ALL CONNECTED: steady: 8,999 of 9,000"},
		{"a steady one lost its connection", func(r *Result) { cohort(r, "steady", func(c *Cohort) { c.Failed = 1 }) }, "NOT ALL CONNECTED: steady: 1 connection failed or broke"},
		{"it was cut short", func(r *Result) { r.Missing = []string{"it was asked to end", "and so on"} }, "NOT WHOLE: it was asked to end; and so on"},
		{"a steady one was closed", func(r *Result) { cohort(r, "steady", func(c *Cohort) { c.Evicted = 1 }) }, "NOT ALL CONNECTED: steady: the server closed 1"},
		{"one that does not read was closed, as it should be", func(r *Result) { cohort(r, "stalled", func(c *Cohort) { c.Evicted++ }) }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := goodRun()
			test.change(r)
			ok, lines := r.Verdict()
			bad := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !isBad(line) })
			if ok != (test.want == "") || ok && len(bad) != 0 || !ok && (len(bad) != 1 || !strings.HasPrefix(bad[0], test.want)) {
				t.Errorf("got ok %v and %q, want %q", ok, bad, test.want)
			}
			if want := 5 + min(1, len(r.Missing)); len(lines) != want {
				t.Errorf("got %d lines, want one of each of the %d verdicts: %q", len(lines), want, lines)
			}
		})
	}
}

// TestAStepSaysWhoseLimitItWas: what broke while the generator was late is not
// the server's.
func TestAStepSaysWhoseLimitItWas(t *testing.T) {
	tests := []struct {
		step Step
		want string
	}{
		{Step{Held: true, Valid: true}, "held"},
		{Step{Held: true}, "held, with a late generator"},
		{Step{Valid: true, Why: "p99 of 34ms"}, "broke: p99 of 34ms"},
		{Step{Why: "p99 of 34ms"}, "the generator's limit: p99 of 34ms"},
	}
	for _, test := range tests {
		if got := test.step.verdict(); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.step, got, test.want)
		}
	}
	r := goodRun()
	r.Knee = &Knee{Bound: "p99<20ms", Dimension: "connections", Held: 100, Broke: 200, Limited: true,
		Double: &Double{Step: Step{Load: 200}, Why: "everything"}}
	text := strings.Join(r.kneeSection().Lines, "\n")
	for _, want := range []string{"held p99<20ms: 100 ", "At 200 the generator was the limit", "this says nothing of the server"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	}
}
