package sample

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"tickwire/loadtest/report"
)

// maxMetrics is how much of an answer is read.
const maxMetrics = 16 << 20

// Server follows the metrics of the server under load. Not safe for concurrent
// use; it has no goroutine: call Begin once and Read about once a second.
type Server struct {
	url    string
	client *http.Client
	base   families // where the differences are counted from
	last   families
	began  time.Time
	ended  time.Time
	most   report.Server // the gauges, at their highest
}

// NewServer reads url, which is that of /metrics. A nil client is
// http.DefaultClient.
func NewServer(url string, client *http.Client) *Server {
	if client == nil {
		client = http.DefaultClient
	}
	return &Server{url: url, client: client}
}

// Begin takes a reading that later ones are compared with; when it fails, the
// next one is that. It may be called again, for the next part of a run.
func (s *Server) Begin(ctx context.Context) error {
	s.base, s.most = nil, report.Server{}
	return s.Read(ctx)
}

// Read takes a reading. One that fails is counted in the report; the error says
// why.
func (s *Server) Read(ctx context.Context) error {
	now, err := s.fetch(ctx)
	if err != nil {
		s.most.Missed++
		return err
	}
	if s.base == nil {
		s.base, s.began = now, time.Now()
	}
	s.take(now)
	return nil
}

func (s *Server) fetch(ctx context.Context) (families, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, fmt.Errorf("the server's metrics: %w", err)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the server's metrics: %w; is that its admin address?", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server's metrics: GET %s: %s; is that its admin address?", s.url, answer.Status)
	}
	now, err := parse(io.LimitReader(answer.Body, maxMetrics))
	if err == nil {
		err = now.lacks(cpuSeconds, "tickwire_updates_total")
	}
	if err != nil {
		return nil, fmt.Errorf("the server's metrics: %s is not a tickwire's /metrics: %w", s.url, err)
	}
	return now, nil
}

func (s *Server) take(now families) {
	s.last, s.ended = now, time.Now()
	m := &s.most
	m.Readings++
	m.RSSBytes = max(m.RSSBytes, uint64(now.sum(rssBytes)))
	m.HeapBytes = max(m.HeapBytes, uint64(now.sum(heapBytes)))
	m.Goroutines = max(m.Goroutines, int(now.sum(goroutines)))
	m.Subscribers = max(m.Subscribers, int(now.sum("tickwire_subscribers")))
	m.Symbols = max(m.Symbols, int(now.sum("tickwire_symbols")))
	m.GCMaxUS = max(m.GCMaxUS, 1e6*now.longest(gcDurations))
	m.LagRecords = max(m.LagRecords, int64(now.sum("tickwire_kafka_lag_records")))
	m.AgeMS = max(m.AgeMS, 1e3*now.sum("tickwire_newest_tick_age_seconds"))
}

// Report is what happened since Begin. The longest pause of the garbage
// collector is the longest of those that the server still remembers, which are
// its newest 256 at each reading.
func (s *Server) Report() (*report.Server, error) {
	if s.base == nil {
		return nil, errors.New("the server's metrics were never read")
	}
	since := func(name string) float64 { return s.last.sum(name) - s.base.sum(name) }
	if since(cpuSeconds) < 0 {
		return nil, errors.New("the server's metrics: its counters fell, so it was started again meanwhile")
	}
	r := s.most
	r.CPUSeconds = since(cpuSeconds)
	r.Cores = ratio(r.CPUSeconds, s.ended.Sub(s.began).Seconds())
	r.Pulses = uint64(since("tickwire_pulses_total"))
	r.PulseMeanUS = 1e6 * ratio(since("tickwire_pulse_seconds_total"), since("tickwire_pulses_total"))
	updates, conflated := since("tickwire_updates_total"), since("tickwire_conflated_ticks_total")
	text, bytes := since("tickwire_update_text_bytes_total"), since("tickwire_frame_bytes_total")
	r.Frames = uint64(since("tickwire_frames_total"))
	r.Updates, r.Conflated = uint64(updates), uint64(conflated)
	r.ConflationRatio = ratio(conflated, updates+conflated)
	r.BytesPerUpdate, r.CompressionRatio = ratio(bytes, updates), ratio(text, bytes)
	before := s.base.by("tickwire_connections_ended_total", "reason")
	r.Ended = make(map[string]uint64)
	for reason, n := range s.last.by("tickwire_connections_ended_total", "reason") {
		if n -= before[reason]; n > 0 {
			r.Ended[reason] = uint64(n)
		}
	}
	return &r, nil
}
