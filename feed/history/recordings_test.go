package history_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/feed"
	"tickwire/feed/history"
	"tickwire/feed/source"
)

// dataDir finds the recorded market data: in TICKWIRE_DATA, or in shared/data
// beside a directory above this one.
func dataDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("TICKWIRE_DATA"); dir != "" {
		return dir
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := here; ; at = filepath.Dir(at) {
		dir := filepath.Join(at, "shared", "data")
		if _, err := os.Stat(filepath.Join(dir, "binance")); err == nil {
			return dir
		}
		if at == filepath.Dir(at) {
			t.Skip("the recordings are not there: set TICKWIRE_DATA to the directory that holds binance and questdb")
		}
	}
}

// deal is a trade as a file tells it.
type deal struct {
	time        int64 // microseconds
	price, size string
}

// TestBarsAndDayOfTheRecordings gives a history what the replay makes of each
// recording, and holds it to a plain computation over the raw frames.
func TestBarsAndDayOfTheRecordings(t *testing.T) {
	dir := dataDir(t)
	for _, tc := range []struct {
		file   string
		trades int
	}{
		{"spot_btcusdt_20240808.gz", 9757}, {"spot_ethusdt_20240808.gz", 6106}, {"usdm_btcusdt_20240808.gz", 21313},
		{"usdm_ethusdt_20240808.gz", 14076}, {"cm_btcusd_perp_20240808.gz", 2286},
	} {
		t.Run(tc.file, func(t *testing.T) {
			path := filepath.Join(dir, "binance", tc.file)
			replay, err := source.NewReplay(source.ReplayConfig{Files: []string{path}})
			if err != nil {
				t.Fatal(err)
			}
			var h history.History
			seq := int64(0)
			if err := replay.Run(t.Context(), func(_ context.Context, tick *feed.Tick) error {
				h.Add(tick, seq)
				seq++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			deals := binanceDeals(t, path)
			if len(deals) != tc.trades {
				t.Fatalf("trades in the file: got %d, want %d", len(deals), tc.trades)
			}
			compare(t, &h, deals)
		})
	}
}

// TestBarsAndDayOfAnHour does the same over an hour of Coinbase trades.
func TestBarsAndDayOfAnHour(t *testing.T) {
	deals := csvDeals(t, filepath.Join(dataDir(t), "questdb", "btc_trades.csv.gz"))
	var h history.History
	for n, d := range deals {
		h.Add(&feed.Tick{Time: d.time, Price: feed.Number(d.price), Size: feed.Number(d.size)}, int64(n))
	}
	compare(t, &h, deals)
}

func binanceDeals(t *testing.T, path string) (all []deal) {
	t.Helper()
	lines := bufio.NewScanner(open(t, path))
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		_, text, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		if !bytes.Contains(text, []byte(`@trade"`)) {
			continue
		}
		var frame struct {
			Data struct {
				E json.RawMessage `json:"E"` // apart from e, which differs in case alone
				T json.Number     `json:"T"`
				I json.RawMessage `json:"t"`
				P string          `json:"p"`
				Q string          `json:"q"`
			} `json:"data"`
		}
		if err := json.Unmarshal(text, &frame); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		ms, err := frame.Data.T.Int64()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		all = append(all, deal{ms * 1000, frame.Data.P, frame.Data.Q})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func csvDeals(t *testing.T, path string) (all []deal) {
	t.Helper()
	rows, err := csv.NewReader(open(t, path)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] { // symbol, side, price, amount, timestamp
		at, err := time.Parse(time.RFC3339, row[4])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, deal{at.UnixMicro(), plain(t, row[2]), plain(t, row[3])})
	}
	return all
}

// plain is a number without the exponent that the file may give it.
func plain(t *testing.T, text string) string {
	t.Helper()
	d, err := decimal.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d.StringFixed(max(0, -d.Exponent()))
}

func open(t *testing.T, path string) io.Reader {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Skipf("needs the recorded market data: %v; TICKWIRE_DATA names its folder", err)
	}
	t.Cleanup(func() { file.Close() })
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compare holds all bars and the day of h to those of deals, all of which lie
// within 24 hours.
func compare(t *testing.T, h *history.History, deals []deal) {
	t.Helper()
	for i, limit := range [...]int{300, 1440, 288, 168} {
		i := history.Interval(i)
		groups := make(map[int64][]deal)
		for _, d := range deals {
			start := time.UnixMicro(d.time).Truncate(i.Duration()).UnixMicro()
			groups[start] = append(groups[start], d)
		}
		var want []string
		for _, start := range slices.Sorted(maps.Keys(groups)) {
			want = append(want, fmt.Sprint(start, " ", figures(groups[start])))
		}
		want = want[max(0, len(want)-limit):]
		var got []string
		for b := range h.Changed(i, 0) {
			got = append(got, fmt.Sprint(b.Start, " ", text(&b.Figures)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v:\n got %s\nwant %s", i, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		t.Logf("%v: %d bars", i, len(got))
	}
	day, ok := h.Day()
	if got, want := text(&day.Figures), figures(deals); !ok || got != want {
		t.Errorf("day:\n got %s\nwant %s", got, want)
	}
	if got, want := fmt.Sprintf("%s %s %s", day.AppendVWAP(nil), day.AppendChange(nil), day.AppendPercent(nil)), ratios(t, deals); got != want {
		t.Errorf("VWAP, change, percent: got %s, want %s", got, want)
	}
}

func text(f *history.Figures) string {
	return fmt.Sprintf("%s %s %s %s %s %d", f.AppendOpen(nil), f.AppendHigh(nil), f.AppendLow(nil), f.AppendClose(nil), f.AppendVolume(nil), f.Count())
}

// figures are open, high, low, close, volume and count.
func figures(deals []deal) string {
	prices, sizes := decimals(deals)
	return fmt.Sprintf("%s %s %s %s %s %d", fixed(prices[0], prices), fixed(decimal.Max(prices[0], prices...), prices),
		fixed(decimal.Min(prices[0], prices...), prices), fixed(prices[len(prices)-1], prices), fixed(decimal.Sum(sizes[0], sizes[1:]...), sizes), len(deals))
}

// ratios are VWAP, change and percent.
func ratios(t *testing.T, deals []deal) string {
	prices, sizes := decimals(deals)
	var turnover decimal.Decimal
	for i := range prices {
		turnover = turnover.Add(prices[i].Mul(sizes[i]))
	}
	change := prices[len(prices)-1].Sub(prices[0])
	vwap := turnover.DivRound(decimal.Sum(sizes[0], sizes[1:]...), finest(prices)+2)
	percent := change.Mul(decimal.NewFromInt(100)).DivRound(prices[0], 4)
	t.Logf("VWAP %s, change %s %%", vwap, percent)
	return fmt.Sprintf("%s %s %s", vwap.StringFixed(finest(prices)+2), fixed(change, prices), percent.StringFixed(4))
}

// decimals are the prices and the sizes by event time, those of one time in the
// order of the file.
func decimals(deals []deal) (prices, sizes []decimal.Decimal) {
	ordered := slices.Clone(deals)
	slices.SortStableFunc(ordered, func(a, b deal) int { return int(a.time - b.time) })
	for _, d := range ordered {
		prices = append(prices, decimal.RequireFromString(d.price))
		sizes = append(sizes, decimal.RequireFromString(d.size))
	}
	return prices, sizes
}

// fixed has as many places as the finest of all.
func fixed(d decimal.Decimal, all []decimal.Decimal) string { return d.StringFixed(finest(all)) }

func finest(all []decimal.Decimal) (places int32) {
	for _, d := range all {
		places = max(places, -d.Exponent())
	}
	return places
}
