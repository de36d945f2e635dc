// Package loadtest puts a load on a Tickwire server, and tells whether what the
// subscribers got was right and how old it was.
//
//	Plan --> run:     publisher --ticks--> Kafka --> server --frames--> swarm
//	            |         |                                              |
//	            |         '---- verify.Truth: what was published <-------' what came
//	            |
//	            '--> Result: latencies, reach, violations, cohorts, and whether the
//	                 generator itself was up to it
//
// A run of [Run] has four parts. The ramp connects the subscribers, evenly over
// its time. What they get from then on counts, for the duration. Then the publisher
// stops, and when it is quiet every subscriber's last value of every symbol is
// compared with what was published last.
//
// Ticks carry the moment for which they were planned, and the latency is from
// there to their receipt. So a publisher, a broker or a server that was held up
// shows in it, as it would to who waits for a price; the uncorrected latency,
// from when the tick was in fact published, stands beside it. (Gil Tene calls
// the mistake of leaving the wait out coordinated omission.)
//
// [FindKnee] raises the load until a bound on the latency breaks.
package loadtest
