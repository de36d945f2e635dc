package source

import (
	"github.com/valyala/fastjson"

	"tickwire/feed"
)

// readCoinbase reads a frame of the Exchange feed. Names are in the common form
// already. last_match repeats, at every subscription, a trade from before it,
// and is passed over.
//
// Source: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels
func readCoinbase(d *decoder, v *fastjson.Value, received int64) ([]byte, error) {
	switch event := v.GetStringBytes("type"); string(event) {
	case "":
		return nil, errFrame
	case "ticker":
		return nil, d.coinbaseTicker(v, received)
	case "match":
		return d.coinbaseMatch(v)
	default:
		return event, nil
	}
}

// coinbaseTicker takes no size and no side of the last trade: see the package
// comment. A product that has never traded has neither a price nor a time.
func (d *decoder) coinbaseTicker(v *fastjson.Value, received int64) error {
	t := feed.Tick{
		Symbol:  v.GetStringBytes("product_id"),
		Time:    received,
		Price:   v.GetStringBytes("price"),
		Bid:     v.GetStringBytes("best_bid"),
		BidSize: v.GetStringBytes("best_bid_size"),
		Ask:     v.GetStringBytes("best_ask"),
		AskSize: v.GetStringBytes("best_ask_size"),
	}
	if zero(t.Price) {
		t.Price = nil
	}
	if at := v.Get("time"); at != nil {
		var ok bool
		if t.Time, ok = parseRFC3339(at.GetStringBytes()); !ok {
			return errFrame
		}
	}
	d.ticks = append(d.ticks, t)
	return nil
}

// coinbaseMatch turns the side round: the venue tells the maker's.
func (d *decoder) coinbaseMatch(v *fastjson.Value) ([]byte, error) {
	var taker feed.Side
	switch string(v.GetStringBytes("side")) {
	case "buy":
		taker = feed.Sell
	case "sell":
		taker = feed.Buy
	default:
		return nil, errFrame
	}
	at, ok := parseRFC3339(v.GetStringBytes("time"))
	if !ok {
		return nil, errFrame
	}
	return d.trade(feed.Tick{
		Symbol: v.GetStringBytes("product_id"),
		Time:   at,
		Price:  v.GetStringBytes("price"),
		Size:   v.GetStringBytes("size"),
		Side:   taker,
	})
}
