// Package publish makes the ticks of a load test: by a plan, whatever becomes of
// them.
//
//	Schedule: planned moments --> Publisher --1. Truth.Publish--> what is true
//	                                  |
//	                                  '--2. Put----------------> Kafka
//
// A tick carries the moment for which it was planned. When a Put takes long the
// plan stands still for nobody: the ticks that were due meanwhile are made as
// soon as can be and carry their planned times. So a latency that is measured
// from there has the wait in it; wrk2 calls it the corrected one.
package publish
