package fanout

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"tickwire/fanout/wire"
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
