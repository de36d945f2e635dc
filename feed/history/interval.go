package history

import "time"

// Interval is the length of a bar.
type Interval uint8

// The intervals, each a multiple of the one before it.
const (
	Second Interval = iota
	Minute
	FiveMinutes
	Hour
	Intervals // how many there are
)

var intervals = [Intervals]struct {
	length time.Duration
	name   string
}{{time.Second, "1s"}, {time.Minute, "1m"}, {5 * time.Minute, "5m"}, {time.Hour, "1h"}}

// Duration is the length.
func (i Interval) Duration() time.Duration { return intervals[i].length }

// String is "1s", "1m", "5m" or "1h".
func (i Interval) String() string { return intervals[i].name }

// lengths are the durations in microseconds.
var lengths = [Intervals]int64{
	time.Second.Microseconds(), time.Minute.Microseconds(), (5 * time.Minute).Microseconds(), time.Hour.Microseconds(),
}

// start is that of the interval which holds the event time t.
func (i Interval) start(t int64) int64 { return t - t%lengths[i] }

// Limits say how much of a symbol's past is held. They may be shared and do not
// change.
type Limits struct {
	Trades int            // Default: 1024.
	Bars   [Intervals]int // Default: 300 of a second, 1440 of a minute, 288 of five minutes, 168 of an hour.
}

var defaults = Limits{Trades: 1024, Bars: [Intervals]int{300, 1440, 288, 168}}

func (l *Limits) trades() int {
	if l == nil || l.Trades <= 0 {
		return defaults.Trades
	}
	return l.Trades
}

func (l *Limits) bars(i Interval) int {
	if l == nil || l.Bars[i] <= 0 {
		return defaults.Bars[i]
	}
	return l.Bars[i]
}
