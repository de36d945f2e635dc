package fanout

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// TestEveryChannelTellsWhatTheModelSays drives random clients of all channels on
// two nodes that read the same ticks: they subscribe, unsubscribe, change rates,
// stall, set budgets, go away and come again on either node with what they have.
// A plain list of all trades is the model. Of trades each client must have every
// one, in order, or a gap that says which not; of bars, statistics and tickers
// it must end with what the model says.
func TestEveryChannelTellsWhatTheModelSays(t *testing.T) {
	for range 15 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runChannelsModel(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

// world is the model: all trades, and the two nodes.
type world struct {
	t      *testing.T
	r      *rand.Rand
	nodes  [2]*Hub
	trades map[string][]wire.Trade // by symbol
	offset int64
	kept   int64 // Kafka has the records from this offset on
	mu     sync.Mutex
}

var worldSymbols = []string{"AA-0", "AA-1", "AB-0", "B-0"}

func runChannelsModel(t *testing.T, r *rand.Rand) {
	w := &world{t: t, r: r, trades: make(map[string][]wire.Trade)}
	config := Config{Shards: 1 + r.IntN(2), Symbols: 100, History: history.Limits{Trades: 8 + r.IntN(40)},
		Policy: Policy{MaxFrame: [...]int{0, 400, 3000}[r.IntN(3)]}}
	if r.IntN(2) == 0 {
		config.Archive = w
	}
	for i := range w.nodes {
		w.nodes[i] = New(config)
		defer w.nodes[i].Close()
	}
	w.tick(20)
	var clients []*visitor
	for range 8 {
		v := &visitor{world: w, memory: newMemory()}
		v.arrive()
		clients = append(clients, v)
	}
	for range 300 {
		v := clients[r.IntN(len(clients))]
		switch r.IntN(14) {
		case 0, 1:
			v.subscribeSome()
		case 2:
			v.unsubscribeSome()
		case 3:
			v.client.stall()
		case 4:
			v.client.recover()
		case 5:
			v.client.read()
		case 6:
			time.Sleep(time.Duration(r.IntN(1500)) * time.Millisecond)
		case 7:
			v.moveOn()
		case 8:
			w.kept = max(w.kept, w.offset-int64(r.IntN(200)))
		default:
			w.tick(1 + r.IntN(30))
		}
	}
	for _, v := range clients {
		v.client.recover()
		synctest.Wait()
		unbound := 0
		v.client.ask(wire.Request{Op: wire.OpSubscribe, BytesPerS: &unbound})
	}
	time.Sleep(5 * time.Second) // the slowest rate is one a second, and bars are closed in one
	synctest.Wait()
	for i, v := range clients {
		v.learn()
		v.compare(fmt.Sprintf("client %d", i))
	}
}

// tick applies trades, some of them late, to both nodes at once.
func (w *world) tick(n int) {
	var burst []feed.Tick
	w.mu.Lock()
	first := w.offset
	for range n {
		symbol := worldSymbols[w.r.IntN(len(worldSymbols))]
		at := time.Now().UnixMicro()
		if w.r.IntN(8) == 0 {
			at -= w.r.Int64N(3_000_000)
		}
		price, size := fmt.Sprintf("%d.%02d", 100+w.r.IntN(10), w.r.IntN(100)), fmt.Sprintf("0.%d", 1+w.r.IntN(99))
		side := [...]feed.Side{feed.NoSide, feed.Buy, feed.Sell}[w.r.IntN(3)]
		burst = append(burst, feed.Tick{Symbol: []byte(symbol), Time: at, Price: feed.Number(price), Size: feed.Number(size), Side: side})
		w.trades[symbol] = append(w.trades[symbol], wire.Trade{Symbol: symbol, Seq: w.offset, Time: at, Price: feed.Number(price), Size: feed.Number(size), Side: sideText(side)})
		w.offset++
	}
	w.mu.Unlock()
	var loops sync.WaitGroup
	for _, node := range w.nodes {
		loops.Go(func() {
			for i := range burst {
				tick := burst[i]
				node.Apply(&tick, feed.Position{Offset: first + int64(i)})
			}
		})
	}
	loops.Wait()
}

// Replay makes world an Archive with a retention.
func (w *world) Replay(_ context.Context, _ int32, from, to int64, each func(t *feed.Tick, offset int64) bool) (begun, reached int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	begun = max(from, min(w.kept, to))
	var all []wire.Trade
	for _, trades := range w.trades {
		all = append(all, trades...)
	}
	slices.SortFunc(all, func(a, b wire.Trade) int { return int(a.Seq - b.Seq) })
	for _, one := range all {
		if one.Seq < begun || one.Seq >= to {
			continue
		}
		side := feed.NoSide
		if one.Side != "" {
			side = feed.Side(one.Side[0])
		}
		if !each(&feed.Tick{Symbol: []byte(one.Symbol), Time: one.Time, Price: one.Price, Size: one.Size, Side: side}, one.Seq) {
			return begun, one.Seq + 1, nil
		}
	}
	return begun, to, nil
}

// memory is what a visitor has of each channel, connections outlived.
type memory struct {
	terms  map[string]map[string]bool // by channel
	ticker map[string]wire.Update
	stats  map[string]wire.Stat
	bars   map[string]map[int64]wire.Bar // by symbol, of bars_1s
	first  map[string]int64              // start of the first bar that a symbol came with
	trades map[string]int64              // the last seq of a symbol
	missed map[string][]wire.Gap
	got    map[string][]int64 // seqs
	since  map[string]int64   // from where on the trades of a symbol are followed
}

func newMemory() *memory {
	return &memory{terms: make(map[string]map[string]bool), ticker: make(map[string]wire.Update), stats: make(map[string]wire.Stat),
		bars: make(map[string]map[int64]wire.Bar), first: make(map[string]int64), trades: make(map[string]int64),
		missed: make(map[string][]wire.Gap), got: make(map[string][]int64), since: make(map[string]int64)}
}

// visitor is a client that comes and goes.
type visitor struct {
	world  *world
	client *client
	memory *memory
}

func (v *visitor) arrive() {
	v.client = attachAs(v.world.t, v.world.nodes[v.world.r.IntN(2)], Encoding(v.world.r.IntN(2))) // Plain or Deflate
	synctest.Wait()
}

// moveOn leaves with what was read, and comes again with since.
func (v *visitor) moveOn() {
	v.client.recover()
	synctest.Wait()
	v.learn()
	v.client.sub.Detach(ClientLeft)
	synctest.Wait()
	v.world.tick(v.world.r.IntN(60))
	v.arrive()
	clear(v.memory.bars) // the newest bar comes again; those before it /v1/bars has
	for channel, terms := range v.memory.terms {
		request := wire.Request{Op: wire.OpSubscribe, Channel: channel, Symbols: slices.Sorted(maps.Keys(terms))}
		switch channel {
		case wire.Ticker:
			request.Since = make(map[string]int64)
			for symbol, u := range v.memory.ticker {
				request.Since[symbol] = u.Seq
			}
			v.client.mu.Lock()
			maps.Copy(v.client.last, v.memory.ticker)
			for symbol, u := range v.client.last { // n may begin anew on another node
				u.Ordinal = 0
				v.client.last[symbol] = u
			}
			v.client.mu.Unlock()
		case wire.Trades:
			request.Since = maps.Clone(v.memory.trades)
		}
		if len(request.Symbols) > 0 {
			v.client.ask(request)
		}
	}
}

func (v *visitor) subscribeSome() {
	if v.client.stalled() {
		return
	}
	r := v.world.r
	channel := [...]string{wire.Ticker, wire.Trades, wire.Trades, wire.Stats, wire.Bars1s}[r.IntN(5)]
	term := [...]string{"*", "AA-*", "AA-0", "AA-1", "AB-0", "B-0"}[r.IntN(6)]
	request := wire.Request{Op: wire.OpSubscribe, Channel: channel, Symbols: []string{term}, Rate: [...]float64{0, 0, 1, 5}[r.IntN(4)]}
	if r.IntN(5) == 0 {
		budget := [...]int{0, 2000, 100_000}[r.IntN(3)]
		request.BytesPerS = &budget
	}
	if r.IntN(4) == 0 && channel == wire.Trades {
		request.Stamps = true
	}
	v.learn()
	before := v.world.offset - 1
	v.client.ask(request)
	if v.memory.terms[channel] == nil {
		v.memory.terms[channel] = make(map[string]bool)
	}
	if channel == wire.Trades {
		for _, symbol := range worldSymbols {
			if covered(map[string]bool{term: true}, symbol) && !covered(v.memory.terms[channel], symbol) {
				v.memory.since[symbol] = before
				v.memory.trades[symbol] = lastBefore(v.world.trades[symbol], before)
				v.memory.got[symbol], v.memory.missed[symbol] = nil, nil
			}
		}
	}
	v.memory.terms[channel][term] = true
}

func lastBefore(trades []wire.Trade, seq int64) int64 {
	last := int64(0)
	for _, t := range trades {
		if t.Seq <= seq {
			last = t.Seq
		}
	}
	return last
}

func (v *visitor) unsubscribeSome() {
	if v.client.stalled() {
		return
	}
	channel := [...]string{wire.Ticker, wire.Trades, wire.Stats, wire.Bars1s}[v.world.r.IntN(4)]
	terms := v.memory.terms[channel]
	for term := range terms {
		v.client.ask(wire.Request{Op: wire.OpUnsubscribe, Channel: channel, Symbols: []string{term}})
		synctest.Wait()
		v.learn()
		delete(terms, term)
		v.forget(channel)
		return
	}
}

// forget lets go of what is no longer covered.
func (v *visitor) forget(channel string) {
	m := v.memory
	for _, symbol := range worldSymbols {
		if covered(m.terms[channel], symbol) {
			continue
		}
		switch channel {
		case wire.Ticker:
			delete(m.ticker, symbol)
			v.client.mu.Lock()
			delete(v.client.last, symbol)
			v.client.mu.Unlock()
		case wire.Trades:
			delete(m.trades, symbol)
			delete(m.got, symbol)
			delete(m.missed, symbol)
			delete(m.since, symbol)
		case wire.Stats:
			delete(m.stats, symbol)
		case wire.Bars1s:
			delete(m.bars, symbol)
			delete(m.first, symbol)
		}
	}
}

func covered(terms map[string]bool, symbol string) bool {
	for term := range terms {
		if prefix, pattern := strings.CutSuffix(term, "*"); term == symbol || pattern && strings.HasPrefix(symbol, prefix) {
			return true
		}
	}
	return false
}

// learn takes in the messages that have come, and checks their order.
func (v *visitor) learn() {
	m, t := v.memory, v.world.t
	for _, message := range v.client.messages() {
		switch d := message.(type) {
		case *wire.Data:
			for _, u := range d.Data {
				m.ticker[u.Symbol] = u
			}
		case *wire.StatsMessage:
			for _, s := range d.Data {
				m.stats[s.Symbol] = s
			}
		case *wire.BarsMessage:
			for _, b := range d.Data {
				if m.bars[b.Symbol] == nil {
					m.bars[b.Symbol] = make(map[int64]wire.Bar)
					m.first[b.Symbol] = b.Start
				}
				m.bars[b.Symbol][b.Start] = b
			}
		case *wire.TradesMessage:
			for _, trade := range d.Data {
				if last := m.trades[trade.Symbol]; trade.Seq <= last && trade.Seq > 0 {
					t.Errorf("%s: trade %d after %d", trade.Symbol, trade.Seq, last)
				}
				m.trades[trade.Symbol] = trade.Seq
				m.got[trade.Symbol] = append(m.got[trade.Symbol], trade.Seq)
			}
		case *wire.Gap:
			if d.Channel != wire.Trades || d.To < d.From {
				t.Errorf("a gap that cannot be: %s", text(d))
			}
			m.missed[d.Symbol] = append(m.missed[d.Symbol], *d)
			m.trades[d.Symbol] = max(m.trades[d.Symbol], d.To)
		}
	}
}

func (v *visitor) compare(name string) {
	for _, symbol := range worldSymbols {
		v.compareTrades(name, symbol)
		v.compareBars(name, symbol)
		v.compareNewest(name, symbol)
	}
}

// compareTrades: every trade since the subscription was told, or is in a gap;
// none is both.
func (v *visitor) compareTrades(name, symbol string) {
	if !covered(v.memory.terms[wire.Trades], symbol) {
		return
	}
	got := v.memory.got[symbol]
	for _, trade := range v.world.trades[symbol] {
		if trade.Seq <= v.memory.since[symbol] {
			continue
		}
		_, told := slices.BinarySearch(got, trade.Seq)
		in := slices.ContainsFunc(v.memory.missed[symbol], func(g wire.Gap) bool { return g.From <= trade.Seq && trade.Seq <= g.To })
		if told == in {
			v.world.t.Errorf("%s, %s: trade %d was told: %v, is in a gap: %v (gaps %s)", name, symbol, trade.Seq, told, in, text(v.memory.missed[symbol]))
			return
		}
	}
}

// compareBars: the bars from the first that came on are those of the trades.
func (v *visitor) compareBars(name, symbol string) {
	if !covered(v.memory.terms[wire.Bars1s], symbol) || v.memory.bars[symbol] == nil {
		return
	}
	for start, want := range naiveBars(v.world.trades[symbol]) {
		got, has := v.memory.bars[symbol][start]
		if start < v.memory.first[symbol] && !has {
			continue
		}
		want.Seq, want.Closed = got.Seq, true
		if text(got) != text(want) {
			v.world.t.Errorf("%s, %s, bar of %d:\n got %s\nwant %s", name, symbol, start, text(got), text(want))
		}
	}
}

// naiveBars are the bars of a second, one trade at a time.
func naiveBars(trades []wire.Trade) map[int64]wire.Bar {
	trades = slices.Clone(trades)
	slices.SortStableFunc(trades, func(a, b wire.Trade) int { return int(a.Time - b.Time) })
	bars := make(map[int64]wire.Bar)
	number := func(d decimal.Decimal) feed.Number { return feed.AppendNumber(nil, d) }
	for _, trade := range trades {
		start := trade.Time - trade.Time%1_000_000
		price, _ := trade.Price.Decimal()
		size, _ := trade.Size.Decimal()
		bar, has := bars[start]
		if !has {
			bar = wire.Bar{Symbol: trade.Symbol, Start: start, Open: trade.Price, High: trade.Price, Low: trade.Price, Volume: feed.Number("0")}
		}
		if high, _ := bar.High.Decimal(); price.GreaterThan(high) {
			bar.High = trade.Price
		}
		if low, _ := bar.Low.Decimal(); price.LessThan(low) {
			bar.Low = trade.Price
		}
		volume, _ := bar.Volume.Decimal()
		bar.Close, bar.Volume = trade.Price, number(volume.Add(size))
		bar.Count++
		bars[start] = bar
	}
	return bars
}

// compareNewest: tickers and statistics are of the last trade.
func (v *visitor) compareNewest(name, symbol string) {
	trades := v.world.trades[symbol]
	if len(trades) == 0 {
		return
	}
	last := trades[len(trades)-1].Seq
	if got := v.memory.ticker[symbol]; covered(v.memory.terms[wire.Ticker], symbol) && got.Seq != last {
		v.world.t.Errorf("%s, %s: the ticker ends at %s, want seq %d", name, symbol, text(got), last)
	}
	got := v.memory.stats[symbol]
	if covered(v.memory.terms[wire.Stats], symbol) && (got.Seq != last || got.Count != uint64(len(trades))) {
		v.world.t.Errorf("%s, %s: the statistics end at %s, want seq %d and %d trades", name, symbol, text(got), last, len(trades))
	}
}
