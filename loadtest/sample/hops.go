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
// handed to Kafka (0: not known), received by the node, written to the socket and
// read from it here.
func (h *HopRecorder) Hop(planned, published, node, sent, received int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if published == 0 {
		published = planned
	} else {
		record(h.publish, published-planned)
	}
	record(h.kafka, node-published)
	record(h.server, sent-node)
	record(h.client, received-sent)
}

// Reset forgets all.
func (h *HopRecorder) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range []*hdrhistogram.Histogram{h.publish, h.kafka, h.server, h.client} {
		one.Reset()
	}
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
