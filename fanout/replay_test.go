package fanout

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// busyArchive has all trades, and while it is read the market goes on.
type busyArchive struct {
	m    *market
	busy bool
}

func (a *busyArchive) Replay(_ context.Context, _ int32, from, to int64, each func(*feed.Tick, int64) bool) (begun, reached int64, err error) {
	for offset := from; offset < to; offset++ {
		if !each(&feed.Tick{Symbol: []byte("A"), Time: 1 + offset, Price: feed.Number(fmt.Sprint(offset)), Size: feed.Number("1")}, offset) {
			return from, offset + 1, nil
		}
	}
	if !a.busy {
		a.busy = true
		for range 20 { // more than the ring holds
			a.m.trade("A", fmt.Sprint(a.m.offset))
		}
	}
	return from, to, nil
}

// TestWhatTheRingLosesDuringAReplayIsReplayedToo, as the archive has it.
func TestWhatTheRingLosesDuringAReplayIsReplayedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &busyArchive{}
		h := New(Config{Shards: 1, Symbols: 10, History: history.Limits{Trades: 8}, Archive: a})
		defer h.Close()
		a.m = &market{hub: h}
		for range 20 {
			a.m.trade("A", fmt.Sprint(a.m.offset))
		}
		c := attach(t, h)
		c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"A"}, Since: map[string]int64{"A": 1}})
		synctest.Wait()
		next := int64(2)
		for _, message := range c.messages() {
			switch d := message.(type) {
			case *wire.Gap:
				t.Errorf("a gap: %+v", d)
				next = d.To + 1
			case *wire.TradesMessage:
				for _, one := range d.Data {
					if one.Seq != next {
						t.Errorf("got %d, want %d", one.Seq, next)
					}
					next = one.Seq + 1
				}
			}
		}
		if next != a.m.offset {
			t.Errorf("ends before %d, want %d", next, a.m.offset)
		}
	})
}
