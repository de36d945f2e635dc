package splice

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tickwire/fanout/splice/internal/sample"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// kind is a kind of message that has a table: tests go through all.
type kind struct {
	name    string
	layout  func(foot string, heads ...string) Layout
	open    func(foot string, heads ...string) (*Table, error)
	lengths *Lengths
	heads   []string

	usual values
	wire  []byte // usual by the wire
	draw  func(*rand.Rand) values

	golden func(*kind) [][]byte // the updates of the golden file

	market   func(seed uint64, size, count int) []sample.Frame
	made     map[int][][][]byte // frames of market, by size
	recorder func() recorder
}

// recorder makes frames of ticks.
type recorder interface {
	Take(*feed.Tick)
	Frame(size int) sample.Frame
}

// values are what an update says, by the names of its members.
type values map[string]string

var kinds = []*kind{
	{
		name: "ticker", layout: TickerLayout, open: Ticker, lengths: &tickerLengths,
		heads: []string{wire.TickerHead, wire.SnapshotHead},
		usual: values{"s": "BTC-USD", "q": "1007", "n": "88", "t": "1732242000123456", "p": "67123.45", "z": "0.0123", "b": "67123.44", "a": "67123.46", "v": "120.5"},
		wire: wire.AppendUpdate(nil, &wire.Update{Symbol: "BTC-USD", Seq: 1007, Ordinal: 88, Time: 1732242000123456, Price: feed.Number("67123.45"),
			Size: feed.Number("0.0123"), Bid: feed.Number("67123.44"), Ask: feed.Number("67123.46"), Volume: feed.Number("120.5")}),
		draw: drawUpdate, golden: goldenUpdates,
		market: sample.Market, recorder: func() recorder { return sample.NewNode(1) },
	},
	{
		name: "trades", layout: TradesLayout, open: Trades, lengths: &tradesLengths,
		heads: []string{wire.TradesHead, wire.Head(wire.Trades, true, 0)},
		usual: values{"s": "BTC-USD", "q": "1006", "t": "1732242000123400", "p": "67123.44", "z": "0.5", "d": "s"},
		wire: wire.AppendTrade(nil, &wire.Trade{Symbol: "BTC-USD", Seq: 1006, Time: 1732242000123400, Price: feed.Number("67123.44"),
			Size: feed.Number("0.5"), Side: "s"}),
		draw: drawTrade, golden: goldenTrades,
		market: sample.Trades, recorder: func() recorder { return sample.NewTape(1) },
	},
	{
		name: "bars", layout: BarsLayout, open: Bars, lengths: &barsLengths,
		heads: []string{wire.Head(wire.Bars1m, false, 0), wire.Head(wire.Bars1m, true, 0)},
		usual: values{"s": "BTC-USD", "t": "1732241940000000", "q": "1001", "o": "67100.00", "h": "67130.00", "l": "67090.00", "c": "67123.44", "v": "3.21", "k": "41", "x": "true"},
		wire: wire.AppendBar(nil, &wire.Bar{Symbol: "BTC-USD", Start: 1732241940000000, Seq: 1001, Open: feed.Number("67100.00"), High: feed.Number("67130.00"),
			Low: feed.Number("67090.00"), Close: feed.Number("67123.44"), Volume: feed.Number("3.21"), Count: 41, Closed: true}),
		draw: drawBar, golden: goldenBars,
		market: sample.Bars, recorder: func() recorder { return sample.NewChart(1, time.Second) },
	},
}

// forKinds runs a test with the table of every kind of message.
func forKinds(t *testing.T, test func(*testing.T, *kind, *Table)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { test(t, k, k.table(t)) })
	}
}

func (k *kind) table(tb testing.TB) *Table {
	tb.Helper()
	t, err := k.open(wire.DataFoot, k.heads...)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// update is the text of an update.
func (k *kind) update(v values) []byte {
	text := []byte("{")
	for i, f := range k.layout("").Fields {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%q:%s%s%s", f.Name, quote(f), v[f.Name], quote(f))
	}
	return append(text, '}')
}

// with is the usual update but for some values: name, value, name, value.
func (k *kind) with(changes ...string) []byte {
	v := maps.Clone(k.usual)
	for i := 0; i < len(changes); i += 2 {
		v[changes[i]] = changes[i+1]
	}
	return k.update(v)
}

// last is the name of the last member.
func (k *kind) last() string {
	fields := k.layout("").Fields
	return fields[len(fields)-1].Name
}

// longest is an update as long as can be.
func (k *kind) longest(tb testing.TB, t *Table) []byte {
	tb.Helper()
	v := maps.Clone(k.usual)
	for len(k.update(v)) < maxSpan-len(",") {
		if !k.lengthen(t, v) {
			tb.Fatalf("no room in %s, want %d bytes", k.update(v), maxSpan-len(","))
		}
	}
	return k.update(v)
}

// lengthen makes a value longer by one, the last one that has room.
func (k *kind) lengthen(t *Table, v values) bool {
	for _, f := range slices.Backward(k.layout("").Fields) {
		v[f.Name] += "0"
		if t.Encode(new(Segment), k.update(v)) {
			return true
		}
		v[f.Name] = v[f.Name][:len(v[f.Name])-1]
	}
	return false
}

// drawn makes n updates of any kind that t can encode. Some are there more than
// once, and some have values of the one before or begin as those do.
func (k *kind) drawn(t *Table, r *rand.Rand, n int) [][]byte {
	var updates [][]byte
	var before values
	for len(updates) < n {
		v := k.draw(r)
		if before != nil && r.IntN(3) > 0 {
			k.resemble(r, v, before)
		}
		u := k.update(v)
		if len(updates) > 0 && r.IntN(10) == 0 {
			u = updates[r.IntN(len(updates))]
		}
		if t.Encode(new(Segment), u) {
			updates, before = append(updates, u), v
		}
	}
	return updates
}

// resemble gives v some of the values of before, or what they begin with.
func (k *kind) resemble(r *rand.Rand, v, before values) {
	for _, f := range k.layout("").Fields { // not by range over v: the same each time
		old := before[f.Name]
		switch r.IntN(4) {
		case 0:
			v[f.Name] = old[:r.IntN(len(old)+1)] + digits(r, r.IntN(4))
		case 1, 2:
			v[f.Name] = old
		}
	}
}

func drawUpdate(r *rand.Rand) values {
	price := decimal(r)
	v := values{"s": drawSymbol(r), "q": digits(r, 1+r.IntN(19)), "n": digits(r, 1+r.IntN(20)), "t": drawTime(r),
		"p": price, "z": decimal(r), "b": near(r, price), "a": near(r, price), "v": decimal(r)}
	if r.IntN(8) == 0 {
		v["p"], v["z"] = "", ""
	}
	if r.IntN(8) == 0 {
		v["b"], v["a"] = "", ""
	}
	return v
}

func drawTrade(r *rand.Rand) values {
	v := values{"s": drawSymbol(r), "q": digits(r, 1+r.IntN(19)), "t": drawTime(r), "p": decimal(r), "z": decimal(r), "d": []string{"b", "s", ""}[r.IntN(3)]}
	if r.IntN(8) == 0 {
		v["z"] = ""
	}
	return v
}

func drawBar(r *rand.Rand) values {
	price := decimal(r)
	return values{"s": drawSymbol(r), "t": drawTime(r), "q": digits(r, 1+r.IntN(19)), "o": price, "h": near(r, price), "l": near(r, price), "c": near(r, price),
		"v": decimal(r), "k": digits(r, 1+r.IntN(20)), "x": fmt.Sprint(r.IntN(2) == 0)}
}

func drawSymbol(r *rand.Rand) string {
	symbols := []string{"BTC-USD", "ETH-USD", "X", "A-", "-", "SOL-USDT", "BTC-USD-PERP", "BTC-USDT-210625", "ABCDEFGHIJKLMNOPQRSTUVWXYZ-12345",
		"abcdefghijklmnopqrstuvwxyz_{}~!#", "1000SHIB-USDC", "LONGLONGLONG-SUFFIX.OF.MANY"}
	if r.IntN(4) == 0 {
		return printable(r, 1+r.IntN(feed.MaxSymbol))
	}
	return symbols[r.IntN(len(symbols))]
}

func drawTime(r *rand.Rand) string {
	if r.IntN(8) == 0 {
		return digits(r, 1+r.IntN(16))
	}
	return fmt.Sprint(1732242000123456 + r.Int64N(3)*700_000)
}

// near is a price near another, or not at all.
func near(r *rand.Rand, price string) string {
	switch r.IntN(4) {
	case 0:
		return price
	case 1:
		return decimal(r)
	default:
		return price[:r.IntN(len(price)+1)] + decimal(r)
	}
}

// marketSeed is of a market that the code was not trained on.
const marketSeed = 99

// frames are the first count frames of that market. They are made once and
// belong to all tests.
func (k *kind) frames(size, count int) [][][]byte {
	if k.made == nil {
		k.made = make(map[int][][][]byte)
	}
	if len(k.made[size]) < count {
		k.made[size] = nil
		for _, f := range k.market(marketSeed, size, max(count, usualCount)) {
			k.made[size] = append(k.made[size], f)
		}
	}
	return k.made[size][:count]
}

const usualCount = 20

func TestUpdatesAreAsTheWireHasThem(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, _ *Table) {
		if got, want := string(k.with()), string(k.wire); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
