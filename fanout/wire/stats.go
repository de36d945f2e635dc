package wire

import (
	"strconv"

	"tickwire/feed"
)

// Stat is an element of "data" in stats: the trades of one symbol in the 24
// hours, by whole minutes, that end at its newest one.
type Stat struct {
	Symbol  string      `json:"s"`
	Seq     int64       `json:"q"` // of the last trade
	Time    int64       `json:"t"` // of the last trade, by the venue
	Open    feed.Number `json:"o"`
	High    feed.Number `json:"h"`
	Low     feed.Number `json:"l"`
	Last    feed.Number `json:"p"`
	Volume  feed.Number `json:"v"`
	VWAP    feed.Number `json:"w"`  // two more places than the prices; "" without volume
	Change  feed.Number `json:"c"`  // last less open
	Percent feed.Number `json:"cp"` // change by open, four places; "" if open is 0
	Count   uint64      `json:"k"`  // trades
}

// StatsMessage is a message of stats, or a snapshot of them.
type StatsMessage struct {
	Type    string `json:"type"`
	Channel string `json:"channel,omitempty"` // of a snapshot
	Data    []Stat `json:"data"`
}

// AppendStat appends s as one JSON object.
func AppendStat(dst []byte, s *Stat) []byte {
	dst = append(dst, `{"s":"`...)
	dst = append(dst, s.Symbol...)
	dst = append(dst, `","q":`...)
	dst = strconv.AppendInt(dst, s.Seq, 10)
	dst = append(dst, `,"t":`...)
	dst = strconv.AppendInt(dst, s.Time, 10)
	for _, member := range [...]struct {
		key   string
		value feed.Number
	}{
		{`,"o":"`, s.Open}, {`","h":"`, s.High}, {`","l":"`, s.Low}, {`","p":"`, s.Last}, {`","v":"`, s.Volume},
		{`","w":"`, s.VWAP}, {`","c":"`, s.Change}, {`","cp":"`, s.Percent},
	} {
		dst = append(append(dst, member.key...), member.value...)
	}
	dst = append(dst, `","k":`...)
	dst = strconv.AppendUint(dst, s.Count, 10)
	return append(dst, '}')
}
