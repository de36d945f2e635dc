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
	interval *sample.Latencies                  // of the time that second is of, all cohorts
	all      *sample.Latencies                  // since begin
	base     map[swarm.Cohort]swarm.Stats       // at begin
	now      map[swarm.Cohort]swarm.Stats       // at the last reading
	excused  map[swarm.Cohort]swarm.Stats       // what failed up to there was provoked; nil: nothing was
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
	t.hops.Reset()
	t.interval.Reset()
	t.base, t.began, t.ended, t.first, t.before, t.last = stats, now.At, now.At, now, now, now
	t.series = sample.NewSeries(now, maxRows)
	t.peak = 0
	clear(t.most)
	t.see(stats)
}

// read takes a reading.
func (t *tally) read(stats map[swarm.Cohort]swarm.Stats, now sample.Reading) {
	since := t.drain()
	t.series.Add(now, since)
	if now.At.Sub(t.last.At) >= sample.Short { // else second is of a little more than a second
		t.interval.Reset()
		t.before = t.last
	}
	t.interval.Merge(since)
	t.last, t.ended = now, now.At
	t.see(stats)
}

// excuse has what has failed so far not count: it was provoked.
func (t *tally) excuse(stats map[swarm.Cohort]swarm.Stats) { t.excused = stats }

// see notes how many are connected.
func (t *tally) see(stats map[swarm.Cohort]swarm.Stats) {
	t.now = stats
	open := 0
	for c, s := range stats {
		t.most[c] = max(t.most[c], s.Open)
		open += s.Open
	}
	t.peak = max(t.peak, open)
}

// drain takes what the recorders have, and returns it.
func (t *tally) drain() *sample.Latencies {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, sum := sample.NewLatencies(), sample.NewLatencies()
	for c, recorders := range t.recorders {
		one.Reset()
		for _, r := range recorders {
			r.Take(one)
		}
		t.cohorts[c].Merge(one)
		t.all.Merge(one)
		sum.Merge(one)
	}
	return sum
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

// second is the time between the last two readings, and the one before them when
// that is short.
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
