package loadtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bound is what a load must keep to hold: a percentile of the latency below a
// time.
type Bound struct {
	Percentile float64 // 50, 90, 99, 99.9, 99.99
	Below      time.Duration
}

// ParseBound reads a bound such as p99<20ms or p99.9<100ms.
func ParseBound(text string) (Bound, error) {
	name, limit, found := strings.Cut(strings.ReplaceAll(text, " ", ""), "<")
	p, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if !found || !strings.HasPrefix(name, "p") || err != nil || p <= 0 || p >= 100 {
		return Bound{}, fmt.Errorf("%q is no bound; one is such as p99<20ms", text)
	}
	below, err := time.ParseDuration(strings.TrimPrefix(limit, "="))
	if err != nil || below <= 0 {
		return Bound{}, fmt.Errorf("%q bounds nothing: %q is no time such as 20ms", text, limit)
	}
	return Bound{p, below}, nil
}

// String is the bound as ParseBound reads it.
func (b Bound) String() string {
	return fmt.Sprintf("p%s<%v", strconv.FormatFloat(b.Percentile, 'f', -1, 64), b.Below)
}
