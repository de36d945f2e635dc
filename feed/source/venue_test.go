package source

import (
	"encoding/json"
	"strings"
	"testing"

	"tickwire/feed"
)

const received = 1_700_000_000_000_000 // µs

// frameTest is a frame and the records of its ticks, a line each, or the kind
// as which it is passed over; neither when it is undecodable.
type frameTest struct {
	scenario string
	frame    string
	want     string
	passed   string
}

func runFrames(t *testing.T, from *venue, tests []frameTest) {
	t.Helper()
	for _, tc := range tests {
		t.Run(tc.scenario, func(t *testing.T) {
			for _, v := range []*venue{from, nil} {
				var d decoder
				by, passed, err := d.decode(v, []byte(tc.frame), received)
				if v == nil && by != from && err == nil {
					t.Errorf("venue told from the frame: got %s, want %s", by.name, from.name)
				}
				if v == nil && by != from {
					continue
				}
				if got, want := err != nil, tc.want == "" && tc.passed == ""; got != want {
					t.Fatalf("decode(%s): got error %v, want one: %t", tc.frame, err, want)
				}
				if string(passed) != tc.passed {
					t.Errorf("decode(%s): got passed over as %q, want %q", tc.frame, passed, tc.passed)
				}
				if got := recordsOf(d.ticks); got != tc.want {
					t.Errorf("decode(%s):\n got %s\nwant %s", tc.frame, got, tc.want)
				}
			}
		})
	}
}

func recordsOf(ticks []feed.Tick) string {
	var out []string
	for i := range ticks {
		out = append(out, string(feed.AppendTick(nil, &ticks[i])))
	}
	return strings.Join(out, "\n")
}

var binanceFrames = []frameTest{
	{scenario: "a spot quote, which has no time",
		frame: `{"stream":"btcusdt@bookTicker","data":{"u":5,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}`,
		want:  `{"s":"BTC-USDT","t":1700000000000000,"b":"61837.63000000","bz":"3.78826000","a":"61837.64000000","az":"1.54698000"}`},
	{scenario: "a spot quote of a raw stream",
		frame: `{"u":5,"s":"BLZETH","b":"0.1","B":"2","a":"0.3","A":"4"}`,
		want:  `{"s":"BLZ-ETH","t":1700000000000000,"b":"0.1","bz":"2","a":"0.3","az":"4"}`},
	{scenario: "a spot quote without a bid",
		frame: `{"u":5,"s":"BLZETH","b":"0.00000000","B":"0.00000000","a":"0.3","A":"4"}`,
		want:  `{"s":"BLZ-ETH","t":1700000000000000,"b":"0.00000000","bz":"0.00000000","a":"0.3","az":"4"}`},
	{scenario: "a spot trade whose buyer took",
		frame: `{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":37,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":false,"M":true}}`,
		want:  `{"s":"BTC-USDT","t":1723161255342000,"p":"61837.63000000","z":"0.02000000","d":"b"}`},
	{scenario: "a spot trade whose buyer was the maker",
		frame: `{"e":"trade","E":2,"s":"BTCUSDT","t":37,"p":"5","q":"1","T":1,"m":true,"M":true}`,
		want:  `{"s":"BTC-USDT","t":1000,"p":"5","z":"1","d":"s"}`},
	{scenario: "a USD-M quote",
		frame: `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314}}`,
		want:  `{"s":"BTC-USDT-PERP","t":1723161256313000,"b":"61800.20","bz":"2.507","a":"61800.30","az":"2.510"}`},
	{scenario: "a USD-M trade",
		frame: `{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":52,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}`,
		want:  `{"s":"BTC-USDT-PERP","t":1723161256321000,"p":"61800.30","z":"0.006","d":"b"}`},
	{scenario: "a COIN-M quote",
		frame: `{"stream":"btcusd_perp@bookTicker","data":{"u":10,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}}`,
		want:  `{"s":"BTC-USD-PERP","t":1723161257465000,"b":"61804.7","bz":"35","a":"61804.8","az":"1645"}`},
	{scenario: "a COIN-M trade",
		frame: `{"stream":"btcusd_perp@trade","data":{"e":"trade","E":1723161257687,"T":1723161257679,"s":"BTCUSD_PERP","t":84,"p":"61804.8","q":"4","X":"MARKET","m":false}}`,
		want:  `{"s":"BTC-USD-PERP","t":1723161257679000,"p":"61804.8","z":"4","d":"b"}`},
	{scenario: "a dated future",
		frame: `{"e":"trade","E":2,"T":2,"s":"BTCUSDT_210625","t":84,"p":"61804.8","q":"4","X":"MARKET","m":true}`,
		want:  `{"s":"BTC-USDT-210625","t":2000,"p":"61804.8","z":"4","d":"s"}`},

	{scenario: "depth", frame: `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[["1","2"]],"a":[]}}`, passed: "depthUpdate"},
	{scenario: "an aggregate trade", frame: `{"e":"aggTrade","E":1,"s":"BTCUSDT","a":1,"p":"5","q":"1","f":1,"l":1,"T":1,"m":true,"M":true}`, passed: "aggTrade"},
	{scenario: "a snapshot", frame: `{"lastUpdateId":5,"bids":[["1","2"]],"asks":[]}`, passed: "snapshot"},
	{scenario: "an answer", frame: `{"result":null,"id":1}`, passed: "ack"},
	{scenario: "all symbols' tickers", frame: `{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker"}]}`, passed: "array"},
	{scenario: "something else", frame: `{"stream":"x","data":{"x":1}}`, passed: "untitled"},
	{scenario: "an insurance fund transfer", frame: `{"e":"trade","E":1,"T":1,"s":"OPUSDT","t":1,"p":"3.7041208","q":"3.5","X":"INSURANCE_FUND","m":true}`, passed: "trade-off-book"},
	{scenario: "a transfer at price zero", frame: `{"e":"trade","E":1,"T":1,"s":"OPUSDT","t":1,"p":"0","q":"0","X":"NA","m":true}`, passed: "trade-off-book"},
	{scenario: "a trade at price zero", frame: `{"e":"trade","E":1,"T":1,"s":"OPUSDT","t":1,"p":"0.00","q":"5","X":"MARKET","m":true}`, passed: "trade-at-zero"},

	{scenario: "not JSON", frame: `{"e":"trade"`},
	{scenario: "two objects", frame: `{"e":"depthUpdate"}{}`},
	{scenario: "no data", frame: `{"stream":"btcusdt@trade"}`},
	{scenario: "data that is no object", frame: `{"stream":"btcusdt@trade","data":5}`},
	{scenario: "an event that is no text", frame: `{"e":5,"u":5,"s":"BTCUSDT","b":"1","B":"1","a":"1","A":"1"}`},
	{scenario: "a trade of neither spot nor futures", frame: `{"e":"trade","E":2,"s":"BTCUSDT","t":37,"p":"5","q":"1","T":1,"m":true}`},
	{scenario: "a trade without a side", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":"5","q":"1","T":1,"M":true}`},
	{scenario: "a trade with a side that is no boolean", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":"5","q":"1","T":1,"m":"true","M":true}`},
	{scenario: "a trade without a size", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":"5","T":1,"m":true,"M":true}`},
	{scenario: "a trade without a time", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":"5","q":"1","m":true,"M":true}`},
	{scenario: "a trade with a time in microseconds", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":"5","q":"1","T":1723161255342000,"m":true,"M":true}`},
	{scenario: "a trade without a symbol", frame: `{"e":"trade","E":2,"p":"5","q":"1","T":1,"m":true,"M":true}`},
	{scenario: "a price that is a JSON number", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":5,"q":"1","T":1,"m":true,"M":true}`},
	{scenario: "a price with an exponent", frame: `{"e":"trade","E":2,"s":"BTCUSDT","p":"5e3","q":"1","T":1,"m":true,"M":true}`},
	{scenario: "a quote without an ask", frame: `{"u":5,"s":"BLZETH","b":"0.1","B":"2","A":"4"}`},
	{scenario: "a future's quote without a time", frame: `{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"1","B":"1","a":"1","A":"1"}`},
	{scenario: "an over-long symbol", frame: `{"u":5,"s":"` + strings.Repeat("X", 40) + `","b":"0.1","B":"2","a":"3","A":"4"}`},
}

func TestBinanceFrames(t *testing.T) { runFrames(t, binance, binanceFrames) }

var coinbaseFrames = []frameTest{
	{scenario: "a ticker is a quote and the last price",
		frame: `{"type":"ticker","sequence":33,"product_id":"BAND-GBP","price":"14.7775","open_24h":"14.6","best_bid":"14.7550","best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":88,"last_size":"0.04"}`,
		want:  `{"s":"BAND-GBP","t":1618677810244075,"p":"14.7775","b":"14.7550","a":"14.8060"}`},
	{scenario: "a ticker of later years has sizes",
		frame: `{"type":"ticker","product_id":"BTC-USD","price":"1","best_bid":"1","best_bid_size":"0.50","best_ask":"2","best_ask_size":"7","time":"2021-04-17T16:43:30Z"}`,
		want:  `{"s":"BTC-USD","t":1618677810000000,"p":"1","b":"1","bz":"0.50","a":"2","az":"7"}`},
	{scenario: "a ticker of what never traded",
		frame: `{"type":"ticker","product_id":"BTC-USD","price":"0","best_bid":"1","best_ask":"2"}`,
		want:  `{"s":"BTC-USD","t":1700000000000000,"b":"1","a":"2"}`},
	{scenario: "a match with a seller who made",
		frame: `{"type":"match","trade_id":2,"maker_order_id":"x","taker_order_id":"y","side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":1,"time":"2021-04-17T16:43:37.089723Z"}`,
		want:  `{"s":"SKL-BTC","t":1618677817089723,"p":"0.00001305","z":"985","d":"b"}`},
	{scenario: "a match with a buyer who made",
		frame: `{"type":"match","side":"buy","size":"1.50","price":"2.0","product_id":"SKL-BTC","time":"2021-04-17T16:43:37.089723Z"}`,
		want:  `{"s":"SKL-BTC","t":1618677817089723,"p":"2.0","z":"1.50","d":"s"}`},

	{scenario: "the match before the recording", frame: `{"type":"last_match","side":"buy","size":"1","price":"2","product_id":"SKL-BTC","time":"2021-04-17T16:43:37.089723Z"}`, passed: "last_match"},
	{scenario: "level 2", frame: `{"type":"l2update","product_id":"SKL-BTC","changes":[["sell","1","2"]],"time":"2021-04-17T16:43:37.075687Z"}`, passed: "l2update"},
	{scenario: "an answer", frame: `{"type":"subscriptions","channels":[]}`, passed: "subscriptions"},

	{scenario: "a type that is no text", frame: `{"type":1}`},
	{scenario: "a match of another side", frame: `{"type":"match","side":"both","size":"1","price":"2","product_id":"A-B","time":"2021-04-17T16:43:37Z"}`},
	{scenario: "a match without a time", frame: `{"type":"match","side":"buy","size":"1","price":"2","product_id":"A-B"}`},
	{scenario: "a match with half a time", frame: `{"type":"match","side":"buy","size":"1","price":"2","product_id":"A-B","time":"2021-04-17"}`},
	{scenario: "a match before 1970", frame: `{"type":"match","side":"buy","size":"1","price":"2","product_id":"A-B","time":"1969-04-17T16:43:37Z"}`},
	{scenario: "a match without a size", frame: `{"type":"match","side":"buy","price":"2","product_id":"A-B","time":"2021-04-17T16:43:37Z"}`},
	{scenario: "a ticker with a time that is none", frame: `{"type":"ticker","product_id":"A-B","price":"1","time":"now"}`},
	{scenario: "a ticker without a price", frame: `{"type":"ticker","product_id":"A-B","time":"2021-04-17T16:43:37Z"}`},
	{scenario: "a ticker without a product", frame: `{"type":"ticker","price":"1","time":"2021-04-17T16:43:37Z"}`},
}

func TestCoinbaseFrames(t *testing.T) { runFrames(t, coinbase, coinbaseFrames) }

var krakenFrames = []frameTest{
	{scenario: "a ticker is a quote and the last price",
		frame: `[468,{"a":["56218.30000",0,"0.13690578"],"b":["56119.10000",0,"0.03333108"],"c":["56218.30000","0.01309422"],"v":["1","2"],"t":[1,2]},"ticker","XBT/CHF"]`,
		want:  `{"s":"BTC-CHF","t":1700000000000000,"p":"56218.30000","b":"56119.10000","bz":"0.03333108","a":"56218.30000","az":"0.13690578"}`},
	{scenario: "one trade",
		frame: `[993,[["354.11000000","0.89594024","1618678142.557535","s","l",""]],"trade","XMR/USD"]`,
		want:  `{"s":"XMR-USD","t":1618678142557535,"p":"354.11000000","z":"0.89594024","d":"s"}`},
	{scenario: "several trades",
		frame: `[993,[["354.04","0.28","1618678150.826417","s","m",""],["353.81","1.71","1618678150.827816","b","m",""]],"trade","XDG/XBT"]`,
		want: `{"s":"DOGE-BTC","t":1618678150826417,"p":"354.04","z":"0.28","d":"s"}
{"s":"DOGE-BTC","t":1618678150827816,"p":"353.81","z":"1.71","d":"b"}`},

	{scenario: "a book", frame: `[1360,{"as":[["0.1","2","1618678123.481570"]]},"book-1000","KSM/XBT"]`, passed: "book-1000"},
	{scenario: "a book of both sides", frame: `[1920,{"a":[["1","2","3"]]},{"b":[["1","2","3"]]},"book-1000","SC/EUR"]`, passed: "book-1000"},
	{scenario: "a heartbeat", frame: `{"event":"heartbeat"}`, passed: "heartbeat"},
	{scenario: "an answer", frame: `{"channelID":1,"channelName":"trade","event":"subscriptionStatus","pair":"SC/EUR","status":"subscribed"}`, passed: "subscriptionStatus"},
	{scenario: "a trade at price zero", frame: `[1,[["0.0","1","1618678142.5","s","l",""]],"trade","A/B"]`, passed: "trade-at-zero"},

	{scenario: "an array of nothing", frame: `[]`},
	{scenario: "an array that is too short", frame: `[1,[],"trade"]`},
	{scenario: "a channel that is no text", frame: `[1,[],5,"A/B"]`},
	{scenario: "no trades", frame: `[1,[],"trade","A/B"]`},
	{scenario: "trades that are no list", frame: `[1,{"a":1},"trade","A/B"]`},
	{scenario: "a trade that is no list", frame: `[1,["x"],"trade","A/B"]`},
	{scenario: "a good trade and a bad one", frame: `[1,[["1","1","1618678142.5","s","l",""],["1","1","1618678142.5","x","l",""]],"trade","A/B"]`},
	{scenario: "a trade without a time", frame: `[1,[["1","1","","s","l",""]],"trade","A/B"]`},
	{scenario: "a trade without a pair", frame: `[1,[["1","1","1618678142.5","s","l",""]],"trade",""]`},
	{scenario: "a ticker without an ask", frame: `[468,{"b":["56119.1",0,"0.03"],"c":["56218.3","0.01"]},"ticker","XBT/CHF"]`},
	{scenario: "a ticker of sizes that are numbers", frame: `[468,{"a":["1",0,5],"b":["1",0,5]},"ticker","XBT/CHF"]`},
}

func TestKrakenFrames(t *testing.T) { runFrames(t, kraken, krakenFrames) }

func TestFramesOfNoVenuesShape(t *testing.T) {
	for _, from := range []*venue{binance, coinbase, kraken} {
		for _, frame := range []string{`"x"`, `5`, `null`, `true`, ``} {
			var d decoder
			if _, passed, err := d.decode(from, []byte(frame), received); err == nil {
				t.Errorf("%s frame %s: got passed over as %q, want an error", from.name, frame, passed)
			}
		}
	}
}

func TestVenueAt(t *testing.T) {
	for address, want := range map[string]string{
		"wss://stream.binance.com:9443/stream?streams=x": "binance",
		"wss://fstream.binance.com/stream":               "binance",
		"wss://dstream.binance.com/ws":                   "binance",
		"wss://data-stream.binance.vision/ws":            "binance",
		"wss://ws-feed.pro.coinbase.com":                 "coinbase",
		"wss://ws-feed.exchange.coinbase.com":            "coinbase",
		"wss://advanced-trade-ws.coinbase.com":           "advanced-trade-ws.coinbase.com",
		"wss://ws.kraken.com":                            "kraken",
		"wss://ws.kraken.com/":                           "kraken",
		"wss://ws.kraken.com/v2":                         "ws.kraken.com",
		"wss://futures.kraken.com/ws/v1":                 "futures.kraken.com",
		"wss://stream.bybit.com/realtime_public":         "stream.bybit.com",
		"wss://notbinance.com":                           "notbinance.com",
		"wss://" + strings.Repeat("x", 99):               "unknown",
		"wss://%zz":                                      "unknown",
		"://":                                            "unknown",
	} {
		if got := venueAt(address).name; got != want {
			t.Errorf("venueAt(%s): got %s, want %s", address, got, want)
		}
	}
}

// fuzzFrames holds a venue to this: a frame gives valid ticks, or is passed
// over, or is undecodable, and never two of them.
func fuzzFrames(f *testing.F, from *venue, seeds []frameTest) {
	for _, s := range seeds {
		f.Add([]byte(s.frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var d decoder
		_, passed, err := d.decode(from, frame, received)
		if n := len(d.ticks); (n > 0) == (passed != nil || err != nil) || passed != nil && err != nil {
			t.Fatalf("decode(%q): %d ticks, passed over as %q, error %v; want exactly one", frame, n, passed, err)
		}
		for i := range d.ticks {
			if err := d.ticks[i].Validate(); err != nil {
				t.Fatalf("decode(%q): tick %d is invalid: %v", frame, i, err)
			}
			if record := feed.AppendTick(nil, &d.ticks[i]); !json.Valid(record) {
				t.Fatalf("decode(%q): record is not JSON: %s", frame, record)
			}
		}
		if by, _, err := d.decode(nil, frame, received); err == nil && by == nil {
			t.Fatalf("decode(%q) without a venue: got none for a frame that is sound", frame)
		}
	})
}

func FuzzBinance(f *testing.F)  { fuzzFrames(f, binance, binanceFrames) }
func FuzzCoinbase(f *testing.F) { fuzzFrames(f, coinbase, coinbaseFrames) }
func FuzzKraken(f *testing.F)   { fuzzFrames(f, kraken, krakenFrames) }

func TestDecodeDoesNotAllocate(t *testing.T) {
	for _, frame := range []string{binanceFrames[0].frame, binanceFrames[3].frame, coinbaseFrames[0].frame, coinbaseFrames[3].frame, krakenFrames[0].frame, krakenFrames[2].frame} {
		var d decoder
		raw := []byte(frame)
		if got := testing.AllocsPerRun(100, func() {
			if _, _, err := d.decode(nil, raw, received); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("allocations per decode of %s: got %v, want 0", frame, got)
		}
	}
}
