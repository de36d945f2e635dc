package sample

import (
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tickwire/loadtest/report"
)

// HopRecorder takes the hops of stamped updates. Safe for concurrent use: those
// whose updates are stamped are few. It is a swarm's HopSampler.
type HopRecorder struct {
	mu                             sync.Mutex
	publish, kafka, server, client *hdrhistogram.Histogram
}

// NewHopRecorder has recorded none.
func NewHopRecorder() *HopRecorder {
	return &HopRecorder{publish: newHistogram(), kafka: newHistogram(), server: newHistogram(), client: newHistogram()}
}

// Hop records one update, in microseconds since 1970: when its tick was planned,
// received by the node, written to the socket and read from it here.
func (h *HopRecorder) Hop(planned, node, sent, received int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	record(h.kafka, node-planned)
	record(h.server, sent-node)
	record(h.client, received-sent)
}

// Published records when a tick was planned and when it was handed to Kafka.
func (h *HopRecorder) Published(planned, sent int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	record(h.publish, sent-planned)
}

// Hops is what the report says of them; nil when nothing was stamped.
func (h *HopRecorder) Hops() *report.Hops {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client.TotalCount() == 0 {
		return nil
	}
	return &report.Hops{Publish: hop(h.publish), Kafka: hop(h.kafka), Server: hop(h.server), Client: hop(h.client)}
}

func hop(of *hdrhistogram.Histogram) report.Hop {
	return report.Hop{P50: of.ValueAtPercentile(50), P99: of.ValueAtPercentile(99), Max: of.Max()}
}
