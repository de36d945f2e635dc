// Package report is what a load test found, as plain data, and the forms in
// which it is told.
//
//	sample, swarm, publish --> Result --+--> Text   a page for a person
//	                                    +--> JSON   for scripts; Read takes it back
//	             histograms ------------+--> HDR    HdrHistogram's log, for its tools
//	                                    +--> HTML   one page with charts, needs nothing else
//	                    two Results --> Compare     side by side, with ratios
//
// A [Result] carries its own verdict: a run is worth something only when it was
// clean (no violation), valid (the generator was not the bottleneck) and
// converged (every subscriber ended with the newest values). All three are said
// before any figure.
//
// The JSON names are the fields' tags and do not change; new ones may come.
// Times and latencies are microseconds, as the names say.
package report
