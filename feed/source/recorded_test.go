package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tickwire/feed"
)

// dataDir finds the recordings: in TICKWIRE_DATA, or in shared/data beside a
// directory above this one.
func dataDir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("TICKWIRE_DATA"); dir != "" {
		return dir
	}
	here, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for at := here; ; at = filepath.Dir(at) {
		dir := filepath.Join(at, "shared", "data")
		if _, err := os.Stat(filepath.Join(dir, "binance")); err == nil {
			return dir
		}
		if at == filepath.Dir(at) {
			tb.Skip("the recordings are not there: set TICKWIRE_DATA to the directory that holds binance and cryptofeed")
		}
	}
}

// said is how many ticks of a symbol there were, and the last value of each kind.
type said struct {
	quotes, trades                                int
	price, size, side, bid, bidSize, ask, askSize string
}

// recorded is what each recording holds: facts of the files, counted without the
// code under test. The symbols of the first five prove that the shape of the
// frames alone tells spot pairs and futures of one name apart.
var recorded = []struct {
	file    string
	symbols map[string][2]int // quotes and trades
	passed  map[string]int64
	frames  int64
}{
	{"binance/spot_btcusdt_20240808.gz", map[string][2]int{"BTC-USDT": {28040, 9757}}, map[string]int64{"binance depthUpdate": 3451, "binance snapshot": 1}, 41249},
	{"binance/spot_ethusdt_20240808.gz", map[string][2]int{"ETH-USDT": {24077, 6106}}, map[string]int64{"binance depthUpdate": 3434, "binance snapshot": 1}, 33618},
	{"binance/usdm_btcusdt_20240808.gz", map[string][2]int{"BTC-USDT-PERP": {66089, 21313}}, map[string]int64{"binance depthUpdate": 6551, "binance snapshot": 1}, 93954},
	{"binance/usdm_ethusdt_20240808.gz", map[string][2]int{"ETH-USDT-PERP": {53992, 14076}}, map[string]int64{"binance depthUpdate": 6586, "binance snapshot": 1}, 74655},
	{"binance/cm_btcusd_perp_20240808.gz", map[string][2]int{"BTC-USD-PERP": {19136, 2286}}, map[string]int64{"binance depthUpdate": 26847, "binance snapshot": 1}, 48270},
	{"cryptofeed/BINANCE.ws.1.0.gz", nil, map[string]int64{"binance depthUpdate": 177, "binance aggTrade": 2, "binance kline": 2}, 265},
	{"cryptofeed/BINANCE_FUTURES.ws.1.0.gz", nil, map[string]int64{"binance depthUpdate": 764, "binance aggTrade": 91, "binance kline": 67}, 1535},
	{"cryptofeed/COINBASE.ws.28.0.gz", nil, map[string]int64{"coinbase l2update": 9719, "coinbase last_match": 10, "coinbase snapshot": 10, "coinbase subscriptions": 3}, 9946},
	{"cryptofeed/KRAKEN.ws.48.0.gz", nil, map[string]int64{"kraken heartbeat": 30, "kraken subscriptionStatus": 10, "kraken systemStatus": 1}, 49},
	{"cryptofeed/KRAKEN.ws.49.0.gz", nil, map[string]int64{"kraken heartbeat": 31, "kraken subscriptionStatus": 10, "kraken systemStatus": 1}, 60},
	{"cryptofeed/KRAKEN.ws.50.0.gz", nil, map[string]int64{"kraken heartbeat": 31, "kraken subscriptionStatus": 10, "kraken systemStatus": 1, "kraken book-1000": 4279}, 4321},
	{"cryptofeed/BYBIT.ws.25.0.gz", nil, map[string]int64{"stream.bybit.com frame": 3342}, 3342},
	{"cryptofeed/BITSTAMP.ws.1.0.gz", nil, map[string]int64{"ws.bitstamp.net frame": 747}, 747},
}

func TestRecordings(t *testing.T) {
	dir := dataDir(t)
	for _, tc := range recorded {
		t.Run(tc.file, func(t *testing.T) {
			path := filepath.Join(dir, tc.file)
			r := mustReplay(t, ReplayConfig{Files: []string{path}})
			got := replayed(t, r)
			want := expected(t, path)
			if !maps.Equal(got, want) {
				t.Errorf("symbols differ from the simple reading:\n got %v\nwant %v", got, want)
			}
			for symbol, n := range tc.symbols {
				if s := got[symbol]; s.quotes != n[0] || s.trades != n[1] || len(got) != len(tc.symbols) {
					t.Errorf("%s: got %d quotes and %d trades among %d symbols, want %d and %d among %d",
						symbol, s.quotes, s.trades, len(got), n[0], n[1], len(tc.symbols))
				}
			}
			c := r.Counts()
			if c.Frames != tc.frames || c.Undecodable != 0 || c.Unsplit != 0 || !maps.Equal(c.Passed, tc.passed) {
				t.Errorf("Counts: got %+v, want %d frames, %v passed over and nothing odd", c, tc.frames, tc.passed)
			}
		})
	}
}

// replayed runs r and keeps what it said last of each symbol.
func replayed(tb testing.TB, r *Replay) map[string]said {
	tb.Helper()
	out := make(map[string]said)
	if err := r.Run(tb.Context(), func(_ context.Context, t *feed.Tick) error {
		s := out[string(t.Symbol)]
		if len(t.Size) != 0 {
			s.trades++
			s.size, s.side = string(t.Size), string(rune(t.Side))
		}
		if len(t.Bid) != 0 {
			s.quotes++
			s.bid, s.ask = string(t.Bid), string(t.Ask)
			s.bidSize, s.askSize = string(t.BidSize), string(t.AskSize)
		}
		if len(t.Price) != 0 {
			s.price = string(t.Price)
		}
		out[string(t.Symbol)] = s
		return nil
	}); err != nil {
		tb.Fatalf("Run: %v", err)
	}
	return out
}

// expected reads a recording the simple way, and takes what is spot and what is
// a future from the name of the file, which the code under test never sees.
func expected(tb testing.TB, path string) map[string]said {
	tb.Helper()
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	out := make(map[string]said)
	scan := bufio.NewScanner(text)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		_, frame, _ := bytes.Cut(scan.Bytes(), []byte(" "))
		if bytes.HasPrefix(frame, []byte("<")) || len(frame) == 0 || isBook(frame) {
			continue
		}
		var v any
		if err := json.Unmarshal(frame, &v); err != nil {
			tb.Fatalf("%s: %v", frame, err)
		}
		simple(out, filepath.Base(path), v)
	}
	if scan.Err() != nil {
		tb.Fatal(scan.Err())
	}
	return out
}

// isBook reports whether a frame is about an order book, which is most of the
// text and none of the ticks.
func isBook(frame []byte) bool {
	for _, mark := range []string{`"depthUpdate"`, `"lastUpdateId"`, `"l2update"`, `"snapshot"`, `"book-1000"`, `"orderBookL2_25.`} {
		if bytes.Contains(frame, []byte(mark)) {
			return true
		}
	}
	return false
}

type object = map[string]any

func simple(out map[string]said, file string, frame any) {
	switch {
	case strings.HasPrefix(file, "COINBASE"):
		simpleCoinbase(out, frame.(object))
	case strings.HasPrefix(file, "KRAKEN"):
		simpleKraken(out, frame)
	case strings.HasPrefix(file, "BYBIT"), strings.HasPrefix(file, "BITSTAMP"):
	default:
		simpleBinance(out, file, frame.(object))
	}
}

func simpleBinance(out map[string]said, file string, frame object) {
	stream, _ := frame["stream"].(string)
	v, _ := frame["data"].(object)
	name, _ := v["s"].(string)
	pair, _, _ := strings.Cut(name, "_")
	for _, quote := range []string{"USDT", "USD", "ETH", "BTC", "EUR"} {
		if base, ok := strings.CutSuffix(pair, quote); ok {
			name = base + "-" + quote
			break
		}
	}
	if !strings.HasPrefix(file, "spot") && !strings.HasPrefix(file, "BINANCE.") {
		name += "-PERP"
	}
	s := out[name]
	switch {
	case strings.HasSuffix(stream, "@bookTicker"):
		s.quotes++
		s.bid, s.bidSize, s.ask, s.askSize = v["b"].(string), v["B"].(string), v["a"].(string), v["A"].(string)
	case strings.HasSuffix(stream, "@trade"):
		s.trades++
		s.price, s.size, s.side = v["p"].(string), v["q"].(string), map[bool]string{true: "s", false: "b"}[v["m"].(bool)]
	default:
		return
	}
	out[name] = s
}

func simpleCoinbase(out map[string]said, v object) {
	name, _ := v["product_id"].(string)
	s := out[name]
	switch v["type"] {
	case "ticker":
		s.quotes++
		s.price, s.bid, s.ask = v["price"].(string), v["best_bid"].(string), v["best_ask"].(string)
	case "match":
		s.trades++
		s.price, s.size, s.side = v["price"].(string), v["size"].(string), map[any]string{"buy": "s", "sell": "b"}[v["side"]]
	default:
		return
	}
	out[name] = s
}

func simpleKraken(out map[string]said, frame any) {
	v, ok := frame.([]any)
	if !ok || len(v) != 4 {
		return
	}
	name := strings.ReplaceAll(strings.ReplaceAll(v[3].(string), "XBT", "BTC"), "/", "-")
	text := func(member string, i int) string { return v[1].(object)[member].([]any)[i].(string) }
	s := out[name]
	switch v[2] {
	case "ticker":
		s.quotes++
		s.price, s.bid, s.bidSize, s.ask, s.askSize = text("c", 0), text("b", 0), text("b", 2), text("a", 0), text("a", 2)
	case "trade":
		for _, item := range v[1].([]any) {
			trade := item.([]any)
			s.trades++
			s.price, s.size, s.side = trade[0].(string), trade[1].(string), trade[3].(string)
		}
	default:
		return
	}
	out[name] = s
}

// TestCoinbaseSidesAgree proves on the recording that a match tells the maker's
// side: the ticker of the same trade tells the taker's, always the other one.
func TestCoinbaseSidesAgree(t *testing.T) {
	file, err := os.Open(filepath.Join(dataDir(t), "cryptofeed", "COINBASE.ws.28.0.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	sides := make(map[string]map[string]string) // of a trade, by type
	scan := bufio.NewScanner(text)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		_, frame, _ := bytes.Cut(scan.Bytes(), []byte(": "))
		var v struct {
			Type    string
			Product string `json:"product_id"`
			Side    string
			Trade   int `json:"trade_id"`
		}
		if json.Unmarshal(frame, &v) != nil || v.Type != "match" && v.Type != "ticker" {
			continue
		}
		trade := fmt.Sprint(v.Product, v.Trade)
		if sides[trade] == nil {
			sides[trade] = make(map[string]string)
		}
		sides[trade][v.Type] = v.Side
	}
	both := 0
	for trade, side := range sides {
		if len(side) == 2 {
			both++
			if side["match"] == side["ticker"] {
				t.Errorf("trade %s: match and ticker both say %s", trade, side["match"])
			}
		}
	}
	if both != 97 {
		t.Errorf("trades told by both: got %d, want 97", both)
	}
}

// TestEventTimesAreNotCorrected holds the package comment to its word: in a spot
// recording whose local clock was 1.27 s behind, quotes have the local time and
// trades the venue's, so the event times of the symbol go back again and again.
func TestEventTimesAreNotCorrected(t *testing.T) {
	r := mustReplay(t, ReplayConfig{Files: []string{filepath.Join(dataDir(t), "binance", "spot_btcusdt_20240808.gz")}})
	const second = 1_000_000
	var last feed.Tick
	back := 0
	if err := r.Run(t.Context(), func(_ context.Context, tick *feed.Tick) error {
		if fromTrade := len(last.Price) != 0; fromTrade && len(tick.Bid) != 0 {
			if ago := last.Time - tick.Time; ago <= 0 || ago > 2*second {
				t.Fatalf("a quote behind a trade at %d: got event time %d, want it earlier by up to 2 s", last.Time, tick.Time)
			}
			back++
		}
		last = feed.Tick{Time: tick.Time, Price: tick.Price}
		return nil
	}); err != nil {
		t.Fatalf("Run: %v", err)
	}
	if back == 0 {
		t.Error("quotes behind a trade: got none")
	}
}

// TestRecordingsOfBothFormatsAtOnce merges one file a Binance market and all of
// cryptofeed's.
func TestRecordingsOfBothFormatsAtOnce(t *testing.T) {
	dir := dataDir(t)
	var files []string
	var frames int64
	for _, r := range slices.Concat(recorded[1:2], recorded[4:]) {
		files = append(files, filepath.Join(dir, r.file))
		frames += r.frames
	}
	r := mustReplay(t, ReplayConfig{Files: files})
	got := replayed(t, r)
	if c := r.Counts(); c.Frames != frames || c.Undecodable != 0 {
		t.Errorf("Counts: got %d frames, %d undecodable; want %d and none", c.Frames, c.Undecodable, frames)
	}
	for _, symbol := range []string{"ETH-USDT", "BTC-USD-PERP", "SKL-USD", "BTC-CHF", "SUSHI-USDT-PERP"} {
		if _, ok := got[symbol]; !ok {
			t.Errorf("%s is missing among %v", symbol, slices.Sorted(maps.Keys(got)))
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	dir := dataDir(b)
	var files []string
	for _, r := range recorded[:5] {
		files = append(files, filepath.Join(dir, r.file))
	}
	b.ReportAllocs()
	frames := int64(0)
	for b.Loop() {
		r, err := NewReplay(ReplayConfig{Files: files})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Run(b.Context(), func(context.Context, *feed.Tick) error { return nil }); err != nil {
			b.Fatal(err)
		}
		frames += r.Counts().Frames
	}
	b.ReportMetric(float64(frames)/b.Elapsed().Seconds(), "frames/s")
}
