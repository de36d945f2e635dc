package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"
)

// recorded are the Binance recordings and the symbol that each must come out
// as. They lie beside the project; TICKWIRE_DATA names another place.
var recorded = map[string]string{
	"spot_btcusdt_20240808.gz":   "BTC-USDT",
	"spot_ethusdt_20240808.gz":   "ETH-USDT",
	"usdm_btcusdt_20240808.gz":   "BTC-USDT-PERP",
	"usdm_ethusdt_20240808.gz":   "ETH-USDT-PERP",
	"cm_btcusd_perp_20240808.gz": "BTC-USD-PERP",
}

// recordings are the paths of the files.
func recordings(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("TICKWIRE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	var files []string
	for name := range recorded {
		file := filepath.Join(dir, "binance", name)
		if _, err := os.Stat(file); err != nil {
			t.Skipf("needs the recorded market data: %v; TICKWIRE_DATA names its folder", err)
		}
		files = append(files, file)
	}
	return files
}

// outcome is what a symbol must end with.
type outcome struct {
	ordinal               uint64
	price, size, bid, ask string
	volume                decimal.Decimal
}

// outcomes works out the end of every symbol from the recordings in the
// plainest way there is, with nothing of the program under test.
func outcomes(t *testing.T, files []string) map[string]*outcome {
	t.Helper()
	all := make(map[string]*outcome)
	for _, file := range files {
		o := &outcome{}
		all[recorded[filepath.Base(file)]] = o
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(z)
		s.Buffer(nil, 4<<20)
		for s.Scan() {
			o.add(t, s.Bytes())
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (o *outcome) add(t *testing.T, line []byte) {
	var frame struct {
		Data map[string]any `json:"data"`
	}
	for len(line) > 0 && line[0] != '{' { // the local stamp
		line = line[1:]
	}
	if err := json.Unmarshal(line, &frame); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	member := func(name string) string { s, _ := frame.Data[name].(string); return s }
	switch kind := member("e"); {
	case kind == "bookTicker", kind == "" && member("B") != "": // spot quotes have no kind
		o.bid, o.ask = member("b"), member("a")
	case kind == "trade":
		o.price, o.size = member("p"), member("q")
		size, err := decimal.NewFromString(o.size)
		if err != nil {
			t.Fatal(err)
		}
		o.volume = o.volume.Add(size)
	default:
		return
	}
	o.ordinal++
}
