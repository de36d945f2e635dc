// Package verify tells whether what a server says is true. The publisher enters
// each tick before it hands it over; every subscriber's messages are held to
// that and to the promises of the protocol.
//
//	publisher --Publish--> Truth: of each symbol its ticks
//	                         |
//	                         | Watch: one subscriber's view
//	                         v
//	messages ----Take----> right? --no--> Ledger: violations, with client, symbol and seqs
//	                         '--yes-----> Ledger: counts; Sampler: latency
//
// Times are microseconds since 1970.
package verify
