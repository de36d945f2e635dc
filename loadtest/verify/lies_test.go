package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// script is a server that a test writes: what was published, what an honest node
// would say of it, and clients to say it or something else to. It keeps its own
// Book, by decimals.
type script struct {
	truth   *Truth
	sent    map[string][]wire.Update // by symbol, what is true after each tick
	trades  map[string][]wire.Trade
	last    map[string]wire.Update
	seq     int64
	clients map[string]*Watch
	ledger  Ledger
	channel string
}

const (
	btc = "BTC-USD"
	eth = "ETH-USD"
	xrp = "XRP-USD" // published, but nobody asks for it
)

func newScript(truth *Truth, channel string, share float64) *script {
	s := &script{truth: truth, channel: channel, sent: make(map[string][]wire.Update), trades: make(map[string][]wire.Trade),
		last: make(map[string]wire.Update), clients: make(map[string]*Watch)}
	s.ledger.Share = share
	for _, symbol := range []string{btc, eth, xrp} {
		truth.ID([]byte(symbol))
	}
	return s
}

// market publishes ten ticks of each symbol: of three one is a trade, the first
// one is a trade and a quote.
func (s *script) market() {
	for i := range 10 {
		for _, symbol := range []string{btc, eth, xrp} {
			t := feed.Tick{Symbol: []byte(symbol)}
			if i%3 == 0 {
				t.Price, t.Size, t.Side = feed.Number(fmt.Sprintf("100.%02d", i)), feed.Number(fmt.Sprintf("0.%d", 5+i)), feed.Sell
			}
			if i%3 != 0 || i == 0 {
				t.Bid, t.Ask = feed.Number(fmt.Sprintf("99.%d", i)), feed.Number(fmt.Sprintf("101.%d", i))
			}
			s.publish(&t)
		}
	}
}

func (s *script) publish(t *feed.Tick) {
	s.seq++
	t.Time = 1_732_242_000_000_000 + 1000*s.seq
	id, _ := s.truth.ID(t.Symbol)
	if !s.truth.learns() {
		s.truth.Publish(id, t, t.Time+7)
	}
	symbol := string(t.Symbol)
	u := s.last[symbol]
	u.Symbol, u.Seq, u.Time = symbol, s.seq, t.Time
	u.Ordinal++
	for _, m := range []struct{ to, from *feed.Number }{{&u.Price, &t.Price}, {&u.Size, &t.Size}, {&u.Bid, &t.Bid}, {&u.Ask, &t.Ask}} {
		if len(*m.from) > 0 {
			*m.to = *m.from
		}
	}
	u.Volume = more(u.Volume, string(t.Size))
	s.last[symbol] = u
	s.sent[symbol] = append(s.sent[symbol], u)
	if len(t.Price) > 0 {
		s.trades[symbol] = append(s.trades[symbol], wire.Trade{Symbol: symbol, Seq: s.seq, Time: t.Time, Price: t.Price, Size: t.Size, Side: string(t.Side)})
	}
}

// more is a volume and a size.
func more(volume feed.Number, size string) feed.Number {
	a, _ := decimal.NewFromString("0" + string(volume))
	b, _ := decimal.NewFromString("0" + size)
	return feed.AppendNumber(nil, a.Add(b))
}

// client is one that watches BTC-USD and ETH-USD, on its first connection.
func (s *script) client(name string) *Watch {
	if w := s.clients[name]; w != nil {
		return w
	}
	var ids []int32
	for _, symbol := range []string{eth, btc} {
		id, _ := s.truth.ID([]byte(symbol))
		ids = append(ids, id)
	}
	w := s.truth.Watch(name, s.channel, ids)
	w.Connect("node-1", false)
	s.clients[name] = w
	return w
}

func (s *script) say(client string, message any) Message {
	return s.raw(client, string(wire.Marshal(message)))
}

func (s *script) raw(client, text string) Message {
	return s.client(client).Take([]byte(text), time.Now().UnixMicro(), &s.ledger)
}

// snapshot and ticker say these updates.
func (s *script) snapshot(client string, us ...wire.Update) {
	s.raw(client, data(wire.SnapshotHead, us))
}

func (s *script) ticker(client string, us ...wire.Update) { s.raw(client, data(wire.TickerHead, us)) }

func data(head string, us []wire.Update) string {
	text := []byte(head)
	for i := range us {
		if i > 0 {
			text = append(text, ',')
		}
		text = wire.AppendUpdate(text, &us[i])
	}
	return string(append(text, wire.DataFoot...))
}

func (s *script) tell(client string, ts ...wire.Trade) {
	text := []byte(wire.TradesHead)
	for i := range ts {
		if i > 0 {
			text = append(text, ',')
		}
		text = wire.AppendTrade(text, &ts[i])
	}
	s.raw(client, string(append(text, wire.DataFoot...)))
}

func (s *script) gap(client, symbol string, from, to int64) {
	s.say(client, wire.Gap{Type: wire.TypeGap, Channel: wire.Trades, Symbol: symbol, From: from, To: to})
}

func (s *script) ack(client string) {
	s.say(client, wire.Ack{Type: wire.TypeAck, ID: wire.ID(`1`), Op: wire.OpSubscribe, Channel: s.channel})
}

// of is the update of the i-th tick of BTC-USD, changed.
func (s *script) of(i int, change func(u *wire.Update)) wire.Update {
	u := s.sent[btc][i]
	if change != nil {
		change(&u)
	}
	return u
}

func (s *script) tradeOf(i int, change func(t *wire.Trade)) wire.Trade {
	t := s.trades[btc][i]
	if change != nil {
		change(&t)
	}
	return t
}

// rest tells a client honestly all there is, in the end.
func (s *script) rest(client string) {
	if s.channel == wire.Trades {
		for _, symbol := range []string{btc, eth} {
			for _, t := range s.trades[symbol] {
				w := s.client(client)
				if v := w.view([]byte(symbol)); !v.is(told) || v.seq < t.Seq {
					s.tell(client, t)
				}
			}
		}
		return
	}
	for _, symbol := range []string{btc, eth} {
		u, v := s.last[symbol], s.client(client).view([]byte(symbol))
		switch {
		case !v.is(here):
			s.snapshot(client, u)
		case v.seq < u.Seq:
			s.ticker(client, u)
		}
	}
}

// row is one way in which a server may behave, and what is to be found. After it
// the client A is told the rest honestly, unless the server stops.
type row struct {
	name                           string
	order, value, gapUnsaid, final uint64
	stops                          bool
	do                             func(s *script)
}

func (r row) run(t *testing.T, channel string, truth func() *Truth) {
	for _, share := range []float64{0, 1} {
		t.Run(fmt.Sprintf("%s, %.0f decoded", r.name, share), func(t *testing.T) {
			s := newScript(truth(), channel, share)
			s.market()
			r.do(s)
			if !r.stops {
				s.rest("A")
			}
			for _, name := range []string{"A", "B"} {
				if w := s.clients[name]; w != nil && (name == "A" || s.channel == wire.Ticker && w.Complete()) {
					w.Finish(&s.ledger)
				}
			}
			l := &s.ledger
			if l.Order != r.order || l.Value != r.value || l.GapUnsaid != r.gapUnsaid || l.Final != r.final {
				t.Errorf("order, value, gap_unsaid, final: got %d %d %d %d, want %d %d %d %d: %+v", l.Order, l.Value, l.GapUnsaid, l.Final,
					r.order, r.value, r.gapUnsaid, r.final, l.Violations)
			}
			if complete := s.clients["A"].Complete(); complete == r.stops {
				t.Errorf("complete: got %v, want %v", complete, !r.stops)
			}
			for _, v := range l.Violations {
				if v.Client == "" || v.What == "" || v.Kind == "" {
					t.Errorf("a violation that does not say all: %+v", v)
				}
			}
		})
	}
}

func published3() *Truth { return NewTruth([]string{btc, eth, xrp}, time.Hour) }

func TestLiesOfTicker(t *testing.T) {
	for _, r := range []row{
		{name: "an honest server", do: func(s *script) {
			s.snapshot("A", s.of(0, nil), s.sent[eth][4])
			for i := 1; i < 8; i++ {
				s.ticker("A", s.of(i, nil))
			}
		}},
		{name: "an honest server that conflates", do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(5, nil))
		}},
		{name: "two updates in reverse", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(2, nil), s.of(1, nil))
		}},
		{name: "an update again", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(1, nil))
			s.ticker("A", s.of(1, nil))
		}},
		{name: "an ordinal that does not rise", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(1, nil), s.of(2, func(u *wire.Update) { u.Ordinal-- }))
		}},
		{name: "an update before a snapshot", order: 1, do: func(s *script) { s.ticker("A", s.of(1, nil)) }},
		{name: "an update before a snapshot on the second connection", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.client("A").Connect("node-1", false)
			s.ticker("A", s.of(1, nil))
		}},
		{name: "an old value as if it were new", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(3, nil), s.of(2, func(u *wire.Update) { u.Seq, u.Ordinal = s.sent[btc][4].Seq, 5 }))
		}},
		{name: "a snapshot of before", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(3, nil))
			s.snapshot("A", s.of(2, nil))
		}},
		{name: "the time of no tick", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(1, func(u *wire.Update) { u.Time++ }), s.of(2, nil))
		}},
		{name: "a time in the future", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(9, func(u *wire.Update) { u.Time, u.Seq, u.Ordinal = u.Time+1e6, u.Seq-1, 9 }))
		}},
		{name: "a time before all ticks", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(1, func(u *wire.Update) { u.Time = 1 }))
		}},
		lie("another p", func(u *wire.Update) { u.Price = feed.Number("100.01") }),
		lie("p with a zero more", func(u *wire.Update) { u.Price = append(u.Price, '0') }),
		lie("p of the tick before", func(u *wire.Update) { u.Price = feed.Number("100.00") }),
		lie("p that is gone", func(u *wire.Update) { u.Price = nil }),
		lie("another z", func(u *wire.Update) { u.Size = feed.Number("9") }),
		lie("p and z exchanged", func(u *wire.Update) { u.Price, u.Size = u.Size, u.Price }),
		lie("another b", func(u *wire.Update) { u.Bid = feed.Number("99.0") }),
		lie("b that is gone", func(u *wire.Update) { u.Bid = nil }),
		lie("another a", func(u *wire.Update) { u.Ask = feed.Number("101.0") }),
		lie("a negative a", func(u *wire.Update) { u.Ask = append(feed.Number("-"), u.Ask...) }),
		lie("another v", func(u *wire.Update) { u.Volume = feed.Number("1.2") }),
		lie("v that is gone", func(u *wire.Update) { u.Volume = nil }),
		lie("v of more digits than fit in the same units", func(u *wire.Update) { u.Volume = feed.Number("1000000000000000000") }),
		{name: "another seq than another client was told", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.snapshot("B", s.of(0, nil))
			s.ticker("A", s.of(1, nil))
			s.ticker("B", s.of(1, func(u *wire.Update) { u.Seq++ }))
			s.ticker("B", s.of(2, nil))
		}},
		{name: "another v than another client of the node was told, from the start", value: 2, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			more := func(u *wire.Update) { u.Volume = more(u.Volume, "1") }
			s.snapshot("B", s.of(0, more))
			s.ticker("B", s.of(1, more))
		}},
		{name: "an ordinal that says more ticks than there were", gapUnsaid: 1, do: func(s *script) {
			later := func(u *wire.Update) { u.Ordinal++ }
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(1, later), s.of(2, later))
			s.sent[btc][9].Ordinal++
			s.last[btc] = s.sent[btc][9]
		}},
		{name: "a tick that was lost before it was counted", gapUnsaid: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			for i := 3; i < 10; i++ { // two were quotes
				s.ticker("A", s.of(i, func(u *wire.Update) { u.Ordinal -= 2 }))
			}
		}},
		{name: "a symbol that was not asked for", value: 1, do: func(s *script) { s.snapshot("A", s.sent[xrp][0]) }},
		{name: "a symbol that there is not", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, func(u *wire.Update) { u.Symbol = "DOGE-USD" }))
		}},
		{name: "the values of another symbol", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			u := s.sent[eth][1]
			u.Symbol = btc
			s.ticker("A", u)
		}},
		{name: "an update that is cut off", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			text := data(wire.TickerHead, []wire.Update{s.of(1, nil), s.of(2, nil)})
			s.raw("A", text[:len(text)-30])
		}},
		{name: "no JSON", value: 1, do: func(s *script) { s.raw("A", "hello") }},
		{name: "p that is no number", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.ticker("A", s.of(1, func(u *wire.Update) { u.Price = feed.Number("abc") }))
		}},
		{name: "a server that stops", final: 2, stops: true, do: func(s *script) {
			s.snapshot("A", s.of(0, nil), s.sent[eth][0])
			s.ticker("A", s.of(8, nil))
		}},
		{name: "a server that says nothing", final: 2, stops: true, do: func(s *script) { s.client("A") }},
		{name: "the last value of one symbol was left out", final: 1, stops: true, do: func(s *script) {
			s.snapshot("A", s.of(9, nil), s.sent[eth][8])
		}},
		{name: "a resumed client that is told the same again", order: 1, do: func(s *script) {
			s.snapshot("A", s.of(3, nil))
			s.client("A").Connect("node-2", true)
			s.ticker("A", s.of(3, nil))
		}},
		{name: "a resumed client", do: func(s *script) {
			s.snapshot("A", s.of(3, nil))
			s.client("A").Connect("node-2", true)
			s.ticker("A", s.of(5, func(u *wire.Update) { u.Ordinal, u.Volume = 1, feed.Number("0.0") }))
			s.ticker("A", s.of(6, func(u *wire.Update) { u.Ordinal, u.Volume = 2, feed.Number("0.11") }))
			s.client("A").Connect("node-1", true)
		}},
		{name: "a node that was restarted and counts otherwise", do: func(s *script) {
			s.snapshot("A", s.of(3, nil))
			s.client("A").Connect("node-1", false)
			anew := func(u *wire.Update) { u.Ordinal, u.Volume = u.Ordinal+40, more(u.Volume, "12.75") }
			s.snapshot("A", s.of(4, anew))
			s.ticker("A", s.of(5, anew), s.of(6, anew), s.of(7, anew))
			s.client("A").Connect("node-1", false)
		}},
		{name: "a node that began behind the last trade knows no price", do: func(s *script) {
			s.client("A").Connect("node-3", false)
			anew := func(u *wire.Update) {
				u.Ordinal, u.Volume, u.Price, u.Size = u.Ordinal-7, feed.Number("0"), nil, nil
			}
			s.snapshot("A", s.of(7, anew))
			s.ticker("A", s.of(8, anew))
			s.client("A").Connect("node-1", false)
		}},
		{name: "a node that began before the last trade must know the price", value: 1, do: func(s *script) {
			s.client("A").Connect("node-3", false)
			anew := func(u *wire.Update) { u.Ordinal, u.Volume, u.Price, u.Size = u.Ordinal-6, feed.Number("1.1"), nil, nil }
			s.snapshot("A", s.of(7, anew))
			s.client("A").Connect("node-1", false)
		}},
		{name: "a snapshot of before the run", do: func(s *script) {
			s.snapshot("A", s.of(0, func(u *wire.Update) { u.Time, u.Seq, u.Price, u.Ordinal = u.Time-1e6, 0, feed.Number("7"), 12 }))
			before := func(u *wire.Update) { u.Ordinal, u.Volume = u.Ordinal+12, more(u.Volume, "77.125") }
			s.ticker("A", s.of(0, before), s.of(1, before))
			s.client("A").Connect("node-1", false)
		}},
		{name: "JSON that is written otherwise", do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			text := data(wire.TickerHead, []wire.Update{s.of(1, nil), s.of(2, nil)})
			s.raw("A", strings.ReplaceAll(text, ",", " ,\n"))
			s.raw("A", strings.ReplaceAll(data(wire.TickerHead, []wire.Update{s.of(3, nil)}), `"s":"BTC-USD"`, `"s":"\u0042TC-USD","new":[1,{}]`))
			u := s.of(4, nil)
			s.raw("A", fmt.Sprintf(`{"data":[{"n":%d,"q":%d,"s":"BTC-USD","v":"%s","a":"%s","b":"%s","z":"%s","p":"%s","t":%d}],"type":"ticker"}`,
				u.Ordinal, u.Seq, u.Volume, u.Ask, u.Bid, u.Size, u.Price, u.Time))
		}},
		{name: "the first of two is written as ever, the second otherwise", do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			text := data(wire.TickerHead, []wire.Update{s.of(1, nil), s.of(2, nil)})
			s.raw("A", strings.Replace(text, fmt.Sprintf(`"n":%d`, 3), fmt.Sprintf(`"n": %d`, 3), 1))
		}},
		{name: "with stamps", do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.raw("A", wire.Head(wire.Ticker, false, 1_732_242_000_124_999)+
				string(wire.AppendUpdate(nil, ptr(s.of(1, func(u *wire.Update) { u.Received = u.Time + 9 }))))+wire.DataFoot)
		}},
		{name: "a wrong p with stamps", value: 1, do: func(s *script) {
			s.snapshot("A", s.of(0, nil))
			s.raw("A", wire.Head(wire.Ticker, false, 1_732_242_000_124_999)+
				string(wire.AppendUpdate(nil, ptr(s.of(1, func(u *wire.Update) { u.Received, u.Price = u.Time+9, feed.Number("3") }))))+wire.DataFoot)
		}},
	} {
		r.run(t, wire.Ticker, published3)
	}
}

func ptr[T any](v T) *T { return &v }

// lie is an update whose values a server changes, of a trade and of a quote.
func lie(name string, change func(u *wire.Update)) row {
	return row{name: name, value: 2, do: func(s *script) {
		s.snapshot("A", s.of(0, nil))
		s.ticker("A", s.of(3, change), s.of(4, change), s.of(5, nil))
	}}
}

func TestLiesOfTrades(t *testing.T) {
	for _, r := range []row{
		{name: "an honest server", do: func(s *script) { s.ack("A") }},
		{name: "a client that comes late and is told a trade that was under way", do: func(s *script) {
			s.ack("A")
			s.tell("A", s.tradeOf(2, nil), s.trades[eth][3])
		}},
		{name: "a trade again", order: 1, do: func(s *script) { s.tell("A", s.tradeOf(0, nil), s.tradeOf(0, nil)) }},
		{name: "two trades in reverse", order: 1, gapUnsaid: 1, do: func(s *script) {
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(2, nil), s.tradeOf(1, nil))
		}},
		{name: "an old trade as if it were new", order: 1, do: func(s *script) {
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(1, nil), s.tradeOf(0, func(t *wire.Trade) { t.Seq = s.tradeOf(1, nil).Seq + 1 }))
		}},
		{name: "a trade that is left out", gapUnsaid: 1, do: func(s *script) { s.tell("A", s.tradeOf(0, nil), s.tradeOf(2, nil)) }},
		{name: "a trade that is left out, and said", do: func(s *script) {
			s.tell("A", s.tradeOf(0, nil))
			s.gap("A", btc, s.tradeOf(0, nil).Seq+1, s.tradeOf(2, nil).Seq-1)
			s.tell("A", s.tradeOf(2, nil))
		}},
		{name: "a gap excuses its own symbol, once", gapUnsaid: 2, do: func(s *script) {
			s.gap("A", btc, 1, 2)
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(2, nil), s.trades[eth][0], s.trades[eth][2])
		}},
		{name: "a quote as a trade", value: 1, do: func(s *script) {
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(1, func(t *wire.Trade) { t.Time, t.Seq = s.sent[btc][1].Time, s.sent[btc][1].Seq }))
		}},
		lieOfTrade("another p", func(t *wire.Trade) { t.Price = feed.Number("1") }),
		lieOfTrade("another z", func(t *wire.Trade) { t.Size = feed.Number("1") }),
		lieOfTrade("z that is gone", func(t *wire.Trade) { t.Size = nil }),
		lieOfTrade("the other side", func(t *wire.Trade) { t.Side = "b" }),
		lieOfTrade("no side", func(t *wire.Trade) { t.Side = "" }),
		lieOfTrade("another time", func(t *wire.Trade) { t.Time++ }),
		{name: "a trade of a symbol that was not asked for", value: 1, do: func(s *script) { s.tell("A", s.trades[xrp][0]) }},
		{name: "a gap of a symbol that was not asked for", value: 1, do: func(s *script) { s.gap("A", xrp, 1, 2) }},
		{name: "another seq than another client was told", value: 1, do: func(s *script) {
			s.tell("B", s.tradeOf(0, nil))
			s.tell("A", s.tradeOf(0, func(t *wire.Trade) { t.Seq++ }))
		}},
		{name: "a server that leaves out the last trade", final: 1, stops: true, do: func(s *script) {
			s.tell("A", s.tradeOf(2, nil))
		}},
		{name: "a server that says nothing after the ack", final: 2, stops: true, do: func(s *script) {
			s.ack("A")
			s.market()
		}},
		{name: "a trade that is left out after the ack", gapUnsaid: 1, do: func(s *script) {
			s.ack("A")
			s.market()
			s.tell("A", s.trades[btc][5])
			s.tell("A", s.trades[eth][4])
		}},
		{name: "a resumed client that misses one", gapUnsaid: 1, do: func(s *script) {
			s.tell("A", s.tradeOf(0, nil))
			s.client("A").Connect("node-2", true)
			s.tell("A", s.tradeOf(2, nil))
		}},
		{name: "a client that comes again and does not resume", do: func(s *script) {
			s.tell("A", s.tradeOf(0, nil))
			s.client("A").Connect("node-2", false)
			s.tell("A", s.tradeOf(2, nil))
		}},
	} {
		r.run(t, wire.Trades, published3)
	}
}

func lieOfTrade(name string, change func(t *wire.Trade)) row {
	return row{name: name, value: 1, do: func(s *script) { s.tell("A", s.tradeOf(0, nil), s.tradeOf(1, change), s.tradeOf(2, nil)) }}
}

func TestLiesToAPassiveRun(t *testing.T) {
	both := func(s *script) {
		for _, name := range []string{"A", "B"} {
			s.snapshot(name, s.of(0, nil), s.sent[eth][0])
		}
		for i := 1; i < 6; i++ {
			s.ticker("B", s.of(i, nil))
		}
	}
	settle := func(s *script) {
		for _, symbol := range []string{btc, eth} {
			id, _ := s.truth.ID([]byte(symbol))
			s.truth.Settle(id, ptr(s.last[symbol]))
		}
	}
	differs := func(name string, change func(u *wire.Update)) row {
		return row{name: name, value: 1, do: func(s *script) {
			both(s)
			s.ticker("A", s.of(1, nil), s.of(3, change))
			settle(s)
		}}
	}
	for _, r := range []row{
		{name: "an honest server", do: func(s *script) {
			both(s)
			s.ticker("A", s.of(2, nil))
			s.ticker("A", s.of(5, nil))
			s.ticker("A", s.of(7, nil))
			s.ticker("B", s.of(6, nil), s.of(8, nil))
			settle(s)
		}},
		differs("p that another client was not told", func(u *wire.Update) { u.Price = feed.Number("1") }),
		differs("a that another client was not told", func(u *wire.Update) { u.Ask = feed.Number("1") }),
		differs("t that another client was not told", func(u *wire.Update) { u.Time++ }),
		differs("v that another client was not told", func(u *wire.Update) { u.Volume = feed.Number("1") }),
		{name: "an ordinal that another client was not told", gapUnsaid: 1, do: func(s *script) {
			both(s)
			s.ticker("A", s.of(1, nil), s.of(3, func(u *wire.Update) { u.Ordinal++ }), s.of(4, func(u *wire.Update) { u.Ordinal++ }))
			s.last[btc] = s.of(9, func(u *wire.Update) { u.Ordinal++ })
		}},
		{name: "an update again", order: 1, do: func(s *script) {
			both(s)
			s.ticker("A", s.of(1, nil), s.of(1, nil))
		}},
		{name: "a server that stops", final: 2, stops: true, do: func(s *script) {
			both(s)
			settle(s)
		}},
		{name: "a server that says another last value in the end", final: 1, do: func(s *script) {
			both(s)
			s.rest("A")
			s.last[btc] = s.of(9, func(u *wire.Update) { u.Bid = feed.Number("1") })
			settle(s)
		}},
		{name: "a node that began in the midst knows less", do: func(s *script) {
			both(s)
			s.client("A").Connect("node-2", false)
			less := func(u *wire.Update) { u.Ordinal, u.Volume, u.Price, u.Size = u.Ordinal-4, feed.Number("0"), nil, nil }
			s.snapshot("A", s.of(4, less))
			s.ticker("A", s.of(5, less))
			s.client("A").Connect("node-1", false)
			settle(s)
		}},
		{name: "a node that began in the midst was heard first", do: func(s *script) {
			s.client("E").Connect("node-2", false)
			less := func(u *wire.Update) { u.Ordinal, u.Volume, u.Bid, u.Ask = u.Ordinal-3, feed.Number("0.8"), nil, nil }
			s.snapshot("E", s.of(3, less))
			both(s)
			s.snapshot("C", s.of(3, nil))
			s.client("D").Connect("node-2", false)
			s.snapshot("D", s.of(3, less))
			settle(s)
		}},
		{name: "a node that knows less cannot know otherwise", value: 1, do: func(s *script) {
			both(s)
			s.client("A").Connect("node-2", false)
			s.snapshot("A", s.of(4, func(u *wire.Update) {
				u.Ordinal, u.Volume, u.Price, u.Size, u.Ask = u.Ordinal-4, feed.Number("0"), nil, nil, feed.Number("1")
			}))
			s.client("A").Connect("node-1", false)
			settle(s)
		}},
		{name: "another node that counts otherwise", do: func(s *script) {
			both(s)
			s.client("A").Connect("node-2", false)
			anew := func(u *wire.Update) { u.Ordinal, u.Volume = u.Ordinal+7, more(u.Volume, "3.5") }
			s.snapshot("A", s.of(2, anew))
			s.ticker("A", s.of(3, anew), s.of(5, anew), s.of(7, anew))
			s.ticker("B", s.of(6, nil), s.of(7, nil))
			s.client("A").Connect("node-1", false)
			settle(s)
		}},
	} {
		r.run(t, wire.Ticker, func() *Truth { return Learn(time.Hour) })
	}
	for _, r := range []row{
		{name: "a trade that another client was told is left out", gapUnsaid: 1, do: func(s *script) {
			s.tell("B", s.trades[btc]...)
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(2, nil))
		}},
		{name: "a trade again", order: 1, do: func(s *script) { s.tell("A", s.tradeOf(0, nil), s.tradeOf(0, nil)) }},
		{name: "z that another client was not told", value: 1, do: func(s *script) {
			s.tell("B", s.trades[btc]...)
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(1, func(t *wire.Trade) { t.Size = feed.Number("77") }))
		}},
		{name: "a side that another client was not told", value: 1, do: func(s *script) {
			s.tell("B", s.trades[btc]...)
			s.tell("A", s.tradeOf(0, nil), s.tradeOf(1, func(t *wire.Trade) { t.Side = "" }))
		}},
	} {
		r.run(t, wire.Trades, func() *Truth { return Learn(time.Hour) })
	}
}
