package sample

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
)

const metricsText = `process_cpu_seconds_total %v
process_resident_memory_bytes %v
go_memstats_heap_alloc_bytes 5e+06
go_goroutines 40
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 1e-05
go_gc_duration_seconds{quantile="1"} 0.00025
go_gc_duration_seconds_sum 1
go_gc_duration_seconds_count 9
tickwire_subscribers 200
tickwire_symbols 50
tickwire_pulses_total %v
tickwire_pulse_seconds_total %v
tickwire_frames_total %v
tickwire_updates_total %v
tickwire_conflated_ticks_total %v
tickwire_update_text_bytes_total %v
tickwire_frame_bytes_total %v
tickwire_kafka_lag_records{partition="0"} 3
tickwire_kafka_lag_records{partition="1"} 4
tickwire_newest_tick_age_seconds 0.5
tickwire_connections_ended_total{reason="stalled"} %v
tickwire_connections_ended_total{reason="client"} 6
`

// answers serves its texts one after the other, then the last for ever.
func answers(t *testing.T, texts ...string) *Server {
	t.Helper()
	at := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := texts[min(at, len(texts)-1)]
		at++
		if text == "" {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return NewServer(s.URL, s.Client())
}

func TestTheServersFiguresAreThoseOfTheRun(t *testing.T) {
	s := answers(t,
		fmt.Sprintf(metricsText, 10, 1e6, 100, 1, 1000, 2000, 500, 10_000, 4000, 1),
		fmt.Sprintf(metricsText, 11, 9e6, 200, 1.5, 1500, 3000, 900, 20_000, 8000, 3),
		"",
		fmt.Sprintf(metricsText, 14, 2e6, 300, 2, 2000, 5000, 1500, 40_000, 14_000, 4))
	if err := s.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, fails := range []bool{false, true, false} {
		if err := s.Read(t.Context()); (err != nil) != fails {
			t.Fatalf("reading %d: got %v, want an error: %v", i, err, fails)
		}
	}
	r, err := s.Report()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what      string
		got, want float64
	}{
		{"cpu_s", r.CPUSeconds, 4},
		{"rss_bytes, the most", float64(r.RSSBytes), 9e6},
		{"heap_bytes", float64(r.HeapBytes), 5e6},
		{"gc_max_us", r.GCMaxUS, 250},
		{"goroutines", float64(r.Goroutines), 40},
		{"subscribers", float64(r.Subscribers), 200},
		{"symbols", float64(r.Symbols), 50},
		{"pulses", float64(r.Pulses), 200},
		{"pulse_mean_us", r.PulseMeanUS, 5000},
		{"frames", float64(r.Frames), 1000},
		{"updates", float64(r.Updates), 3000},
		{"conflated", float64(r.Conflated), 1000},
		{"conflation_ratio", r.ConflationRatio, 0.25},
		{"bytes_per_update", r.BytesPerUpdate, 10.0 / 3},
		{"compression_ratio", r.CompressionRatio, 3},
		{"lag_records of both partitions", float64(r.LagRecords), 7},
		{"age_ms", r.AgeMS, 500},
		{"ended as stalled", float64(r.Ended["stalled"]), 3},
		{"ended by the client", float64(r.Ended["client"]), 0},
		{"readings", float64(r.Readings), 3},
		{"missed", float64(r.Missed), 1},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %v, want %v", test.what, test.got, test.want)
		}
	}
}

func TestWhatIsNoServersMetricsIsSaid(t *testing.T) {
	good := fmt.Sprintf(metricsText, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1)
	again := fmt.Sprintf(metricsText, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1)
	tests := []struct {
		name  string
		texts []string
		want  string
	}{
		{"not found", []string{""}, "503"},
		{"a web page", []string{"<html>hello</html>"}, "is not a tickwire's /metrics"},
		{"another program's", []string{"process_cpu_seconds_total 1\n"}, "tickwire_updates_total"},
		{"a server that was started again", []string{good, again}, "started again"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := answers(t, test.texts...)
			err := s.Begin(t.Context())
			if err == nil {
				if err = s.Read(t.Context()); err == nil {
					_, err = s.Report()
				}
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	if _, err := NewServer("http://127.0.0.1:1/metrics", nil).Report(); err == nil {
		t.Error("a report without a reading: got no error")
	}
}

// The names above are those that the server has.
func TestTheServersMetricsHaveTheNamesThatAreRead(t *testing.T) {
	hub := fanout.New(fanout.Config{Symbols: 10})
	defer hub.Close()
	admin := httptest.NewServer(gateway.New(gateway.Config{Hub: hub, Log: slog.New(slog.DiscardHandler)}).Admin())
	defer admin.Close()
	s := NewServer(admin.URL+"/metrics", admin.Client())
	if err := s.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metricsText) {
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		if strings.HasPrefix(line, "#") || strings.HasPrefix(name, "tickwire_kafka_") || strings.HasPrefix(name, gcDurations) {
			continue // the consumer is not here; the summary has one name
		}
		if err := s.last.lacks(name); err != nil {
			t.Error(err)
		}
	}
	if err := s.last.lacks(gcDurations); err != nil {
		t.Error(err)
	}
	r, err := s.Report()
	if err != nil || r.RSSBytes == 0 || r.HeapBytes == 0 {
		t.Errorf("got %+v, %v, want memory", r, err)
	}
}
