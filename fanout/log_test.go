package fanout

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// told is what a client was told of trades, such as "3 4 gap 5-9 10".
func told(messages []any) []string {
	var all []string
	for _, m := range messages {
		switch m := m.(type) {
		case *wire.TradesMessage:
			for _, t := range m.Data {
				all = append(all, fmt.Sprint(t.Seq))
			}
		case *wire.Gap:
			all = append(all, fmt.Sprintf("gap %d-%d", m.From, m.To))
		}
	}
	return all
}

// seqs are n of them from first on.
func seqs(first, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(first+i))
	}
	return all
}

func TestTradesAreToldOrTheirGapIs(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		since    int64 // -1: none
		rest     func(c *client, m *market)
		want     []string
	}{
		{"from now on", -1, func(c *client, m *market) { m.trade("A", "1"); m.trade("A", "1") }, []string{"10", "11"}},
		{"what came after since first", 7, func(c *client, m *market) { m.trade("A", "1") }, []string{"8", "9", "10"}},
		{"nothing came after since", 9, func(c *client, m *market) { m.trade("A", "1") }, []string{"10"}},
		{"since is beyond the ring", 2, func(c *client, m *market) {}, []string{"gap 3-5", "6", "7", "8", "9"}},
		{"since is ahead of this node", 12, func(c *client, m *market) { m.trade("A", "1") }, []string{"gap 13-9", "10"}},
		{"a client that does not read for as long as the ring holds", -1, func(c *client, m *market) {
			m.trade("A", "1") // is in flight
			for range 4 {
				m.trade("A", "1")
				synctest.Wait()
			}
		}, []string{"10", "11", "12", "13", "14"}},
		{"and for longer", -1, func(c *client, m *market) {
			m.trade("A", "1")
			synctest.Wait()
			for range 2 + keptEncoded {
				m.trade("A", "1")
				synctest.Wait()
			}
		}, append([]string{"10", "gap 11-12"}, seqs(13, keptEncoded)...)},
		{"the log begins anew", -1, func(c *client, m *market) {
			c.recover()
			m.trade("A", "1")
			synctest.Wait()
			for offset := range int64(2) {
				m.hub.Apply(&feed.Tick{Symbol: []byte("A"), Time: 1, Price: feed.Number("5")}, feed.Position{Generation: 1, Offset: offset})
			}
		}, []string{"10", "gap 11--1", "0", "1"}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := New(Config{Shards: 1, History: history.Limits{Trades: 4}})
				defer h.Close()
				m := &market{hub: h}
				for range 10 {
					m.trade("A", "1")
				}
				c := attach(t, h)
				r := wire.Request{Op: wire.OpSubscribe, Channel: wire.Trades, Symbols: []string{"A"}}
				if tc.since >= 0 {
					r.Since = map[string]int64{"A": tc.since}
				}
				c.ask(r)
				synctest.Wait()
				c.stall()
				tc.rest(c, m)
				synctest.Wait()
				c.recover()
				time.Sleep(time.Second)
				synctest.Wait()
				if got := told(c.messages()); !slices.Equal(got, tc.want) {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			})
		})
	}
}

func TestBarsAreClosedInTimeAndCorrectedByLateTrades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 2})
		defer h.Close()
		offset := int64(0)
		trade := func(price string, ago time.Duration) {
			h.Apply(&feed.Tick{Symbol: []byte("A"), Time: time.Now().Add(-ago).UnixMicro(), Price: feed.Number(price), Size: feed.Number("1")}, feed.Position{Offset: offset})
			offset++
		}
		trade("1", 0)
		c, other := attach(t, h), attach(t, h) // one in each shard
		for _, one := range []*client{c, other} {
			one.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Bars1s, Symbols: []string{"A"}})
		}
		bars := func() (all []string) {
			synctest.Wait()
			for _, m := range c.messages() {
				if m, ok := m.(*wire.BarsMessage); ok {
					for _, b := range m.Data {
						all = append(all, fmt.Sprintf("%s %s-%s %d %v", m.Type, b.Open, b.Close, b.Count, b.Closed))
					}
				}
			}
			return all
		}
		for _, step := range []struct {
			scenario string
			do       func()
			want     []string
		}{
			{"the running bar is the snapshot", func() {}, []string{"snapshot 1-1 1 false"}},
			{"a trade changes it", func() { trade("2", 0) }, []string{"bars_1s 1-2 2 false"}},
			{"it is closed without a trade", func() { time.Sleep(3 * time.Second) }, []string{"bars_1s 1-2 2 true"}},
			{"a late trade changes it", func() { trade("3", 2500*time.Millisecond) }, []string{"bars_1s 1-3 3 true"}},
			{"a trade begins the next", func() { trade("4", 0) }, []string{"bars_1s 4-4 1 false"}},
			{"and a later one closes that", func() { time.Sleep(time.Second); trade("5", 0) }, []string{"bars_1s 4-4 1 true", "bars_1s 5-5 1 false"}},
		} {
			step.do()
			if got := bars(); !slices.Equal(got, step.want) {
				t.Errorf("%s: got %q, want %q", step.scenario, got, step.want)
			}
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		last := other.messages()
		if got, ok := last[len(last)-1].(*wire.BarsMessage); !ok || !got.Data[0].Closed {
			t.Errorf("in the other shard the last message is %s, want the closed bar", text(last[len(last)-1]))
		}
	})
}
