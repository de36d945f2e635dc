// Package bench measures the way from a tick to the sockets of many
// subscribers, next to what other WebSocket servers take for the same messages.
// It has benchmarks and nothing else; they need Linux.
//
//	go test -run - -bench Frame  ./fanout/gateway/bench
//	go test -run - -bench Levels ./fanout/gateway/bench
//
//	this process                              another process
//	ticks -> server -> n sockets  ========>   swarm: reads, counts, discards
//	CPU by getrusage
//
// The clients are a copy of the test binary, so that what reading costs is not
// in the figures. What write(2) costs on loopback is: it takes the way through
// the receiving socket too, on the writer's account.
//
// A run takes a good minute; -rounds and -seconds make it longer, -short leaves
// out 5,000 subscribers.
//
// All servers of a benchmark are measured in turns, -rounds times, and a figure
// is the median of its rounds. Machines differ and drift: only the ratios of
// one run mean something.
package bench
