package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
)

// rejoin runs a client that loses its first connection, with what each of two
// connections says behind the last ack. It returns what the second was asked.
func rejoin(t *testing.T, c Config, first, second func(p *peer)) (*rig, []wire.Request) {
	t.Helper()
	w := &wanted{}
	for _, s := range c.Subscriptions {
		w.add(s.lane(), s.Symbols)
	}
	requests := len(resumption(w, newLedger(), messageBytes)) // without anything to resume
	asked := make(chan wire.Request, 100)
	r := launch(t, c, func(n int, p *peer) {
		p.hello()
		if n == 1 {
			for range requests {
				p.grant()
			}
			first(p)
			p.close(4000)
			return
		}
		for range requests {
			asked <- p.grant()
		}
		second(p)
	})
	time.Sleep(time.Second)
	synctest.Wait()
	r.end()
	close(asked)
	var all []wire.Request
	for q := range asked {
		all = append(all, q)
	}
	return r, all
}

func TestGoesOnWhereTheLastConnectionEnded(t *testing.T) {
	for _, tc := range []struct {
		scenario      string
		channel       string
		first, second func(p *peer)
		since         map[string]int64
		told          []string // by the second connection
		broken        uint64
	}{
		{"nothing was told", wire.Ticker, func(*peer) {}, func(*peer) {}, nil, nil, 0},
		{"nothing is newer", wire.Ticker, func(p *peer) { p.snapshot(at("A", 5, 7)) }, func(*peer) {},
			map[string]int64{"A": 5}, nil, 0},
		{"the last update counts", wire.Ticker, func(p *peer) { p.snapshot(at("A", 5, 7)); p.ticker(at("A", 9, 8)) }, func(*peer) {},
			map[string]int64{"A": 9}, nil, 0},
		{"a broken update does not", wire.Ticker, func(p *peer) { p.snapshot(at("A", 5, 7)); p.ticker(at("A", 4, 8)) }, func(*peer) {},
			map[string]int64{"A": 5}, nil, 1},
		{"only what moved comes in the snapshot", wire.Ticker,
			func(p *peer) { p.snapshot(at("A", 5, 7), at("B", 6, 1)) },
			func(p *peer) { p.snapshot(at("B", 8, 2)); p.ticker(at("A", 9, 8)); p.ticker(at("A", 10, 9)) },
			map[string]int64{"A": 5, "B": 6}, []string{"snapshot B q=8 n=2 p=1.50", "ticker A q=9 n=8 p=1.50", "ticker A q=10 n=9 p=1.50"}, 0},
		{"another node has counted otherwise", wire.Ticker,
			func(p *peer) { p.snapshot(at("A", 5, 700)) },
			func(p *peer) { p.ticker(at("A", 6, 3)); p.ticker(at("A", 7, 3)) },
			map[string]int64{"A": 5}, []string{"ticker A q=6 n=3 p=1.50", "fault A: seq 7 after 6, ordinal 3 after 3: both must rise"}, 1},
		{"seq must rise still", wire.Ticker,
			func(p *peer) { p.snapshot(at("A", 5, 7)) },
			func(p *peer) { p.ticker(at("A", 5, 8)) },
			map[string]int64{"A": 5}, []string{"fault A: seq 5 after 5, ordinal 8 after 7: both must rise"}, 1},
		{"but not across a snapshot", wire.Ticker,
			func(p *peer) { p.snapshot(at("A", 5, 7)) },
			func(p *peer) { p.snapshot(at("A", 1, 1)); p.ticker(at("A", 2, 2)) },
			map[string]int64{"A": 5}, []string{"snapshot A q=1 n=1 p=1.50", "ticker A q=2 n=2 p=1.50"}, 0},
		{"trades that were missed", wire.Trades,
			func(p *peer) { p.trades(trade("A", 5), trade("B", 6), trade("A", 7)) },
			func(p *peer) { p.trades(trade("A", 8), trade("B", 9)); p.trades(trade("A", 10)) },
			map[string]int64{"A": 7, "B": 6}, []string{"trade A q=8 p=1.50", "trade B q=9 p=1.50", "trade A q=10 p=1.50"}, 0},
		{"a trade does not come twice", wire.Trades,
			func(p *peer) { p.trades(trade("A", 5)) },
			func(p *peer) { p.trades(trade("A", 5), trade("A", 6)) },
			map[string]int64{"A": 5}, []string{"fault A: a trade with seq 5 after 5: it must rise", "trade A q=6 p=1.50"}, 1},
		{"more trades than the server has", wire.Trades,
			func(p *peer) { p.trades(trade("A", 5)) },
			func(p *peer) { p.gap("A", 6, 80); p.trades(trade("A", 81)) },
			map[string]int64{"A": 5}, []string{"gap A 6 to 80", "trade A q=81 p=1.50"}, 0},
		{"the log of trades began anew", wire.Trades,
			func(p *peer) { p.trades(trade("A", 5)) },
			func(p *peer) { p.gap("A", 6, 0); p.trades(trade("A", 1)) },
			map[string]int64{"A": 5}, []string{"gap A 6 to 0", "trade A q=1 p=1.50"}, 0},
		{"behind a gap", wire.Trades, func(p *peer) { p.trades(trade("A", 5)); p.gap("A", 6, 80) }, func(*peer) {},
			map[string]int64{"A": 80}, nil, 0},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			r, asked := rejoin(t, on(tc.channel, "*"), tc.first, tc.second)
			want(t, "since", asked[0].Since, tc.since)
			told := len(r.told) - len(tc.told)
			if told < 0 {
				t.Fatalf("told: got %v, want %v at its end", r.told, tc.told)
			}
			if len(tc.told) > 0 {
				want(t, "told by the second connection", r.told[told:], tc.told)
			}
			want(t, "Violations", r.client.Stats().Violations(), tc.broken)
		})
	}
}

func TestMissedTradesMayComeBeforeTheAckOrBehindIt(t *testing.T) {
	for _, before := range []bool{true, false} {
		when(t, fmt.Sprintf("before: %v", before), func(t *testing.T) {
			r := launch(t, on(wire.Trades, "A"), func(n int, p *peer) {
				p.hello()
				q := p.hear()
				if before && n > 1 {
					p.trades(trade("A", 6), trade("A", 7))
				}
				p.ack(q)
				if n == 1 {
					p.trades(trade("A", 5))
					p.close(4000)
					return
				}
				if !before {
					p.trades(trade("A", 6), trade("A", 7))
				}
				p.trades(trade("A", 8))
			})
			time.Sleep(time.Second)
			synctest.Wait()
			r.end()
			want(t, "told", r.told, []string{"trade A q=5 p=1.50", "trade A q=6 p=1.50", "trade A q=7 p=1.50", "trade A q=8 p=1.50"})
			want(t, "Violations", r.client.Stats().Violations(), 0)
		})
	}
}

// many are symbols of which a request has no room for all.
func many() []string {
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("LONG-NAME-%03d", i))
	}
	return all
}

func TestWhatARequestHasNoRoomForComesAsIfNew(t *testing.T) {
	when(t, "ticker: in the snapshot", func(t *testing.T) {
		var updates, later []wire.Update
		for _, symbol := range many() {
			updates, later = append(updates, at(symbol, 1000, 9)), append(later, at(symbol, 1001, 1))
		}
		var left []string
		r, asked := rejoin(t, on(wire.Ticker, "LONG-*"), func(p *peer) { p.snapshot(updates...) }, func(p *peer) { p.ticker(later...) })
		for _, symbol := range many() {
			if _, known := asked[0].Since[symbol]; !known {
				left = append(left, symbol)
			}
		}
		if len(left) == 0 || len(left) == len(updates) {
			t.Fatalf("left out: got %d of %d, want some", len(left), len(updates))
		}
		want(t, "SnapshotViolations of a server that does not tell them", r.client.Stats().SnapshotViolations, uint64(len(left)))
		want(t, "OrderViolations", r.client.Stats().OrderViolations, 0)
	})
	when(t, "trades: behind a gap", func(t *testing.T) {
		var trades, later []wire.Trade
		for _, symbol := range many() {
			trades, later = append(trades, trade(symbol, 1000)), append(later, trade(symbol, 1003))
		}
		r, asked := rejoin(t, on(wire.Trades, "*"), func(p *peer) { p.trades(trades...) }, func(p *peer) { p.trades(later...) })
		var told []string
		for _, symbol := range many() {
			if _, known := asked[0].Since[symbol]; !known {
				told = append(told, "gap "+symbol+" 1001 to 1002")
			}
			told = append(told, "trade "+symbol+" q=1003 p=1.50")
		}
		want(t, "told", r.told[len(trades):], told)
		want(t, "Gaps", r.client.Stats().Gaps, uint64(len(told)-len(later)))
	})
}

func TestLongListsAreResumedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var trades []wire.Trade
		for i, symbol := range many() {
			trades = append(trades, trade(symbol, int64(1e15)+int64(i)))
		}
		r := launch(t, on(wire.Trades, many()...), func(n int, p *peer) {
			p.hello()
			if n == 1 {
				for !slices.Contains(p.grant().Symbols, many()[99]) {
				}
				p.trades(trades...)
				p.close(4000)
				return
			}
			since := map[string]int64{}
			for len(since) < len(trades) { // or the connection would be given up
				q := p.grant()
				if len(q.Since) != len(q.Symbols) {
					t.Errorf("got %d seqs of %d symbols, want all", len(q.Since), len(q.Symbols))
				}
				maps.Copy(since, q.Since)
			}
			for _, trade := range trades {
				want(t, "since of "+trade.Symbol, since[trade.Symbol], trade.Seq)
			}
			p.trades(trade("END", 1))
			p.obey()
		})
		time.Sleep(time.Second)
		synctest.Wait()
		r.end()
		want(t, "last told", r.told[len(r.told)-1], "trade END q=1 p=1.50")
		want(t, "connections", r.client.Stats().Connections, 2)
	})
}

func TestEachSymbolIsResumedByTheRequestThatHoldsIt(t *testing.T) {
	w, l := &wanted{}, newLedger()
	w.add(lane{channel: wire.Ticker}, []string{"A-*", "*", "B-1"})
	w.add(lane{channel: wire.Ticker, rate: 1}, []string{"A-1", "A-1*"})
	w.add(lane{channel: wire.Trades}, []string{"A-*"})
	w.add(lane{channel: wire.Bars1m}, []string{"*"})
	for _, symbol := range []string{"A-1", "A-12", "B-1", "C"} {
		u, tr := at(symbol, 7, 1), trade(symbol, 8)
		l.open(&u)
		l.trade(&tr)
	}
	l.reconnect()
	var got []string
	for _, r := range resumption(w, l, 1000) {
		got = append(got, fmt.Sprintf("%s %s at %v: %v", r.Channel, strings.Join(r.Symbols, " "), r.Rate, r.Since))
	}
	want(t, "requests", got, []string{
		"ticker B-1 at 0: map[B-1:7]",
		"ticker A-1 at 1: map[A-1:7]",
		"ticker A-* * at 0: map[A-12:7 C:7]",
		"ticker A-1* at 1: map[]",
		"trades A-* at 0: map[A-1:8 A-12:8]",
		"bars_1m * at 0: map[]",
	})
	want(t, "trades that nobody wants are forgotten", l.symbols(wire.Trades), nil)
}

func TestWhatWasUnsubscribedBeginsAnew(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		leave    []string
		since    map[string]int64
	}{
		{"a name", []string{"A-1"}, map[string]int64{"B-1": 2, "B-2": 3, "C": 4}},
		{"a pattern, but for names of their own", []string{"B-*"}, map[string]int64{"A-1": 1, "B-1": 2, "C": 4}},
		{"a name that a pattern covers", []string{"B-1"}, map[string]int64{"A-1": 1, "B-1": 2, "B-2": 3, "C": 4}},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			r := launch(t, on(wire.Trades, "A-1", "B-1", "C", "B-*"), func(_ int, p *peer) {
				p.hello()
				p.grant() // names
				p.grant() // the pattern
				p.trades(trade("A-1", 1), trade("B-1", 2), trade("B-2", 3), trade("C", 4))
				p.grant() // unsubscribe
				p.grant() // subscribe
			})
			synctest.Wait()
			sub := Subscription{Channel: wire.Trades, Symbols: tc.leave}
			for _, change := range []func(context.Context, Subscription) (wire.Ack, error){r.client.Unsubscribe, r.client.Subscribe} {
				if _, err := change(t.Context(), sub); err != nil {
					t.Fatal(err)
				}
			}
			r.end()
			got := map[string]int64{}
			r.client.ledger.reconnect()
			for _, q := range resumption(&r.client.wanted, r.client.ledger, 1000) {
				maps.Copy(got, q.Since)
			}
			want(t, "since", got, tc.since)
		})
	}
}

func TestRunningAgainResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan wire.Request, 2)
		r := launch(t, on(wire.Trades, "A"), func(_ int, p *peer) {
			p.hello()
			asked <- p.grant()
			p.trades(trade("A", 5))
		})
		synctest.Wait()
		r.cancel()
		<-r.err
		var ctx context.Context
		ctx, r.cancel = context.WithCancel(t.Context())
		go func() { r.err <- r.client.Run(ctx) }()
		synctest.Wait()
		r.end()
		want(t, "since at first", (<-asked).Since, nil)
		want(t, "since then", (<-asked).Since, map[string]int64{"A": 5})
	})
}
