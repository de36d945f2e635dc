package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Total is how many violations there were.
func (v Violations) Total() uint64 { return v.Order + v.Value + v.GapUnsaid + v.Final }

func (v Violations) String() string {
	var kinds []string
	for _, kind := range []struct {
		n    uint64
		name string
	}{{v.Order, "order"}, {v.Value, "value"}, {v.GapUnsaid, "gap_unsaid"}, {v.Final, "final"}} {
		if kind.n > 0 {
			kinds = append(kinds, comma(kind.n)+" "+kind.name)
		}
	}
	return strings.Join(kinds, ", ")
}

// Verdict says in a few lines whether the run shows that the server can be
// relied on. It is ok when the run was carried out whole, measured something,
// found no violation, was not limited by its generator, ended with every
// subscriber at the newest values, and when all the subscribers that were well
// behaved were connected and none of them lost its connection. Each line begins
// with its verdict; one that is not ok is in capitals.
func (r *Result) Verdict() (ok bool, lines []string) {
	ok = true
	say := func(good bool, yes, no string) {
		if good {
			lines = append(lines, yes)
			return
		}
		ok = false
		lines = append(lines, no)
	}
	say(r.Updates > 0 && r.Latency.Count > 0,
		fmt.Sprintf("measured: %s updates over %s connections", comma(r.Updates), comma(r.Connections)),
		fmt.Sprintf("NOTHING MEASURED: %s updates over %s connections", comma(r.Updates), comma(r.Connections)))
	if len(r.Missing) > 0 {
		say(false, "", "NOT WHOLE: "+strings.Join(r.Missing, "; "))
	}
	say(r.Violations.Total() == 0, "clean: no violation", "NOT CLEAN: violations: "+r.Violations.String())
	behind := count(r.Behind, "subscriber") + " ended without the newest values"
	if r.Behind == 0 {
		behind = "the run ended before that was seen"
	}
	say(r.Converged, "converged: every subscriber ended with the newest values", "NOT CONVERGED: "+behind)
	say(r.Generator.Valid, "valid: the generator was not the bottleneck", "NOT VALID: "+cmp.Or(strings.Join(r.Generator.Why, "; "), "the generator says nothing of itself"))
	lost := r.lost()
	say(len(lost) == 0, "connected: nobody who was well behaved was lost", "NOT ALL CONNECTED: "+strings.Join(lost, "; "))
	return ok, lines
}

// wellBehaved are the cohorts that a server has no reason to lose.
var wellBehaved = []string{"steady", "full"}

func (r *Result) lost() (lost []string) {
	for _, name := range wellBehaved {
		c := r.Cohorts[name]
		if c.Connected < c.Members {
			lost = append(lost, fmt.Sprintf("%s: %s of %s connected", name, comma(c.Connected), comma(c.Members)))
		}
		if c.Failed > 0 {
			lost = append(lost, fmt.Sprintf("%s: %s failed or broke", name, count(int(c.Failed), "connection")))
		}
		if c.Evicted > 0 {
			lost = append(lost, fmt.Sprintf("%s: the server closed %s", name, comma(c.Evicted)))
		}
	}
	return lost
}

// cohorts are the names in the order in which they are told.
func (r *Result) cohorts() []string {
	known := []string{"steady", "full", "flap", "churn", "slow", "stalled"}
	rank := func(name string) int {
		if i := slices.Index(known, name); i >= 0 {
			return i
		}
		return len(known)
	}
	return sortedBy(r.Cohorts, func(a, b string) int { return rank(a) - rank(b) })
}
