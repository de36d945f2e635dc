// Package source makes ticks: out of thin air, or out of what venues once sent.
//
//	Market  seed ------------> instruments --draw--> move, trade --------+
//	                                                                     +--> schedule --> Put
//	Replay  files --lines--> merge by local time --> venue --> decoder --+
//	                                                 binance, coinbase, kraken
//
// Both have one method, Run, which works in the caller's goroutine, starts no
// other, and hands every tick to a [Put].
//
// # What a frame comes to
//
//	Binance   bookTicker   a quote
//	          trade        a trade
//	Coinbase  ticker       a quote and the last price, without size and side
//	          match        a trade
//	Kraken    ticker       a quote and the last price, without size and side
//	          trade        a trade for each one in the frame
//
// Every other frame is passed over and counted by its kind. Three of them look
// like ticks and are not taken: Binance's aggTrade tells the fills of trade
// again, summed; Coinbase's last_match is the trade before the recording; and a
// Binance futures trade whose X is not MARKET was no execution on the book.
//
// A ticker tells a trade that the venue's trade channel tells as well, and not
// each one: Coinbase leaves out all but the last of a cascade, Kraken gives
// trades no identity. So a ticker's tick has a price without a size: it says
// what the last price is and adds nothing to a volume. A trade is a tick with a
// price and a size.
//
// # Symbols
//
// BASE-QUOTE, in capitals: BTC-USD, BTC-USDT. A perpetual future is called
// BTC-USDT-PERP, one that ends in June 2021 BTC-USD-210625. Kraken's XBT and
// XDG are BTC and DOGE. The venue is no part of the name: two venues' BTC-USD,
// replayed together, are one symbol.
//
// # Event times
//
// The time of a tick is the venue's, of the event itself (Binance T, Coinbase
// time, Kraken's trade time). Spot bookTicker at Binance and ticker at Kraken
// have none; there it is the recording's local time of receipt. Nothing
// corrects one clock by another. Where the recorder's clock was off, as in
// recordings whose local times are 1.27 s behind the venue's, the quotes and
// trades of one symbol have event times that go back and forth by that much.
// Order is the order of the recording, which becomes the order of Kafka
// offsets; event times are not sorted and must not be relied on for order.
package source
