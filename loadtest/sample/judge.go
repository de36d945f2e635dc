package sample

import (
	"fmt"
	"time"

	"tickwire/loadtest/report"
)

const (
	// A lag is the generator's affair as long as it is small, or small beside
	// what was measured.
	lagAllowed = 2 * time.Millisecond
	lagPart    = 4 // as one part in so many of the measured p99

	// With nearly no CPU left, a lag this long says that there was not enough.
	lagBusy = 10 * time.Millisecond
	busy    = 0.9 // of the CPUs that it may use
)

// Judge says why a run cannot be believed; nothing when it can. It is invalid when
//
//   - the generator's own lag was over 2 ms and a quarter or more of the measured
//     p99. Its lag is the p99 of how late its timers came, of how long what could be
//     read waited for a reader, or of how long its goroutines waited for a CPU,
//     whichever is the longest.
//   - its publisher was late for its plan by as much, by its own fault: time
//     inside Kafka's client is not.
//   - it had 90 % of its CPUs or more busy, with a lag over 10 ms.
//
// A single long lag does not make a run invalid; it stands in the report.
func Judge(g report.Generator, measured report.Latency, publisher *report.Publisher, cpus int) (why []string) {
	p99 := time.Duration(measured.P99) * time.Microsecond
	tooLate := func(lag time.Duration) bool { return lag > lagAllowed && lag >= p99/lagPart }
	lag := milliseconds(max(g.LagMS, g.SeatMS, g.WaitMS))
	if tooLate(lag) {
		why = append(why, fmt.Sprintf("the generator came %v late itself (p99), a quarter or more of the %v that it measured: use fewer connections, or a machine of its own", lag, p99))
	}
	if publisher != nil {
		if late := milliseconds(publisher.LateMS); tooLate(late) {
			why = append(why, fmt.Sprintf("the publisher was %v late for its plan by its own fault (p99): use fewer ticks a second, or a machine of its own", late))
		}
	}
	if g.Cores >= busy*float64(cpus) && lag > lagBusy {
		why = append(why, fmt.Sprintf("the generator used %.1f of its %d CPUs and came %v late (p99): use fewer connections, or more CPUs", g.Cores, cpus, lag))
	}
	return why
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond)).Round(10 * time.Microsecond)
}
