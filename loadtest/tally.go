package loadtest

import (
	"sync"
	"time"

	"tickwire/loadtest/report"
	"tickwire/loadtest/sample"
	"tickwire/loadtest/swarm"
	"tickwire/loadtest/verify"
)

// tally is what is measured while a run goes on: the latencies by cohort, the
// counts of the swarm since the measurement began, and a row a second.
type tally struct {
	mu        sync.Mutex // protects recorders, which the swarm makes
	recorders map[swarm.Cohort][]*sample.Recorder

	hops     *sample.HopRecorder
	cohorts  map[swarm.Cohort]*sample.Latencies // since begin
	interval *sample.Latencies                  // since the last second, all cohorts
	all      *sample.Latencies                  // since begin
	base     map[swarm.Cohort]swarm.Stats       // at begin
	now      map[swarm.Cohort]swarm.Stats       // at the last reading
	most     map[swarm.Cohort]int               // open at one time
	peak     int
	began    time.Time
	ended    time.Time
	first    sample.Reading
	before   sample.Reading
	last     sample.Reading
	series   *sample.Series
}

func newTally() *tally {
	t := &tally{recorders: make(map[swarm.Cohort][]*sample.Recorder), hops: sample.NewHopRecorder(),
		cohorts: make(map[swarm.Cohort]*sample.Latencies), most: make(map[swarm.Cohort]int),
		interval: sample.NewLatencies(), all: sample.NewLatencies()}
	for _, c := range swarm.Cohorts() {
		t.cohorts[c] = sample.NewLatencies()
	}
	return t
}

// sampler makes what takes the latencies of a cohort at one seat.
func (t *tally) sampler(c swarm.Cohort) verify.Sampler {
	r := sample.NewRecorder()
	t.mu.Lock()
	t.recorders[c] = append(t.recorders[c], r)
	t.mu.Unlock()
	return r
}

// maxRows bounds the rows of a run: see sample.Series.
const maxRows = 600

// begin forgets what came before: from here on it counts.
func (t *tally) begin(stats map[swarm.Cohort]swarm.Stats, now sample.Reading) {
	t.drain()
	for _, l := range t.cohorts {
		l.Reset()
	}
	t.all.Reset()
	t.interval.Reset()
	t.base, t.now, t.began, t.first, t.last = stats, stats, now.At, now, now
	t.series = sample.NewSeries(now, maxRows)
}

// read takes a reading and returns the row of the time since the one before.
func (t *tally) read(stats map[swarm.Cohort]swarm.Stats, now sample.Reading) {
	t.interval.Reset()
	t.drain()
	t.series.Add(now, t.interval)
	t.before, t.now, t.last, t.ended = t.last, stats, now, now.At
	open := 0
	for c, s := range stats {
		t.most[c] = max(t.most[c], s.Open)
		open += s.Open
	}
	t.peak = max(t.peak, open)
}

// drain takes what the recorders have.
func (t *tally) drain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := sample.NewLatencies()
	for c, recorders := range t.recorders {
		one.Reset()
		for _, r := range recorders {
			r.Take(one)
		}
		t.cohorts[c].Merge(one)
		t.all.Merge(one)
		t.interval.Merge(one)
	}
}

func (t *tally) latency() report.Latency { return sample.Distribution(t.all.Corrected) }

// seconds is how long was measured.
func (t *tally) seconds() float64 { return t.ended.Sub(t.began).Seconds() }

// counted is how many updates came since begin, and how many ticks only as part
// of them.
func (t *tally) counted() (updates, conflated uint64) {
	for c, now := range t.now {
		updates += now.Ledger.Updates - t.base[c].Ledger.Updates
		conflated += now.Ledger.Conflated - t.base[c].Ledger.Conflated
	}
	return updates, conflated
}

// second is the time between the last two readings.
func (t *tally) second() report.Row {
	a, b := t.before, t.last
	took := b.At.Sub(a.At).Seconds()
	latency := sample.Distribution(t.interval.Corrected)
	return report.Row{
		At: b.At.Sub(t.began).Seconds(), Seconds: took, Connections: b.Connections,
		PublishedPerSecond: perSecond(b.Published-a.Published, took), UpdatesPerSecond: perSecond(b.Updates-a.Updates, took),
		FramesPerSecond: perSecond(b.Frames-a.Frames, took), BytesPerSecond: perSecond(b.Bytes-a.Bytes, took),
		P50: latency.P50, P99: latency.P99, Max: latency.Max,
	}
}
