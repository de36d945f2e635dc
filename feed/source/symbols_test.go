package source

import (
	"strings"
	"testing"
)

func TestCommonName(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		market   market
		name     string
		want     string
		unsplit  bool
	}{
		{"a spot pair", spot, "BTCUSDT", "BTC-USDT", false},
		{"its perpetual future", future, "BTCUSDT", "BTC-USDT-PERP", false},
		{"a perpetual settled in coin", future, "BTCUSD_PERP", "BTC-USD-PERP", false},
		{"one whose name also ends in TUSD", future, "DOTUSD_PERP", "DOT-USD-PERP", false},
		{"one whose name also ends in BUSD", future, "BNBUSD_PERP", "BNB-USD-PERP", false},
		{"a dated future", future, "BTCUSDT_210625", "BTC-USDT-210625", false},
		{"a dated one settled in coin", future, "BNBUSD_210625", "BNB-USD-210625", false},
		{"the longer quote wins", spot, "BTCFDUSD", "BTC-FDUSD", false},
		{"a base that ends like a quote", spot, "WBTCBTC", "WBTC-BTC", false},
		{"a base of one letter", spot, "TUSDT", "T-USDT", false},
		{"a quote in coin", spot, "BLZETH", "BLZ-ETH", false},
		{"digits in the base", spot, "1000SATSUSDT", "1000SATS-USDT", false},
		{"a quote currency alone", spot, "USDT", "USDT", true},
		{"an unknown quote", spot, "ABCXYZ", "ABCXYZ", true},
		{"an unknown quote of a future", future, "ABCXYZ", "ABCXYZ-PERP", true},
		{"Kraken's bitcoin", krakenSpot, "XBT/CHF", "BTC-CHF", false},
		{"Kraken's bitcoin as the quote", krakenSpot, "KSM/XBT", "KSM-BTC", false},
		{"Kraken's dogecoin", krakenSpot, "XDG/USD", "DOGE-USD", false},
		{"no slash", krakenSpot, "XBTUSD", "XBTUSD", true},
		{"half a pair", krakenSpot, "XBT/", "XBT/", true},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var s symbols
			for range 2 { // the second from memory
				if got := string(s.of(tc.market, []byte(tc.name))); got != tc.want {
					t.Errorf("of(%s): got %s, want %s", tc.name, got, tc.want)
				}
			}
			if got := s.unsplit.Load() == 1; got != tc.unsplit {
				t.Errorf("of(%s): counted as unsplit %d times, want once: %t", tc.name, s.unsplit.Load(), tc.unsplit)
			}
		})
	}
}

func TestSymbolsRemembersNoGarbage(t *testing.T) {
	var s symbols
	for _, name := range []string{"", strings.Repeat("X", 33)} {
		if got := string(s.of(spot, []byte(name))); got != name {
			t.Errorf("of(%q): got %q, want it as it is", name, got)
		}
	}
	if len(s.known) != 0 || s.unsplit.Load() != 0 {
		t.Errorf("remembered %d, counted %d, want none", len(s.known), s.unsplit.Load())
	}
}

func TestQuotesAreInOrder(t *testing.T) {
	for _, quotes := range [][]string{spotQuotes, futureQuotes, datedQuotes, coinQuotes} {
		for i, earlier := range quotes {
			for _, later := range quotes[i+1:] {
				if strings.HasSuffix(later, earlier) {
					t.Errorf("%s must come before %s, in which it ends", later, earlier)
				}
			}
		}
	}
}
