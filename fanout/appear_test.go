package fanout

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// TestAPatternTellsEveryTradeOfASymbolThatAppears: the first ones are there
// before any shard has taken note of the symbol.
func TestAPatternTellsEveryTradeOfASymbolThatAppears(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		patterns []string
		stamps   bool
		trades   int
	}{
		{"one trade", []string{"*"}, false, 1},
		{"several trades", []string{"*"}, false, 5},
		{"several trades, with stamps", []string{"N*"}, true, 5},
		{"a pattern in a pattern", []string{"N*", "*", "NE*"}, false, 5},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *Hub, m *market) {
				m.trade("OLD", "1")
				c := attach(t, h)
				for _, pattern := range tc.patterns {
					c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{pattern}, Stamps: tc.stamps})
				}
				synctest.Wait()
				want := []string{}
				for i := range tc.trades + 2 {
					if i == tc.trades {
						synctest.Wait() // what was there is told before the last two
					}
					want = append(want, fmt.Sprint("NEW ", m.offset))
					m.trade("NEW", "2")
				}
				synctest.Wait()
				got := []string{}
				for _, message := range c.messages() {
					switch d := message.(type) {
					case *wire.TradesMessage:
						for _, one := range d.Data {
							got = append(got, fmt.Sprint(one.Symbol, " ", one.Seq))
						}
					case *wire.Gap:
						t.Errorf("a gap: %+v", d)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("trades: got %v, want %v", got, want)
				}
			})
		})
	}
}

// TestASymbolWithoutABarHasItsFirstBarsToldLikeAllOthers, however many have come
// before the client can take them, and whether it was there when it was
// subscribed or appeared after that.
func TestASymbolWithoutABarHasItsFirstBarsToldLikeAllOthers(t *testing.T) {
	for _, quoted := range []bool{false, true} {
		for _, term := range []string{"NEW", "*"} {
			if !quoted && term == "NEW" {
				continue // not to be had by its name
			}
			t.Run(fmt.Sprintf("%s, quoted before: %v", term, quoted), func(t *testing.T) {
				inBubble(t, func(t *testing.T, h *Hub, m *market) {
					if quoted {
						h.Apply(&feed.Tick{Symbol: []byte("NEW"), Time: 1, Bid: feed.Number("1")}, feed.Position{Offset: m.offset})
						m.offset++
					}
					c := attach(t, h)
					c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Bars1s, Symbols: []string{term}})
					synctest.Wait()
					for second := range int64(3) {
						h.Apply(&feed.Tick{Symbol: []byte("NEW"), Time: second*1_000_000 + 1, Price: feed.Number("1")}, feed.Position{Offset: m.offset})
						m.offset++
					}
					synctest.Wait()
					got := []int64{}
					for _, message := range c.messages() {
						if d, ok := message.(*wire.BarsMessage); ok {
							for _, one := range d.Data {
								got = append(got, one.Start)
							}
						}
					}
					if want := []int64{0, 1_000_000, 2_000_000}; !slices.Equal(got, want) {
						t.Errorf("starts of the bars: got %v, want %v", got, want)
					}
				})
			})
		}
	}
}
