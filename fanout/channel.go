package fanout

import (
	"tickwire/fanout/wire"
	"tickwire/feed/history"
)

// channel is what a subscription is of. With stamps a channel is another one, as
// its updates have another text.
type channel uint8

const (
	ticker channel = iota
	tickerStamped
	trades
	tradesStamped
	stats
	bars1s
	bars1m
	bars5m
	bars1h
	channels
)

var channelNames = [channels]string{
	ticker: wire.Ticker, tickerStamped: wire.Ticker, trades: wire.Trades, tradesStamped: wire.Trades, stats: wire.Stats,
	bars1s: wire.Bars1s, bars1m: wire.Bars1m, bars5m: wire.Bars5m, bars1h: wire.Bars1h,
}

// channelOf is the channel of a name of the protocol.
func channelOf(name string, stamps bool) channel {
	for c, n := range channelNames {
		if n == name && channel(c).stamped() == stamps {
			return channel(c)
		}
	}
	panic("fanout: no channel " + name) // wire.ParseRequest knows them
}

func (c channel) String() string { return channelNames[c] }

func (c channel) stamped() bool { return c == tickerStamped || c == tradesStamped }

// twin is the same channel with stamps, or without; itself if it has no other.
func (c channel) twin() channel {
	switch c {
	case ticker, trades:
		return c + 1
	case tickerStamped, tradesStamped:
		return c - 1
	}
	return c
}

// counted reports whether the ticks that its subscribers do not get one by one
// are told as conflated.
func (c channel) counted() bool { return c == ticker || c == tickerStamped }

// tellsAll reports whether a subscriber gets every trade or bar in order, and
// not only the newest value.
func (c channel) tellsAll() bool { return c != ticker && c != tickerStamped && c != stats }

// trades reports whether it is trades that are told.
func (c channel) trades() bool { return c == trades || c == tradesStamped }

// interval is that of the bars of a channel.
func (c channel) interval() history.Interval { return history.Interval(c - bars1s) }

// step is the length of the interval of a channel of bars, in microseconds; 0:
// it is none.
func (c channel) step() int64 {
	if c < bars1s {
		return 0
	}
	return c.interval().Duration().Microseconds()
}

// maxRate bounds the rates of a channel; 0: no bound of its own.
func (c channel) maxRate() float64 {
	if c == stats {
		return wire.MaxStatsRate
	}
	return 0
}
