package source

import (
	"strings"
	"sync/atomic"

	"tickwire/feed"
)

// market is what a venue's name for a symbol stands for.
type market uint8

const (
	spot market = iota
	future
	krakenSpot
)

// Binance writes pairs without a separator, so the quote currency must be known
// to see where it begins. A longer one is tried before one that it ends in.
var (
	spotQuotes = []string{
		"FDUSD",
		"USDT", "USDC", "TUSD", "BUSD", "USDP", "USD1", "XUSD", "BIDR", "IDRT", "BVND", "BKRW", "AEUR", "EURI", "DOGE",
		"BTC", "ETH", "BNB", "TRX", "XRP", "DOT", "SOL", "DAI", "PAX", "VAI", "UST", "NGN", "RUB", "TRY", "EUR", "GBP",
		"AUD", "BRL", "ZAR", "UAH", "JPY", "PLN", "RON", "ARS", "MXN", "COP", "CZK", "IDR", "USD",
	}
	futureQuotes = []string{"USDT", "USDC", "BUSD", "USD1", "BTC", "ETH"}
	datedQuotes  = []string{"USDT", "USDC", "USD"} // no BUSD: BNBUSD_210625 is BNB in USD
	coinQuotes   = []string{"USD"}                 // COIN-M has no other
)

// maxNames bounds how many names are remembered.
const maxNames = 1 << 16

// symbols turns the names of venues into common ones and remembers them.
type symbols struct {
	known   map[venueName][]byte
	unsplit atomic.Int64 // names in which no quote currency was found
}

type venueName struct {
	market market
	name   string
}

// of is the common name, for the caller to read only. The caller may reuse name
// when it is done with the common one. What cannot be a symbol stays as it is.
func (s *symbols) of(m market, name []byte) []byte {
	if len(name) == 0 || len(name) > feed.MaxSymbol {
		return name
	}
	if common, ok := s.known[venueName{m, string(name)}]; ok {
		return common
	}
	if s.known == nil {
		s.known = make(map[venueName][]byte)
	}
	key := venueName{m, string(name)}
	common, split := commonName(key)
	if !split {
		s.unsplit.Add(1)
	}
	if len(s.known) < maxNames {
		s.known[key] = []byte(common)
	}
	return []byte(common)
}

// commonName reports false when it found no quote currency; the name is then
// the venue's own, but for the mark of a future.
func commonName(v venueName) (common string, split bool) {
	switch v.market {
	case krakenSpot:
		return krakenName(v.name)
	case future:
		return futureName(v.name)
	}
	return splitPair(v.name, spotQuotes)
}

// futureName reads BTCUSDT, BTCUSDT_210625, BTCUSD_PERP and BTCUSD_210625.
func futureName(name string) (common string, split bool) {
	pair, end, marked := strings.Cut(name, "_")
	switch {
	case !marked:
		end = "PERP"
		pair, split = splitPair(pair, futureQuotes)
	case end == "PERP":
		pair, split = splitPair(pair, coinQuotes)
	default:
		pair, split = splitPair(pair, datedQuotes)
	}
	return pair + "-" + end, split
}

func splitPair(pair string, quotes []string) (common string, split bool) {
	for _, quote := range quotes {
		if base, found := strings.CutSuffix(pair, quote); found && base != "" {
			return base + "-" + quote, true
		}
	}
	return pair, false
}

// krakenName reads XBT/USD. XBT and XDG are Kraken's own names.
func krakenName(name string) (common string, split bool) {
	base, quote, found := strings.Cut(name, "/")
	if !found || base == "" || quote == "" {
		return name, false
	}
	return krakenCurrency(base) + "-" + krakenCurrency(quote), true
}

func krakenCurrency(name string) string {
	switch name {
	case "XBT":
		return "BTC"
	case "XDG":
		return "DOGE"
	}
	return name
}
