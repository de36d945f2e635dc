package report

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Comparison is two runs side by side.
type Comparison struct {
	A, B      *Result
	Figures   []Figure
	Different []Difference // of the configuration, when the comparison was forced, and of the machine
}

// Figure is one that both runs have. Ratio is B/A, and NaN when A is 0 and B is
// not.
type Figure struct {
	Name  string
	A, B  float64
	Ratio float64
	tell  func(float64) string
}

// Difference is a setting that is not the same.
type Difference struct{ Name, A, B string }

func (d Difference) String() string { return fmt.Sprintf("%s: %s / %s", d.Name, or(d.A), or(d.B)) }

func or(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// ConfigError says that two runs did not do the same.
type ConfigError struct{ Different []Difference }

func (e *ConfigError) Error() string {
	texts := make([]string, 0, len(e.Different))
	for _, d := range e.Different {
		texts = append(texts, d.String())
	}
	return "the runs are of different configuration, so their figures cannot be compared: " + strings.Join(texts, "; ")
}

// Compare puts b beside a. Runs of different configuration are refused with a
// [ConfigError] unless force; the URL may differ, so that two servers can be
// compared.
func Compare(a, b *Result, force bool) (Comparison, error) {
	different := differences(a, b)
	if len(different) > 0 && !force {
		return Comparison{}, &ConfigError{different}
	}
	c := Comparison{A: a, B: b, Different: different}
	if a.Machine != b.Machine {
		c.Different = append(c.Different, Difference{"machine", a.Machine.String(), b.Machine.String()})
	}
	c.add("updates a second", pace, a.UpdatesPerSecond, b.UpdatesPerSecond)
	c.add("connections", pace, float64(a.Connections), float64(b.Connections))
	c.add("bytes an update", factor, a.BytesPerUpdate, b.BytesPerUpdate)
	c.add("reach", percent, a.Reach, b.Reach)
	c.add("conflated", pace, float64(a.Conflated), float64(b.Conflated))
	c.add("violations", pace, float64(a.Violations.Total()), float64(b.Violations.Total()))
	c.addLatency("latency", a.Latency, b.Latency)
	c.addLatency("uncorrected", a.Uncorrected, b.Uncorrected)
	c.addLatency("wait", a.Wait, b.Wait)
	for _, name := range a.cohorts() {
		if other, both := b.Cohorts[name]; both && len(a.Cohorts) > 1 {
			c.add(name+" p99", micros[float64], float64(a.Cohorts[name].Latency.P99), float64(other.Latency.P99))
		}
	}
	c.add("generator CPU", seconds, a.Generator.CPUSeconds, b.Generator.CPUSeconds)
	if a.Server != nil && b.Server != nil {
		c.addServer(a.Server, b.Server)
	}
	if a.Knee != nil && b.Knee != nil {
		c.add("knee, "+a.Knee.Dimension, pace, a.Knee.Held, b.Knee.Held)
	}
	return c, nil
}

func differences(a, b *Result) (different []Difference) {
	if a.Mode != b.Mode {
		different = append(different, Difference{"mode", string(a.Mode), string(b.Mode)})
	}
	others := b.Config.fields()
	for i, f := range a.Config.fields() {
		if f.Name != "url" && f != others[i] {
			different = append(different, Difference{f.Name, f.Value, others[i].Value})
		}
	}
	return different
}

func (c *Comparison) add(name string, tell func(float64) string, a, b float64) {
	ratio := b / a
	if a == 0 && b == 0 {
		ratio = 1
	} else if a == 0 {
		ratio = math.NaN()
	}
	c.Figures = append(c.Figures, Figure{Name: name, A: a, B: b, Ratio: ratio, tell: tell})
}

func (c *Comparison) addLatency(name string, a, b Latency) {
	for _, f := range []struct {
		name string
		a, b int64
	}{{"p50", a.P50, b.P50}, {"p90", a.P90, b.P90}, {"p99", a.P99, b.P99}, {"p99.9", a.P999, b.P999}, {"max", a.Max, b.Max}} {
		c.add(name+" "+f.name, micros[float64], float64(f.a), float64(f.b))
	}
}

func (c *Comparison) addServer(a, b *Server) {
	bytes := func(n float64) string { return memory(uint64(max(n, 0))) }
	c.add("server CPU", seconds, a.CPUSeconds, b.CPUSeconds)
	c.add("server memory", bytes, float64(a.RSSBytes), float64(b.RSSBytes))
	c.add("server heap", bytes, float64(a.HeapBytes), float64(b.HeapBytes))
	c.add("server GC pause", micros[float64], a.GCMaxUS, b.GCMaxUS)
	c.add("server pulse", micros[float64], a.PulseMeanUS, b.PulseMeanUS)
	c.add("server conflation", percent, a.ConflationRatio, b.ConflationRatio)
}

// Text writes it for a person, with both verdicts first: figures of a run that is
// not valid are worth nothing.
func (c Comparison) Text(w io.Writer) error {
	var t strings.Builder
	for _, one := range []struct {
		name string
		r    *Result
	}{{"A", c.A}, {"B", c.B}} {
		ok, lines := one.r.Verdict()
		verdict := "ok"
		if !ok {
			verdict = "NOT OK"
		}
		fmt.Fprintf(&t, "%s  %s\n   %s\n   %s\n", one.name, one.r.title(), or(one.r.Config.URL), verdict)
		for _, line := range lines {
			if isBad(line) {
				fmt.Fprintf(&t, "     %s\n", line)
			}
		}
	}
	for _, d := range c.Different {
		fmt.Fprintf(&t, "not the same: %s\n", d)
	}
	var rows [][]string
	for _, f := range c.Figures {
		ratio := "-"
		if !math.IsNaN(f.Ratio) {
			ratio = fmt.Sprintf("%.3g", f.Ratio)
		}
		rows = append(rows, []string{f.Name, f.tell(f.A), f.tell(f.B), ratio})
	}
	t.WriteString("\n")
	writeTable(&t, []string{"", "A", "B", "B/A"}, rows)
	if _, err := io.WriteString(w, t.String()); err != nil {
		return fmt.Errorf("the comparison: %w", err)
	}
	return nil
}
