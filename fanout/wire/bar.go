package wire

import (
	"strconv"

	"tickwire/feed"
)

// Bar is an element of "data" in a channel of bars: the trades of one symbol in
// one interval of event time. A bar that has changed, or is closed, is told
// again whole.
type Bar struct {
	Symbol string      `json:"s"`
	Start  int64       `json:"t"` // of the interval: a multiple of its length
	Seq    int64       `json:"q"` // of the last tick that changed the bar
	Open   feed.Number `json:"o"`
	High   feed.Number `json:"h"`
	Low    feed.Number `json:"l"`
	Close  feed.Number `json:"c"`
	Volume feed.Number `json:"v"`
	Count  uint64      `json:"k"` // trades
	// Closed tells that the interval is over. A late trade may still change
	// the bar; it is then told again.
	Closed bool `json:"x"`
}

// BarsMessage is a message of a channel of bars, or a snapshot of one: the
// newest bar of each symbol.
type BarsMessage struct {
	Type    string `json:"type"`
	Channel string `json:"channel,omitempty"` // of a snapshot
	Data    []Bar  `json:"data"`
}

// AppendBar appends b as one JSON object.
func AppendBar(dst []byte, b *Bar) []byte {
	dst = append(dst, `{"s":"`...)
	dst = append(dst, b.Symbol...)
	dst = append(dst, `","t":`...)
	dst = strconv.AppendInt(dst, b.Start, 10)
	dst = append(dst, `,"q":`...)
	dst = strconv.AppendInt(dst, b.Seq, 10)
	dst = append(dst, `,"o":"`...)
	dst = append(dst, b.Open...)
	dst = append(dst, `","h":"`...)
	dst = append(dst, b.High...)
	dst = append(dst, `","l":"`...)
	dst = append(dst, b.Low...)
	dst = append(dst, `","c":"`...)
	dst = append(dst, b.Close...)
	dst = append(dst, `","v":"`...)
	dst = append(dst, b.Volume...)
	dst = append(dst, `","k":`...)
	dst = strconv.AppendUint(dst, b.Count, 10)
	dst = append(dst, `,"x":`...)
	dst = strconv.AppendBool(dst, b.Closed)
	return append(dst, '}')
}
