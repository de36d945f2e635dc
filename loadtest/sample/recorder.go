package sample

import "sync"

// Recorder takes the latencies of one worker. Sample is for that worker, Take
// for one reader at a time beside it. What Take costs the worker is the
// exchange of two pointers.
type Recorder struct {
	mu    sync.Mutex
	now   *Latencies // what is recorded into
	taken *Latencies // the reader's, empty
}

// NewRecorder has about 900 KiB: it is for a worker, not for a subscriber.
func NewRecorder() *Recorder {
	return &Recorder{now: NewLatencies(), taken: NewLatencies()}
}

// Sample records one update: the time for which its tick was planned, and that
// of the oldest tick that it stands for; when it was published (0: as planned, or
// not known) and when it was received, all in microseconds since 1970. It does
// not allocate.
func (r *Recorder) Sample(planned, oldest, sent, received int64) {
	r.mu.Lock()
	r.now.record(planned, oldest, sent, received)
	r.mu.Unlock()
}

// Take adds to into what was recorded since the last Take.
func (r *Recorder) Take(into *Latencies) {
	r.mu.Lock()
	r.now, r.taken = r.taken, r.now
	r.mu.Unlock()
	into.Merge(r.taken)
	r.taken.Reset()
}
