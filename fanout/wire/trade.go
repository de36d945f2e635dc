package wire

import (
	"strconv"

	"tickwire/feed"
)

// Trade is an element of "data" in trades. Its members are always there, in this
// order, but for Received.
type Trade struct {
	Symbol   string      `json:"s"`
	Seq      int64       `json:"q"` // Kafka offset: the same on every node; rises within a symbol
	Time     int64       `json:"t"` // by the venue
	Price    feed.Number `json:"p"`
	Size     feed.Number `json:"z"` // "": the venue did not say
	Side     string      `json:"d"` // of the aggressor: "b", "s", or "" where the venue did not say
	Received int64       `json:"r,omitempty"`
}

// TradesMessage is a message of trades, those of one symbol in the order of
// their seq.
type TradesMessage struct {
	Type string  `json:"type"`
	Sent int64   `json:"sent,omitempty"` // with stamps
	Data []Trade `json:"data"`
}

// Gap says that trades between two seqs, both included, cannot be told: the
// client was away or behind for longer than the server can reach back. If To is
// below From the topic's log has begun anew and seqs with it.
type Gap struct {
	Type    string `json:"type"`
	Channel string `json:"channel"`
	Symbol  string `json:"symbol"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
}

// AppendTrade appends t as one JSON object.
func AppendTrade(dst []byte, t *Trade) []byte {
	dst = append(dst, `{"s":"`...)
	dst = append(dst, t.Symbol...)
	dst = append(dst, `","q":`...)
	dst = strconv.AppendInt(dst, t.Seq, 10)
	dst = append(dst, `,"t":`...)
	dst = strconv.AppendInt(dst, t.Time, 10)
	dst = append(dst, `,"p":"`...)
	dst = append(dst, t.Price...)
	dst = append(dst, `","z":"`...)
	dst = append(dst, t.Size...)
	dst = append(dst, `","d":"`...)
	dst = append(dst, t.Side...)
	dst = append(dst, '"')
	return append(appendReceived(dst, t.Received), '}')
}

// appendReceived appends the stamp of an update that has one.
func appendReceived(dst []byte, received int64) []byte {
	if received == 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, `,"r":`...), received, 10)
}
