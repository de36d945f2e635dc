package wire

import (
	"strconv"

	"tickwire/feed"
)

// Update is the newest state of one symbol, an element of "data" in snapshot
// and ticker. All members but Received are always there, in this order; an empty
// string says that no value is known yet.
type Update struct {
	Symbol string `json:"s"`
	// Seq is the Kafka offset of the symbol's last tick: the same on every
	// node. It rises with every update of the symbol, but may start anew in a
	// snapshot.
	Seq int64 `json:"q"`
	// Ordinal is how many ticks the symbol has had on this node. Less the
	// ordinal of the update before, it is how many ticks this one stands for.
	Ordinal uint64      `json:"n"`
	Time    int64       `json:"t"` // of the last tick, by the venue
	Price   feed.Number `json:"p"` // of the last trade
	Size    feed.Number `json:"z"` // of the last trade
	Bid     feed.Number `json:"b"`
	Ask     feed.Number `json:"a"`
	Volume  feed.Number `json:"v"` // the sizes of all trades on this node
	// Received is when this node read the last tick. It comes with stamps only.
	Received int64 `json:"r,omitempty"`
}

// AppendUpdate appends u as one JSON object. It does not allocate when dst has
// room.
func AppendUpdate(dst []byte, u *Update) []byte {
	dst = append(dst, `{"s":"`...)
	dst = append(dst, u.Symbol...)
	dst = append(dst, `","q":`...)
	dst = strconv.AppendInt(dst, u.Seq, 10)
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendUint(dst, u.Ordinal, 10)
	dst = append(dst, `,"t":`...)
	dst = strconv.AppendInt(dst, u.Time, 10)
	dst = append(dst, `,"p":"`...)
	dst = append(dst, u.Price...)
	dst = append(dst, `","z":"`...)
	dst = append(dst, u.Size...)
	dst = append(dst, `","b":"`...)
	dst = append(dst, u.Bid...)
	dst = append(dst, `","a":"`...)
	dst = append(dst, u.Ask...)
	dst = append(dst, `","v":"`...)
	dst = append(dst, u.Volume...)
	dst = append(dst, '"')
	return append(appendReceived(dst, u.Received), '}')
}

// A data message is a head, updates with a comma between them, and DataFoot.
const (
	SnapshotHead = `{"type":"snapshot","channel":"ticker","data":[`
	TickerHead   = `{"type":"ticker","data":[`
	TradesHead   = `{"type":"trades","data":[`
	DataFoot     = `]}`
)

// Head is the head of a message of a channel. sent, if it is not 0, is the
// stamp of the message.
func Head(channel string, snapshot bool, sent int64) string {
	head := `{"type":"` + channel + `"`
	if snapshot {
		head = `{"type":"` + TypeSnapshot + `","channel":"` + channel + `"`
	}
	if sent != 0 {
		head += `,"sent":` + strconv.FormatInt(sent, 10)
	}
	return head + `,"data":[`
}
