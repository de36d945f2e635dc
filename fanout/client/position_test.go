package client

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
)

// TestWhatCameBeforeTheFirstTradeIsNotMissed: cut off behind the ack, and again
// while what was missed is being told.
func TestWhatCameBeforeTheFirstTradeIsNotMissed(t *testing.T) {
	for _, term := range []string{"A", "*"} {
		when(t, term, func(t *testing.T) {
			asked := make(chan wire.Request, 4)
			r := launch(t, on(wire.Trades, term), func(n int, p *peer) {
				p.hello()
				switch n {
				case 1:
					asked <- p.grantAt("0-4")
					p.close(4000)
				case 2:
					asked <- p.grantAt("0-4") // A was missed
					p.trades(trade("A", 5))
					p.close(4000)
				case 3:
					asked <- p.grantAt("0-9") // nothing was but what since names
					p.close(4000)
				default:
					asked <- p.grantAt("0-9")
					p.trades(trade("A", 7), trade("A", 12))
				}
			})
			time.Sleep(5 * time.Second)
			synctest.Wait()
			r.end()
			want(t, "told", r.told, []string{"trade A q=5 p=1.50", "trade A q=7 p=1.50", "trade A q=12 p=1.50"})
			second := "0-4"
			third, fourth := second, "0-9"
			if term == "A" {
				third, fourth = "", "" // since says all
			}
			var since map[string]int64
			for i, position := range []string{"", second, third, fourth} {
				if i == 2 {
					since = map[string]int64{"A": 5}
				}
				got := <-asked
				want(t, fmt.Sprintf("position of request %d", i+1), got.Position, position)
				want(t, fmt.Sprintf("since of request %d", i+1), got.Since, since)
			}
			want(t, "Violations", r.client.Stats().Violations(), 0)
			want(t, "Gaps", r.client.Stats().Gaps, 0)
		})
	}
}

// TestWhatARequestHasNoRoomForIsPassedOverWhereItWasTold: the position that stands
// for it is older.
func TestWhatARequestHasNoRoomForIsPassedOverWhereItWasTold(t *testing.T) {
	when(t, "trades of a pattern", func(t *testing.T) {
		var trades []wire.Trade
		for _, symbol := range many() {
			trades = append(trades, trade(symbol, 1000))
		}
		asked := make(chan wire.Request, 1)
		last, before := many()[99], many()[98]
		r := launch(t, on(wire.Trades, "*"), func(n int, p *peer) {
			p.hello()
			if n == 1 {
				p.grantAt("0-7")
				p.trades(trades...)
				p.close(4000)
				return
			}
			asked <- p.grantAt("0-7")
			p.gap(last, 8, 900)
			p.trades(trade(last, 950), trade(last, 1000), trade(last, 1003), trade(last, 1002))
			p.gap(before, 8, 1200)
			p.trades(trade(before, 1201))
		})
		time.Sleep(time.Second)
		synctest.Wait()
		r.end()
		q := <-asked
		want(t, "position", q.Position, "0-7")
		if _, named := q.Since[before]; named || len(q.Since) == 0 {
			t.Fatalf("since has %d of %d symbols, want some and not the last two", len(q.Since), len(trades))
		}
		want(t, "told", r.told[len(trades):], []string{
			"fault " + last + ": a trade with seq 1002 after 1003: it must rise", "trade " + last + " q=1003 p=1.50",
			"gap " + before + " 1001 to 1200", "trade " + before + " q=1201 p=1.50",
		})
		want(t, "Gaps", r.client.Stats().Gaps, 1)
	})
}

func TestTermsAreResumedFromTheirPositions(t *testing.T) {
	type ack struct {
		position string
		terms    []string
	}
	for _, tc := range []struct {
		scenario string
		acks     []ack
		told     []string // of which a trade came
		offline  []string // subscribed without an ack
		forget   []string
		want     []string
	}{
		{"one", []ack{{"0-1", []string{"A", "B"}}}, nil, nil, nil, []string{"A B from 0-1"}},
		{"names apart, and what was told needs none", []ack{{"0-1", []string{"A", "B"}}, {"0-2", []string{"C"}}}, []string{"A"}, nil, nil,
			[]string{"B from 0-1", "C from 0-2", "A from "}},
		{"a change of the rate does not count", []ack{{"0-1", []string{"A"}}, {"0-2", []string{"A"}}}, nil, nil, nil, []string{"A from 0-1"}},
		{"a name of a pattern begins with it", []ack{{"0-1", []string{"A*"}}, {"0-2", []string{"A1", "B"}}}, nil, nil, nil,
			[]string{"A1 from 0-1", "B from 0-2", "A* from 0-1"}},
		{"also when it was not acked", []ack{{"0-1", []string{"A*"}}}, nil, []string{"A1", "B"}, nil,
			[]string{"A1 from 0-1", "B from ", "A* from 0-1"}},
		{"the older pattern first", []ack{{"0-1", []string{"AB*"}}, {"0-2", []string{"A*"}}}, nil, []string{"*"}, nil,
			[]string{"AB* from 0-1", "A* from 0-2", "* from "}},
		{"what was unsubscribed begins anew", []ack{{"0-1", []string{"A", "B*"}}}, nil, nil, []string{"A", "B*"}, []string{"A from ", "B* from "}},
		{"not more requests than these", []ack{{"0-0", []string{"A"}}, {"0-1", []string{"B"}}, {"0-2", []string{"C"}}, {"0-3", []string{"D"}}, {"0-4", []string{"E"}},
			{"0-5", []string{"F"}}, {"0-6", []string{"G"}}, {"0-7", []string{"H"}}, {"0-8", []string{"I"}}, {"0-9", []string{"J"}}}, []string{"J"}, []string{"K"}, nil,
			[]string{"A B from 0-0", "C from 0-2", "D from 0-3", "E from 0-4", "F from 0-5", "G from 0-6", "H from 0-7", "I from 0-8", "J K from "}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			w, l := &wanted{}, newLedger()
			subscribe := func(terms []string) { w.add(lane{channel: wire.Trades}, terms) }
			l.reconnect()
			for _, a := range tc.acks {
				subscribe(a.terms)
				l.begin(&wire.Ack{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: a.terms, Position: a.position})
			}
			for _, symbol := range tc.told {
				one := trade(symbol, 7)
				l.trade(&one)
			}
			subscribe(tc.offline)
			l.forget(wire.Trades, tc.forget, w.covers)
			l.reconnect()
			var got []string
			for _, r := range resumption(w, l, 1000) {
				got = append(got, strings.Join(r.Symbols, " ")+" from "+r.Position)
			}
			want(t, "requests", got, tc.want)
		})
	}
}

// TestANewerAckReplacesThePositionOnlyOnANewConnection: on the same one it is of
// a change.
func TestANewerAckReplacesThePositionOnlyOnANewConnection(t *testing.T) {
	w, l := &wanted{}, newLedger()
	w.add(lane{channel: wire.Trades}, []string{"*"})
	for _, position := range []string{"0-1", "0-1", "0-5", "none"} {
		l.reconnect()
		for _, text := range []string{position, "9-9"} {
			l.begin(&wire.Ack{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"*"}, Position: text})
		}
		l.reconnect()
		want(t, "position", resumption(w, l, 1000)[0].Position, position)
	}
}
