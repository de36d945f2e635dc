package source

import (
	"time"

	"github.com/valyala/fastjson"

	"tickwire/feed"
)

// readKraken reads a frame of version 1: an object about the connection, or an
// array of a channel's data with the channel's name and the pair at its end.
//
// Sources:
//   - https://docs.kraken.com/api/docs/websocket-v1/ticker
//   - https://docs.kraken.com/api/docs/websocket-v1/trade
func readKraken(d *decoder, v *fastjson.Value, received int64) ([]byte, error) {
	if v.Type() == fastjson.TypeObject {
		if event := v.GetStringBytes("event"); len(event) != 0 {
			return event, nil
		}
		return nil, errFrame
	}
	items := v.GetArray()
	if len(items) < 4 {
		return nil, errFrame
	}
	data, channel, pair := items[1], items[len(items)-2].GetStringBytes(), items[len(items)-1].GetStringBytes()
	switch string(channel) {
	case "":
		return nil, errFrame
	case "ticker":
		return nil, d.krakenTicker(data, pair, received)
	case "trade":
		return d.krakenTrades(data, pair)
	default:
		return channel, nil
	}
}

// krakenTicker reads a (ask) and b (bid), both of price, whole lots and lots,
// and the price in c, the last trade.
func (d *decoder) krakenTicker(v *fastjson.Value, pair []byte, received int64) error {
	t := feed.Tick{
		Symbol:  d.symbols.of(krakenSpot, pair),
		Time:    received,
		Price:   v.GetStringBytes("c", "0"),
		Bid:     v.GetStringBytes("b", "0"),
		BidSize: v.GetStringBytes("b", "2"),
		Ask:     v.GetStringBytes("a", "0"),
		AskSize: v.GetStringBytes("a", "2"),
	}
	if len(t.Bid) == 0 || len(t.BidSize) == 0 || len(t.Ask) == 0 || len(t.AskSize) == 0 {
		return errFrame
	}
	if zero(t.Price) {
		t.Price = nil
	}
	d.ticks = append(d.ticks, t)
	return nil
}

// krakenTrades reads trades of price, volume, time and the taker's side.
func (d *decoder) krakenTrades(v *fastjson.Value, pair []byte) ([]byte, error) {
	trades := v.GetArray()
	if len(trades) == 0 {
		return nil, errFrame
	}
	symbol := d.symbols.of(krakenSpot, pair)
	for _, trade := range trades {
		at, ok := parseSeconds(trade.GetStringBytes("2"))
		side := trade.GetStringBytes("3")
		if !ok || len(side) != 1 {
			return nil, errFrame
		}
		passed, err := d.trade(feed.Tick{
			Symbol: symbol,
			Time:   at / int64(time.Microsecond),
			Price:  trade.GetStringBytes("0"),
			Size:   trade.GetStringBytes("1"),
			Side:   feed.Side(side[0]),
		})
		if passed != nil || err != nil {
			return passed, err
		}
	}
	return nil, nil
}
