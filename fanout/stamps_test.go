package fanout

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

func TestStampsSayWhenAnUpdateHappenedWasReceivedAndSent(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		apply := func(price string, received int64) {
			h.Apply(&feed.Tick{Symbol: []byte("A"), Time: 1000 + m.offset, Price: feed.Number(price), Received: received}, feed.Position{Offset: m.offset})
			m.offset++
		}
		apply("1", 2000)
		c, plain := attach(t, h), attach(t, h)
		plain.subscribe(0, "A")
		if ack := c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{"A"}, Stamps: true}); !ack.Stamps {
			t.Errorf("ack: got %s, want stamps", text(ack))
		}
		time.Sleep(time.Second)
		apply("2", 2001)
		synctest.Wait()
		now := time.Now().UnixMicro()
		messages := slices.DeleteFunc(c.messages(), func(m any) bool { _, data := m.(*wire.Data); return !data })
		got, want := text(messages[len(messages)-1]), text(&wire.Data{Type: wire.TypeTicker, Sent: now, Data: []wire.Update{
			{Symbol: "A", Seq: 1, Ordinal: 2, Time: 1001, Price: feed.Number("2"), Volume: feed.Number("0"), Received: 2001}}})
		if got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		if got := plain.value("A"); got.Received != 0 || string(got.Price) != "2" {
			t.Errorf("without stamps: got %s", text(got))
		}
	})
}

func TestStampsAreOfASubscriptionAndNotBesideIt(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "1")
		c := attach(t, h)
		c.subscribe(0, "A")
		c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{"A"}, Stamps: true, Rate: 10})
		if got, want := text(c.ask(wire.Request{Op: wire.OpList}).Subscriptions), `[{"channel":"ticker","symbols":["A"],"rate":10,"stamps":true}]`; got != want {
			t.Errorf("list: got %s, want %s", got, want)
		}
		if ack := c.unsubscribe("A"); len(ack.Denied) != 0 {
			t.Errorf("unsubscribe: got %s, want it to end the one with stamps", text(ack))
		}
		if got := c.ask(wire.Request{Op: wire.OpList}).Subscriptions; len(got) != 0 {
			t.Errorf("list: got %s, want nothing", text(got))
		}
	})
}
