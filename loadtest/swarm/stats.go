package swarm

import (
	"maps"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tickwire/loadtest/verify"
)

// Stats is what is known of a cohort, since the Swarm was made.
type Stats struct {
	Members    int // that there are, or will be as soon as they can; of Churn, who is on a visit
	Connecting int // of them, those on their way to the acknowledgement of all they subscribe to
	Open       int // connected and subscribed
	Waiting    int // those whose connection ended, or failed, and who will come again
	Lost       int // those who will not, as the server said that it is of no use

	Planned     uint64 // of Churn: visits that should have begun by now
	Visits      uint64 // of Churn: those that had their snapshot
	Connections uint64 // that got as far as hello
	Reconnects  uint64 // of them, those that were not the member's first
	Cuts        uint64 // of Flap: connections that were cut on purpose
	Bytes       uint64 // received after the handshake, with what TLS adds

	// Evicted is how many connections the server closed, by code and reason, and
	// Failed how many failed or broke in any other way, by what was said. Each
	// holds so many different texts, and then "others".
	Evicted  map[string]uint64
	Failed   uint64
	Failures map[string]uint64
	// Denied is how many symbols of subscriptions were denied, by the code.
	Denied map[string]uint64
	// Notices is how many warnings there were, by the code.
	Notices map[string]uint64

	Connect  Times // from dialling to hello
	Snapshot Times // from dialling to the first snapshot
	Ledger   verify.Ledger
}

// Times is how long something took.
type Times struct {
	Count         int64
	P50, P99, Max time.Duration
}

func newStats() Stats {
	return Stats{Evicted: map[string]uint64{}, Failures: map[string]uint64{}, Denied: map[string]uint64{}, Notices: map[string]uint64{}}
}

// maxTexts is how many different texts are told apart.
const maxTexts = 20

// tell counts a text.
func tell(counts map[string]uint64, text string) {
	if _, known := counts[text]; !known && len(counts) >= maxTexts {
		text = "others"
	}
	counts[text]++
}

// times are durations, in microseconds to two digits.
type times struct{ histogram *hdrhistogram.Histogram }

func newTimes() times { return times{hdrhistogram.New(1, time.Hour.Microseconds(), 2)} }

func (t times) note(d time.Duration) {
	t.histogram.RecordValue(min(max(1, d.Microseconds()), time.Hour.Microseconds()))
}

func (t times) summary() Times {
	h := t.histogram
	at := func(quantile float64) time.Duration {
		return time.Duration(h.ValueAtPercentile(quantile)) * time.Microsecond
	}
	return Times{Count: h.TotalCount(), P50: at(50), P99: at(99), Max: time.Duration(h.Max()) * time.Microsecond}
}

// stats adds up what is known.
func (c *cohort) stats() Stats {
	c.mu.Lock()
	s := c.counts
	s.Evicted, s.Failures = maps.Clone(s.Evicted), maps.Clone(s.Failures)
	s.Denied, s.Notices = maps.Clone(s.Denied), maps.Clone(s.Notices)
	s.Members = len(c.members)
	s.Connecting, s.Open, s.Waiting, s.Lost = c.phases[connecting], c.phases[open], c.phases[waiting], c.phases[lost]
	s.Connect, s.Snapshot = c.connect.summary(), c.first.summary()
	c.mu.Unlock()
	c.shared.addTo(&s)
	for _, seat := range c.swarm.seats {
		seat.tallies[c.number].addTo(&s)
	}
	return s
}

func (t *tally) addTo(s *Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Ledger.Add(&t.ledger)
	s.Bytes += t.bytes
}
