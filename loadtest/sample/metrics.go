package sample

import (
	"fmt"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// The names of client_golang's process and Go collectors.
const (
	cpuSeconds  = "process_cpu_seconds_total"
	rssBytes    = "process_resident_memory_bytes"
	heapBytes   = "go_memstats_heap_alloc_bytes"
	goroutines  = "go_goroutines"
	gcDurations = "go_gc_duration_seconds"
)

// families is one reading of a process's metrics, by name.
type families map[string]*dto.MetricFamily

// parse reads what /metrics answers.
func parse(text io.Reader) (families, error) {
	p := expfmt.NewTextParser(model.UTF8Validation)
	return p.TextToMetricFamilies(text)
}

// gather reads the metrics of this process.
func gather(g prometheus.Gatherer) (families, error) {
	list, err := g.Gather()
	if err != nil {
		return nil, err
	}
	all := make(families, len(list))
	for _, f := range list {
		all[f.GetName()] = f
	}
	return all, nil
}

// lacks says which of the names are not there.
func (f families) lacks(names ...string) error {
	for _, name := range names {
		if f[name] == nil {
			return fmt.Errorf("it has no %s", name)
		}
	}
	return nil
}

// sum is a counter or gauge, added up over its labels; 0 when it is not there.
func (f families) sum(name string) (total float64) {
	for _, m := range f[name].GetMetric() {
		total += valueOf(m)
	}
	return total
}

// by is a counter or gauge by one of its labels, without zeros.
func (f families) by(name, label string) map[string]float64 {
	values := make(map[string]float64)
	for _, m := range f[name].GetMetric() {
		for _, l := range m.GetLabel() {
			if v := valueOf(m); l.GetName() == label && v != 0 {
				values[l.GetValue()] += v
			}
		}
	}
	return values
}

func valueOf(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
}

// longest is the highest quantile of a summary.
func (f families) longest(name string) (seconds float64) {
	for _, m := range f[name].GetMetric() {
		for _, q := range m.GetSummary().GetQuantile() {
			if v := q.GetValue(); v > seconds { // an empty summary has NaN
				seconds = v
			}
		}
	}
	return seconds
}
