// Package sample measures while a load test runs.
//
//	workers --> Recorder --Take, once a second--> Latencies --+--> of the run, of a cohort
//	(one each)  two histograms                                +--> Series: a row a second
//	totals -------------------------------------- Reading ----+
//	this process --> Generator: was the load tester itself the bottleneck?
//	/metrics ------> Server:    what the load cost the server
//	pings ---------> Offset:    how far the clocks are apart
//
// Latencies are microseconds in HdrHistograms of three digits. Each is kept
// twice: from the planned time of a tick, and from the moment when it was in
// fact published. Who measures only the second leaves out the time in which the
// publisher was held up, which is when it would have been slow (wrk2 calls this
// coordinated omission). A publisher that keeps its plan has the same twice.
//
// [Recorder], [HopRecorder] and [Series] are safe as they say. [Generator] has
// the only goroutine of the package; Stop ends it.
package sample
