package fanout

import (
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
)

// TestABudgetIsKeptAndEndsWithTheNewestValue sends a client far more than its
// budget allows, and counts what it got in each of the seconds.
func TestABudgetIsKeptAndEndsWithTheNewestValue(t *testing.T) {
	for _, perSecond := range []int{1000, 5000} {
		inBubble(t, func(t *testing.T, h *Hub, m *market) {
			m.trade("A", "1")
			c := &counting{client: client{t: t, last: make(map[string]wire.Update)}}
			c.sub = h.NewSubscriber(c, Plain)
			c.sub.Attach(wire.Marshal(wire.Hello{Type: wire.TypeHello, V: wire.Version}))
			ack := c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{"A"}, BytesPerS: &perSecond})
			if ack.BytesPerS != perSecond {
				t.Errorf("ack: got %+v, want a budget of %d", ack, perSecond)
			}
			synctest.Wait()
			before, began := c.bytes, time.Now()
			const seconds = 20
			for time.Since(began) < seconds*time.Second {
				m.trade("A", "2")
				time.Sleep(time.Millisecond)
			}
			synctest.Wait()
			got := c.bytes - before
			if most, least := seconds*perSecond+leastFrame, seconds*perSecond*9/10; got > most || got < least {
				t.Errorf("%d bytes in %d s, want %d to %d", got, seconds, least, most)
			}
			m.trade("A", "3")
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if got := string(c.value("A").Price); got != "3" {
				t.Errorf("last value: got %s, want 3", got)
			}
		})
	}
}

func TestABudgetCanBeLifted(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "1")
		c := attach(t, h)
		few, none := wire.MinBytesPerS, 0
		c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{"A"}, BytesPerS: &few})
		for range 100 { // and now it is overdrawn
			m.trade("A", "2")
			synctest.Wait()
		}
		if ack := c.ask(wire.Request{Op: wire.OpSubscribe, BytesPerS: &none}); ack.BytesPerS != 0 || ack.Channel != "" {
			t.Errorf("ack: got %s, want no budget and no channel", text(ack))
		}
		m.trade("A", "3")
		synctest.Wait()
		if got := string(c.value("A").Price); got != "3" {
			t.Errorf("at once after the budget was lifted: got %s, want 3", got)
		}
	})
}

// counting is a client that counts the bytes it gets.
type counting struct {
	client
	bytes int
}

func (c *counting) TryFrame(frame []byte) Outcome {
	c.bytes += len(frame)
	return c.client.TryFrame(frame)
}
