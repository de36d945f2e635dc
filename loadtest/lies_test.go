package loadtest

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"
	"time"

	"tickwire/loadtest/report"
)

// afterSome tells the truth for so many messages of a channel's data, and then
// lies.
func afterSome(n int, what lie) lie {
	return func(text []byte) [][]byte {
		if n > 0 || !isData(text) {
			if isData(text) {
				n--
			}
			return truth(text)
		}
		return what(text)
	}
}

func isData(text []byte) bool {
	return bytes.HasPrefix(text, []byte(`{"type":"ticker"`)) || bytes.HasPrefix(text, []byte(`{"type":"trades"`))
}

func truth(text []byte) [][]byte { return [][]byte{text} }

// once lies about one message.
func once(what lie) lie {
	done := false
	return func(text []byte) [][]byte {
		if done {
			return truth(text)
		}
		done = true
		return what(text)
	}
}

var (
	number = regexp.MustCompile(`"n":([0-9]+)`)
	price  = regexp.MustCompile(`"b":"([0-9.]+)"`)
	moment = regexp.MustCompile(`"t":([0-9]+)`)
)

// TestEveryLieIsFound runs against a server that does one thing wrong, on every
// connection but those for which it is said otherwise.
func TestEveryLieIsFound(t *testing.T) {
	tests := []struct {
		name    string
		channel string
		tell    func() lie
		want    func(r *report.Result) uint64 // what must have been found
		clean   bool                          // nothing else is wrong
	}{
		{name: "it tells the truth", clean: true, tell: func() lie { return truth },
			want: func(r *report.Result) uint64 { return r.Updates }},
		{name: "it tells the truth about trades", channel: "trades", clean: true, tell: func() lie { return truth },
			want: func(r *report.Result) uint64 { return r.Updates }},
		{name: "it drops trades", channel: "trades", tell: func() lie { return afterSome(3, once(func([]byte) [][]byte { return nil })) },
			want: func(r *report.Result) uint64 { return r.Violations.GapUnsaid }},
		{name: "it repeats itself", tell: func() lie {
			return afterSome(3, once(func(text []byte) [][]byte { return [][]byte{text, text} }))
		}, want: func(r *report.Result) uint64 { return r.Violations.Order }},
		{name: "it tells a later message before an earlier one", tell: func() lie {
			var held []byte
			return afterSome(3, func(text []byte) [][]byte {
				if held == nil {
					held = bytes.Clone(text)
					return nil
				}
				early := held
				held = nil
				return [][]byte{text, early}
			})
		}, want: func(r *report.Result) uint64 { return r.Violations.Order }},
		{name: "it changes a price", tell: func() lie {
			return afterSome(3, once(func(text []byte) [][]byte { return truth(price.ReplaceAll(text, []byte(`"b":"${1}1"`))) }))
		}, want: func(r *report.Result) uint64 { return r.Violations.Value }},
		{name: "it makes up a tick", tell: func() lie {
			return afterSome(3, once(func(text []byte) [][]byte {
				return truth(moment.ReplaceAllFunc(text, func(t []byte) []byte { return append(t[:len(t)-1], '0'+(t[len(t)-1]-'0'+1)%10) }))
			}))
		}, want: func(r *report.Result) uint64 { return r.Violations.Value }},
		{name: "it does not count all ticks", tell: func() lie {
			return afterSome(3, func(text []byte) [][]byte {
				return truth(number.ReplaceAllFunc(text, func(n []byte) []byte {
					at, _ := strconv.Atoi(string(n[len(`"n":`):]))
					return strconv.AppendInt([]byte(`"n":`), int64(at)*9/10+1, 10)
				}))
			})
		}, want: func(r *report.Result) uint64 { return r.Violations.GapUnsaid + r.Violations.Order }},
		{name: "it stops without a word", tell: func() lie { return afterSome(3, func([]byte) [][]byte { return nil }) },
			want: func(r *report.Result) uint64 { return r.Violations.Final }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := startHonest(t)
			plan := s.plan(startLiar(t, s.addr, test.tell))
			plan.Channel = test.channel
			if !test.clean {
				plan.Settle = time.Second
			}
			out, err := Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			r := out.Result
			ok, lines := r.Verdict()
			v := r.Violations
			sum := v.Order + v.Value + v.GapUnsaid + v.Final
			if test.want(r) == 0 || test.clean != (sum == 0) || test.clean && !r.Converged {
				t.Errorf("got %d updates, converged: %v, violations %+v", r.Updates, r.Converged, v)
			}
			if !test.clean && ok {
				t.Errorf("verdict: got a clean run, %q", lines)
			}
			if !test.clean && (len(v.Examples) == 0 || v.Examples[0].Client == "" || v.Examples[0].Symbol == "") {
				t.Errorf("examples: got %+v, want the client, the symbol and the seqs", v.Examples)
			}
			if test.clean && (r.Reach != 1 || r.Cohorts["steady"].Decoded == 0) {
				t.Errorf("reach: got %v of what was published, %d messages decoded in full", r.Reach, r.Cohorts["steady"].Decoded)
			}
		})
	}
}

// TestADelayIsMeasured holds all messages up for a time that no machine adds of
// itself.
func TestADelayIsMeasured(t *testing.T) {
	const late = 300 * time.Millisecond
	s := startHonest(t)
	addr := startLiar(t, s.addr, func() lie {
		began := time.Now()
		return func(text []byte) [][]byte {
			if isData(text) && time.Since(began) > late {
				time.Sleep(late)
				began = time.Now()
			}
			return truth(text)
		}
	})
	out, err := Run(t.Context(), s.plan(addr))
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Result.Latency.P99; got < late.Microseconds()/2 {
		t.Errorf("latency: got a p99 of %d us, want the delay of %v to show", got, late)
	}
	if v := out.Result.Violations; v.Order+v.Value+v.GapUnsaid+v.Final != 0 {
		t.Errorf("violations: got %+v, want none: late is not wrong", v)
	}
}

// TestAStalledPublisherShows has the publisher held up in the middle of the run.
// Who waited for a price waited for it as well. On ticker, where only the newest
// tick is told after the stall, the wait for the oldest shows it.
func TestAStalledPublisherShows(t *testing.T) {
	const stalled = 1500 * time.Millisecond
	for channel, apart := range map[string]time.Duration{
		"trades": stalled / 16,  // of all that are measured a third wait for half of it
		"ticker": stalled / 200, // one of some fifty updates of a symbol waits for it
	} {
		t.Run(channel, func(t *testing.T) {
			s := startHonest(t)
			plan := s.plan(s.addr)
			plan.Duration = 4 * time.Second
			plan.Channel = channel
			seconds := 0
			plan.OnSecond = func(p report.Progress) {
				if seconds++; seconds == 2 {
					gate := make(chan struct{})
					s.stall.Store(&gate)
					time.AfterFunc(stalled, func() { s.stall.Store(nil); close(gate) })
				}
			}
			out, err := Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			r := out.Result
			shows := r.Latency
			if channel == "ticker" {
				shows = r.Wait
			}
			// What a busy machine adds is in both.
			if shows.P99 < stalled.Microseconds()/2 || shows.P99 < 2*r.Uncorrected.P99 || shows.Mean-r.Uncorrected.Mean < float64(apart.Microseconds()) {
				t.Errorf("got latencies %+v from the plan and %+v from the publication, want the stall of %v in the first alone", shows, r.Uncorrected, stalled)
			}
			// What was due at the very end is not published.
			if p := r.Publisher; p.BlockedS < stalled.Seconds()/2 || p.Published < p.Planned*9/10 {
				t.Errorf("publisher: got %+v, want what was planned, and the stall as time blocked", *p)
			}
			if v := r.Violations; v.Order+v.Value+v.GapUnsaid+v.Final != 0 || !r.Converged {
				t.Errorf("got violations %+v, converged: %v; want none: late is not wrong", v, r.Converged)
			}
		})
	}
}
