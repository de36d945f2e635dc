package source

import (
	"github.com/valyala/fastjson"

	"tickwire/feed"
)

// Binance sends spot pairs and futures under the same names. Their frames
// differ, and that is what tells them apart, wherever they come from:
//
//	             bookTicker                trade
//	spot         no e, no times            M, no X
//	USD-M        e, E, T                   X, no M
//	COIN-M       e, E, T, and ps           X, no M; the name has a _
//
// Sources:
//   - https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
//   - https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
//   - https://developers.binance.com/docs/derivatives/coin-margined-futures/websocket-market-streams
//
// Times are read as milliseconds. A spot stream that was asked for microseconds
// has times beyond feed.MaxTime and is undecodable.

// readBinance reads a frame of a raw or a combined stream.
func readBinance(d *decoder, v *fastjson.Value, received int64) ([]byte, error) {
	if v.Exists("stream") {
		v = v.Get("data")
	}
	switch {
	case v == nil:
		return nil, errFrame
	case v.Type() == fastjson.TypeArray:
		return []byte("array"), nil
	case v.Type() != fastjson.TypeObject:
		return nil, errFrame
	case !v.Exists("e"):
		return d.binanceUntitled(v, received)
	}
	switch event := v.GetStringBytes("e"); string(event) {
	case "":
		return nil, errFrame
	case "bookTicker":
		return nil, d.binanceQuote(v, future, milliseconds(v, "T"))
	case "trade":
		return d.binanceTrade(v)
	default:
		return event, nil
	}
}

// binanceUntitled reads a frame that does not name its event: spot bookTicker,
// the answers to requests and the snapshots that recorders put between.
func (d *decoder) binanceUntitled(v *fastjson.Value, received int64) ([]byte, error) {
	switch {
	case v.Exists("u") && v.Exists("A"):
		return nil, d.binanceQuote(v, spot, received)
	case v.Exists("lastUpdateId"):
		return []byte("snapshot"), nil
	case v.Exists("result"):
		return []byte("ack"), nil
	}
	return []byte("untitled"), nil
}

// binanceQuote keeps a side that is empty as the venue writes it, price and
// size zero: it says that nothing is bid or asked.
func (d *decoder) binanceQuote(v *fastjson.Value, m market, at int64) error {
	t := feed.Tick{
		Symbol:  d.symbols.of(m, v.GetStringBytes("s")),
		Time:    at,
		Bid:     v.GetStringBytes("b"),
		BidSize: v.GetStringBytes("B"),
		Ask:     v.GetStringBytes("a"),
		AskSize: v.GetStringBytes("A"),
	}
	if len(t.Bid) == 0 || len(t.BidSize) == 0 || len(t.Ask) == 0 || len(t.AskSize) == 0 {
		return errFrame
	}
	d.ticks = append(d.ticks, t)
	return nil
}

// binanceTrade passes over what the futures tell as trades but are transfers of
// positions (X is INSURANCE_FUND, ADL or NA): their prices were never on the
// book, and can be zero.
func (d *decoder) binanceTrade(v *fastjson.Value) ([]byte, error) {
	m, order := spot, v.Get("X")
	switch {
	case order == nil && !v.Exists("M"):
		return nil, errFrame
	case order != nil && string(order.GetStringBytes()) != "MARKET":
		return []byte("trade-off-book"), nil
	case order != nil:
		m = future
	}
	return d.trade(feed.Tick{
		Symbol: d.symbols.of(m, v.GetStringBytes("s")),
		Time:   milliseconds(v, "T"),
		Price:  v.GetStringBytes("p"),
		Size:   v.GetStringBytes("q"),
		Side:   binanceSide(v.Get("m")),
	})
}

// binanceSide is the taker's side, given whether the buyer is the maker.
func binanceSide(buyerMakes *fastjson.Value) feed.Side {
	if buyerMakes == nil {
		return feed.NoSide
	}
	switch buyerMakes.Type() {
	case fastjson.TypeTrue:
		return feed.Sell
	case fastjson.TypeFalse:
		return feed.Buy
	}
	return feed.NoSide
}

// milliseconds is the time in member name as microseconds, or 0, which no tick
// may have.
func milliseconds(v *fastjson.Value, name string) int64 {
	ms := v.GetInt64(name)
	if ms < 0 || ms > feed.MaxTime/1000 {
		return 0
	}
	return ms * 1000
}
