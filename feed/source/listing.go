package source

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// listing is a symbol and the price at which it opens.
type listing struct {
	symbol string
	price  float64
}

// currency is a name and what one of it is worth in USD, roughly.
type currency struct {
	name string
	usd  float64
}

var coins = [...]currency{
	{"BTC", 67100}, {"ETH", 3480}, {"SOL", 152}, {"XRP", 0.61}, {"DOGE", 0.142}, {"ADA", 0.43},
	{"BNB", 585}, {"AVAX", 27.4}, {"LINK", 13.9}, {"LTC", 71.5}, {"DOT", 6.05}, {"TRX", 0.128},
	{"BCH", 402}, {"SHIB", 0.0000172}, {"UNI", 7.7}, {"XLM", 0.101}, {"ATOM", 6.4}, {"NEAR", 5.2},
	{"PEPE", 0.0000113}, {"ETC", 22.6}, {"XMR", 158}, {"APT", 7.1}, {"FIL", 4.3}, {"ARB", 0.71},
	{"OP", 1.75}, {"INJ", 24.8}, {"AAVE", 96}, {"GRT", 0.19}, {"MKR", 2710}, {"ALGO", 0.141},
	{"VET", 0.0259}, {"EOS", 0.58}, {"SAND", 0.32}, {"MANA", 0.331}, {"AXS", 5.9}, {"XTZ", 0.77},
	{"CRV", 0.29}, {"SNX", 1.9}, {"COMP", 49}, {"ZEC", 29}, {"DASH", 26.2}, {"YFI", 5950},
	{"KSM", 22.8}, {"ENJ", 0.175}, {"BAT", 0.19}, {"CHZ", 0.067}, {"BONK", 0.0000231}, {"WIF", 2.03},
}

var quotes = [...]currency{
	{"USD", 1}, {"USDT", 1}, {"EUR", 1.08}, {"BTC", 67100}, {"USDC", 1}, {"GBP", 1.27}, {"ETH", 3480}, {"JPY", 0.0066},
}

// lowest is the smallest price at which a symbol opens.
const lowest = 1e-8

// listings is the n most active symbols of a market, the most active first:
// pairs of well-known coins, then of made-up ones. The names do not depend on
// random.
func listings(n int, random *rand.Rand) []listing {
	out := knownPairs()
	taken := make(map[string]bool)
	for _, c := range slices.Concat(coins[:], quotes[:]) {
		taken[c.name] = true
	}
	for k := 0; len(out) < n; k++ {
		name, usd := coinName(k), math.Pow(10, random.Float64()*6-3)
		if taken[name] {
			continue
		}
		for _, q := range quotes {
			out = append(out, listing{name + "-" + q.name, usd / q.usd})
		}
	}
	return out[:n]
}

// knownPairs mixes coins and quotes so that any number of them, taken from the
// start, has several of both.
func knownPairs() []listing {
	type ranked struct {
		listing
		rank int
	}
	var all []ranked
	for i, c := range coins {
		for j, q := range quotes {
			if price := c.usd / q.usd; listed(c, q, price) {
				all = append(all, ranked{listing{c.name + "-" + q.name, price}, i + 4*j})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]listing, len(all))
	for i, r := range all {
		out[i] = r.listing
	}
	return out
}

// listed reports whether c is traded for q. Between two coins it is the
// cheaper one that is priced in the other.
func listed(c, q currency, price float64) bool {
	coinForCoin := q.usd > 2
	return c.name != q.name && price >= lowest && !(coinForCoin && price > 1)
}

// coinName spells the k-th made-up coin so that it can be said aloud. Names
// are of four letters, and of five when those are used up: 210,000 in all.
func coinName(k int) string {
	const (
		consonants = "BCDFGHJKLMNPRSTVWXYZ"
		vowels     = "AEIOU"
		short      = len(consonants) * len(vowels) * len(consonants) * len(vowels)
		long       = short * len(consonants)
		stride     = 7919 // a prime that divides neither: neighbours look nothing alike
	)
	pattern, number := []string{consonants, vowels, consonants, vowels}, k*stride%short
	if k >= short {
		pattern, number = append(pattern, consonants), (k-short)*stride%long
	}
	name := make([]byte, len(pattern))
	for i, letters := range pattern {
		name[i] = letters[number%len(letters)]
		number /= len(letters)
	}
	return string(name)
}
