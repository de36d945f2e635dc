package wire

import "slices"

// The channels that can be subscribed to.
const (
	Ticker = "ticker"  // the newest values of a symbol; ticks that a client is too slow for are conflated
	Trades = "trades"  // every trade in order; what cannot be told is told as a gap
	Stats  = "stats"   // of 24 hours, at most once a second
	Bars1s = "bars_1s" // open, high, low, close of a second
	Bars1m = "bars_1m"
	Bars5m = "bars_5m"
	Bars1h = "bars_1h"
)

// Channels are all channels, as hello names them.
func Channels() []string {
	return []string{Ticker, Trades, Stats, Bars1s, Bars1m, Bars5m, Bars1h}
}

// IsChannel reports whether there is a channel of that name.
func IsChannel(name string) bool { return slices.Contains(Channels(), name) }

// IsBars reports whether a channel is one of bars.
func IsBars(channel string) bool {
	return channel == Bars1s || channel == Bars1m || channel == Bars5m || channel == Bars1h
}

// MaxStatsRate is how many statistics a second of each symbol there are at most.
const MaxStatsRate = 1
