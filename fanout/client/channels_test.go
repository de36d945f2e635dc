package client

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

func on(channel string, symbols ...string) Config {
	return Config{Subscriptions: []Subscription{{Channel: channel, Symbols: symbols}}}
}

func TestDeliversEveryChannel(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		sub      Subscription
		say      func(p *peer)
		told     []string
		want     Stats
	}{
		{"trades", Subscription{Channel: wire.Trades, Symbols: []string{"A"}},
			func(p *peer) { p.trades(trade("A", 1), trade("B", 1), trade("A", 7)) },
			[]string{"trade A q=1 p=1.50", "trade B q=1 p=1.50", "trade A q=7 p=1.50"}, Stats{Trades: 3}},
		{"trades with stamps", Subscription{Channel: wire.Trades, Symbols: []string{"A"}, Stamps: true},
			func(p *peer) {
				p.say(wire.TradesMessage{Type: wire.Trades, Sent: 99, Data: []wire.Trade{trade("A", 1)}})
			},
			[]string{"sent 99", "trade A q=1 p=1.50"}, Stats{Trades: 1}},
		{"ticker with stamps", Subscription{Symbols: []string{"A"}, Stamps: true, Rate: 5},
			func(p *peer) {
				p.say(wire.Data{Type: wire.TypeSnapshot, Channel: wire.Ticker, Sent: 98, Data: []wire.Update{at("A", 1, 1)}})
			},
			[]string{"sent 98", "snapshot A q=1 n=1 p=1.50"}, Stats{Updates: 1}},
		{"a gap", Subscription{Channel: wire.Trades, Symbols: []string{"*"}},
			func(p *peer) { p.gap("A", 3, 5) },
			[]string{"gap A 3 to 5"}, Stats{Gaps: 1}},
		{"stats", Subscription{Channel: wire.Stats, Symbols: []string{"A"}},
			func(p *peer) {
				stat := wire.Stat{Symbol: "A", Seq: 4, Open: feed.Number("2")}
				p.say(wire.StatsMessage{Type: wire.TypeSnapshot, Channel: wire.Stats, Data: []wire.Stat{stat}})
				p.say(wire.StatsMessage{Type: wire.Stats, Data: []wire.Stat{stat}})
			},
			[]string{"stats A q=4 o=2, of a snapshot: true", "stats A q=4 o=2, of a snapshot: false"}, Stats{Statistics: 2}},
		{"bars", Subscription{Channel: wire.Bars5m, Symbols: []string{"A"}},
			func(p *peer) {
				bar := wire.Bar{Symbol: "A", Start: 300, Seq: 4}
				p.say(wire.BarsMessage{Type: wire.TypeSnapshot, Channel: wire.Bars5m, Data: []wire.Bar{bar}})
				p.say(wire.BarsMessage{Type: wire.Bars5m, Data: []wire.Bar{bar, bar}})
			},
			[]string{"bars_5m A t=300 q=4, of a snapshot: true", "bars_5m A t=300 q=4, of a snapshot: false", "bars_5m A t=300 q=4, of a snapshot: false"}, Stats{Bars: 3}},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			asked := make(chan wire.Request, 1)
			r := launch(t, Config{Subscriptions: []Subscription{tc.sub}}, func(_ int, p *peer) {
				p.hello()
				asked <- p.grant()
				tc.say(p)
			})
			synctest.Wait()
			r.end()
			q := <-asked
			want(t, "asked for", Subscription{Channel: q.Channel, Symbols: q.Symbols, Rate: q.Rate, Stamps: q.Stamps},
				Subscription{Channel: tc.sub.channel(), Symbols: tc.sub.Symbols, Rate: tc.sub.Rate, Stamps: tc.sub.Stamps})
			want(t, "told", r.told, tc.told)
			got := r.client.Stats()
			got.Connections, got.Messages, got.Bytes = 0, 0, 0
			want(t, "Stats", got, tc.want)
		})
	}
}

func TestHoldsTheServerToTheOrderOfTrades(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		say      func(p *peer)
		told     []string
		broken   uint64
	}{
		{"seq again", func(p *peer) { p.trades(trade("A", 10)) },
			[]string{"fault A: a trade with seq 10 after 10: it must rise"}, 1},
		{"the good ones beside a bad one come", func(p *peer) { p.trades(trade("A", 11), trade("A", 9), trade("B", 9), trade("A", 12)) },
			[]string{"fault A: a trade with seq 9 after 11: it must rise", "trade A q=11 p=1.50", "trade B q=9 p=1.50", "trade A q=12 p=1.50"}, 1},
		{"behind a gap", func(p *peer) { p.gap("A", 11, 20); p.trades(trade("A", 21)) },
			[]string{"gap A 11 to 20", "trade A q=21 p=1.50"}, 0},
		{"inside a gap", func(p *peer) { p.gap("A", 11, 20); p.trades(trade("A", 20)) },
			[]string{"gap A 11 to 20", "fault A: a trade with seq 20 after 20: it must rise"}, 1},
		{"the log begins anew", func(p *peer) { p.gap("A", 11, 0); p.trades(trade("A", 1), trade("A", 2)) },
			[]string{"gap A 11 to 0", "trade A q=1 p=1.50", "trade A q=2 p=1.50"}, 0},
		{"a gap in another symbol excuses nothing", func(p *peer) { p.gap("B", 1, 0); p.trades(trade("A", 1)) },
			[]string{"gap B 1 to 0", "fault A: a trade with seq 1 after 10: it must rise"}, 1},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			r := launch(t, on(wire.Trades, "*"), func(_ int, p *peer) {
				p.hello()
				p.grant()
				p.trades(trade("A", 10))
				tc.say(p)
			})
			synctest.Wait()
			r.end()
			want(t, "told", r.told[1:], tc.told)
			want(t, "TradeViolations", r.client.Stats().TradeViolations, tc.broken)
			want(t, "Violations", r.client.Stats().Violations(), tc.broken)
		})
	}
}

func TestViolationsAreCountedByKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("*"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			p.ticker(at("A", 2, 2))
			p.ticker(at("A", 1, 3), at("A", 2, 3))
			p.trades(trade("A", 1), trade("A", 1))
		})
		synctest.Wait()
		r.end()
		got := r.client.Stats()
		want(t, "OrderViolations", got.OrderViolations, 2)
		want(t, "SnapshotViolations", got.SnapshotViolations, 1)
		want(t, "TradeViolations", got.TradeViolations, 1)
	})
}

func TestTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan int, 8)
		c := subscribed("A")
		c.BytesPerS = 20000
		r := launch(t, c, func(n int, p *peer) {
			p.hello()
			hear := func() wire.Request {
				q := p.hear()
				if q.BytesPerS != nil {
					asked <- *q.BytesPerS
				}
				return q
			}
			p.ack(hear())
			p.ack(hear()) // of the symbols
			if n > 1 {
				p.obey()
			}
			p.ack(hear())
			p.say(wire.Error{Type: wire.TypeError, ID: hear().ID, Code: wire.BadRequest, Message: "more than you may have"})
			p.close(4000)
		})
		synctest.Wait()
		ack, err := r.client.SetBudget(t.Context(), 5000)
		if err != nil || ack.BytesPerS != 5000 {
			t.Errorf("got %+v, %v, want the ack of the new budget", ack, err)
		}
		_, err = r.client.SetBudget(t.Context(), 1_000_000)
		if refused := (*RefusedError)(nil); !errors.As(err, &refused) {
			t.Errorf("got %v, want the refusal", err)
		}
		if _, err = r.client.SetBudget(t.Context(), 1); err == nil {
			t.Error("a budget that nothing fits in: got no error")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		r.end()
		close(asked)
		var got []int
		for n := range asked {
			got = append(got, n)
		}
		want(t, "budgets asked for", got, []int{20000, 5000, 1_000_000, 5000}) // the last by the second connection
	})
}

func TestTellsTheStateOfTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beat := func(state wire.State, age int64) wire.Heartbeat {
			return wire.Heartbeat{Type: wire.TypeHeartbeat, State: state, AgeMS: age}
		}
		r := launch(t, subscribed("A"), func(n int, p *peer) {
			p.helloOf([]wire.State{wire.Lagging, wire.Down, wire.Live}[n-1])
			p.grant()
			if n > 1 {
				p.obey()
			}
			p.say(beat(wire.Lagging, 5000))
			p.say(beat(wire.Live, 30))
			p.say(beat(wire.Live, 40))
			p.say(wire.Status{Type: wire.TypeStatus, Scope: wire.ScopeFeed, State: wire.Down, AgeMS: 7000})
			p.say(beat(wire.Down, 8000))
			p.close(4000)
		})
		time.Sleep(time.Second)
		synctest.Wait()
		r.end()
		got := slices.DeleteFunc(r.told, func(s string) bool { return s == "heartbeat 0" })
		want(t, "told", got, []string{"status feed lagging 0 ms", "status feed live 30 ms", "status feed down 7000 ms"})
	})
}

func TestTellsTheStateOfASymbol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := wire.Status{Type: wire.TypeStatus, Scope: wire.ScopeSymbol, Symbol: "A", State: wire.Stale, AgeMS: 61000}
		r := launch(t, subscribed("A"), func(n int, p *peer) {
			p.hello()
			p.grant()
			u := at("A", int64(n), uint64(n))
			u.Time = time.Now().Add(-2 * time.Second).UnixMicro()
			p.snapshot(u)
			if n == 1 {
				p.say(stale)
				p.close(4000)
			}
		})
		time.Sleep(time.Second)
		synctest.Wait()
		r.end()
		want(t, "told", r.told, []string{
			"snapshot A q=1 n=1 p=1.50", "status symbolA stale 61000 ms",
			"status symbolA live 2000 ms", "snapshot A q=2 n=2 p=1.50", // it came back while there was no connection
		})
	})
}
