// Package kafka moves ticks to and from a Kafka topic.
//
//	Producer.Put --> one lane a partition --> Produce, acks=all --> topic
//	                 (two batches, no more)
//
//	topic --> one loop a partition --> feed.Decode --> feed.Sink
//	          (one Conn, one buffer)
//
// A [Consumer] reads every partition of the topic itself, without a consumer
// group: every node sees every tick and shares nothing with the others but
// Kafka. The offset of a tick is its seq.
//
// With a Delay a tick reaches the sink when it is that old, and waits in Kafka
// until then. [Consumer.Replay] reads a range again, for who has missed it.
// [Consumer.Health] tells whether the node hears its feed at all.
//
// A [Producer] writes at least once. When a connection ends before the
// acknowledgement arrives it sends the batch again, and the topic may then
// hold it twice.
//
// The brokers must be Kafka 1.0 or newer. Records are read uncommitted: what
// an aborted transaction wrote counts like anything else.
//
// Goroutines: Consumer.Run owns one loop a partition and the survey in its own
// goroutine; all end with Run. A Replay runs on its caller's. A Producer owns one goroutine that follows the
// number of partitions, and per partition at most one that sends, which lives
// only while there is something to send; all end with Close.
package kafka
