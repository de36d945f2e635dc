package fanout

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

func TestATickGoesOutAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("BTC-USD", "1")
		c := attach(t, h)
		c.subscribe(0, "BTC-USD")
		synctest.Wait() // the snapshot is out
		before := time.Now()
		for i := range 5 {
			m.trade("BTC-USD", fmt.Sprint(i+2))
			synctest.Wait()
		}
		if waited := time.Since(before); waited != 0 {
			t.Errorf("virtual time passed: %v, want none: no timer may be involved", waited)
		}
		if got, want := kinds(c.messages()), []string{"snapshot", "ticker", "ticker", "ticker", "ticker", "ticker"}; !slices.Equal(got, want) {
			t.Errorf("messages: got %v, want %v", got, want)
		}
		if got := c.value("BTC-USD"); text(got) != `{"s":"BTC-USD","q":5,"n":6,"t":6,"p":"6","z":"1","b":"","a":"","v":"6"}` {
			t.Errorf("last update: got %s", text(got))
		}
	})
}

func TestVerdicts(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("BTC-USD", "1")
		m.trade("ETH-USD", "1")
		c := attach(t, h)
		ack := c.subscribe(10, "BTC-USD", "ETH-*", "NEW-USD", "", "A*B", strings.Repeat("X", 33))
		if got, want := ack.Symbols, []string{"BTC-USD", "ETH-*"}; !slices.Equal(got, want) || ack.Rate != 10 {
			t.Errorf("accepted: got %v at %v, want %v at 10", got, ack.Rate, want)
		}
		want := []wire.Denied{{Symbol: "NEW-USD", Code: wire.UnknownSymbol}, {Symbol: "", Code: wire.BadSymbol}, {Symbol: "A*B", Code: wire.BadSymbol}, {Symbol: strings.Repeat("X", 33), Code: wire.BadSymbol}}
		if !slices.Equal(ack.Denied, want) {
			t.Errorf("denied: got %v, want %v", ack.Denied, want)
		}
		ack = c.unsubscribe("BTC-USD", "BTC-USD", "ETH-USD", "*", "?")
		if got, want := ack.Symbols, []string{"BTC-USD", "BTC-USD"}; !slices.Equal(got, want) || len(ack.Denied) != 3 || ack.Denied[0].Code != wire.NotSubscribed {
			t.Errorf("unsubscribe: got %s", text(ack))
		}
	})
}

func TestSubscribingTwiceIsTheSameAsOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("BTC-USD", "1")
		c := attach(t, h)
		c.subscribe(0, "BTC-USD")
		c.subscribe(0, "BTC-USD", "BTC-USD", "BTC-*")
		m.trade("BTC-USD", "2")
		synctest.Wait()
		if got, want := kinds(c.messages()), []string{"snapshot", "ticker"}; !slices.Equal(got, want) || c.updates != 2 {
			t.Errorf("got %v with %d updates, want %v with 2", got, c.updates, want)
		}
	})
}

func TestPatternsCatchSymbolsThatAppearLater(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		all, some := attach(t, h), attach(t, h)
		all.subscribe(0, "*")
		some.subscribe(0, "ETH-*")
		m.trade("BTC-USD", "1")
		m.trade("ETH-USD", "2")
		m.trade("ETH-EUR", "3")
		synctest.Wait()
		m.trade("ETH-USD", "4")
		synctest.Wait()
		if len(all.last) != 3 || len(some.last) != 2 || some.value("ETH-USD").Ordinal != 2 {
			t.Errorf("got %d and %d symbols, ETH-USD %s; want 3 and 2, ordinal 2", len(all.last), len(some.last), text(some.value("ETH-USD")))
		}
	})
}

func TestTheMoreExactTermDecidesTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		for _, s := range []string{"BTC-USD", "ETH-USD", "ETH-EUR"} {
			m.trade(s, "1")
		}
		c := attach(t, h)
		c.subscribe(1, "*")
		c.subscribe(2, "ETH-*")
		c.subscribe(0, "ETH-USD")
		synctest.Wait()
		count := func() (btc, eur, usd uint64) {
			return c.value("BTC-USD").Ordinal, c.value("ETH-EUR").Ordinal, c.value("ETH-USD").Ordinal
		}
		time.Sleep(10 * time.Second)
		for range 3 { // the first update of each goes at once, the others as the rate allows
			for _, s := range []string{"BTC-USD", "ETH-USD", "ETH-EUR"} {
				m.trade(s, "2")
			}
			synctest.Wait()
		}
		if btc, eur, usd := count(); btc != 2 || eur != 2 || usd != 4 {
			t.Errorf("at once: got ordinals %d %d %d, want 2 2 4", btc, eur, usd)
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if btc, eur, usd := count(); btc != 2 || eur != 4 || usd != 4 {
			t.Errorf("after half a second: got ordinals %d %d %d, want 2 4 4", btc, eur, usd)
		}
		c.unsubscribe("ETH-USD") // ETH-* still covers it
		ack := c.ask(wire.Request{Op: wire.OpList})
		if got, want := text(ack.Subscriptions), `[{"channel":"ticker","symbols":["*"],"rate":1},{"channel":"ticker","symbols":["ETH-*"],"rate":2}]`; got != want {
			t.Errorf("list: got %s, want %s", got, want)
		}
		time.Sleep(time.Second)
		m.trade("ETH-USD", "3")
		synctest.Wait()
		m.trade("ETH-USD", "4")
		synctest.Wait()
		if got := c.value("ETH-USD").Ordinal; got != 5 {
			t.Errorf("ETH-USD at the rate of ETH-*: got ordinal %d, want 5", got)
		}
	})
}

func TestARateKeepsTheLastValue(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("BTC-USD", "0")
		c := attach(t, h)
		c.subscribe(10, "BTC-USD")
		start := c.updates
		for i := range 1000 {
			m.trade("BTC-USD", fmt.Sprint(i+1))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if got := c.updates - start; got < 10 || got > 12 {
			t.Errorf("updates in 1.1 s at rate 10: got %d, want 10 to 12", got)
		}
		if got := c.value("BTC-USD"); string(got.Price) != "1000" || got.Ordinal != 1001 {
			t.Errorf("at the end: got %s, want price 1000, ordinal 1001", text(got))
		}
		if got := h.Stats().Conflated; got != c.merged {
			t.Errorf("conflated: the hub says %d, the ordinals say %d", got, c.merged)
		}
	})
}

func TestAPongTellsWhatTheConnectionCarried(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		for i := range 20 {
			m.trade(fmt.Sprint("S-", i), "0")
		}
		c := attach(t, h)
		ping := func() *wire.Pong {
			c.sub.Do(wire.Request{Op: wire.OpPing})
			return c.got[len(c.got)-1].(*wire.Pong)
		}
		c.subscribe(10, "S-*", "S-1")
		time.Sleep(time.Second)
		for i := range 50 {
			m.trade(fmt.Sprint("S-", i%3), fmt.Sprint(i))
			time.Sleep(17 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		carried, merged := c.bytes, c.merged
		if got := ping(); got.Bytes != carried || got.Conflated != merged || merged == 0 {
			t.Errorf("got %d bytes, %d conflated; want %d, and %d, not 0", got.Bytes, got.Conflated, carried, merged)
		}
		c.unsubscribe("S-*", "S-1")
		if got := ping(); got.Conflated != merged || got.Bytes <= carried {
			t.Errorf("of symbols that are no longer watched: got %+v, want them counted still", got)
		}
	})
}

func TestABlockedClientGetsTheNewestAndHoldsUpNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		symbols := []string{"A", "B", "C"}
		for _, s := range symbols {
			m.trade(s, "0")
		}
		slow, fast := attach(t, h), attach(t, h)
		slow.subscribe(0, "*")
		fast.subscribe(0, "*")
		synctest.Wait()
		slow.stall()
		for i := range 1000 {
			m.trade(symbols[i%3], fmt.Sprint(i))
			synctest.Wait()
		}
		if got, want := fast.value("A").Seq, m.offset-1; got != want {
			t.Errorf("the fast client has seq %d, want %d", got, want)
		}
		frames := slow.frames
		slow.recover()
		synctest.Wait()
		if got := slow.frames - frames; got != 1 {
			t.Errorf("frames to catch up: got %d, want 1", got)
		}
		for _, s := range symbols {
			if got, want := text(slow.value(s)), text(fast.value(s)); got != want {
				t.Errorf("%s: the slow client has %s, want %s", s, got, want)
			}
		}
		if got := h.Stats().Conflated; got != slow.merged+fast.merged || fast.merged != 0 {
			t.Errorf("conflated: the hub says %d, the ordinals %d and %d", got, slow.merged, fast.merged)
		}
	})
}

func TestRequestsOfABlockedClientWaitInThePlaceOfOne(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "0")
		c := attach(t, h)
		synctest.Wait() // hello is out
		c.stall()
		c.subscribe(0, "A") // its ack is in flight now
		answered := make(chan struct{})
		go func() {
			c.sub.Do(wire.Request{Op: wire.OpPing, ID: wire.ID("7")})
			close(answered)
		}()
		synctest.Wait()
		select {
		case <-answered:
			t.Fatal("the ping was answered while a frame was in flight")
		default:
		}
		c.read()
		synctest.Wait()
		<-answered
	})
}

func TestARequestOfAClientThatIsGoneReturns(t *testing.T) {
	for _, end := range []struct {
		scenario string
		by       func(h *Hub, c *client)
	}{
		{"the socket failed", func(h *Hub, c *client) {
			c.mu.Lock()
			c.gone = true
			c.mu.Unlock()
			c.read()
		}},
		{"it was detached", func(h *Hub, c *client) { c.sub.Detach(ClientLeft) }},
		{"the hub closed", func(h *Hub, c *client) { h.Close() }},
	} {
		t.Run(end.scenario, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *Hub, m *market) {
				c := attach(t, h)
				synctest.Wait()
				c.stall()
				c.sub.Do(wire.Request{Op: wire.OpPing})
				returned := make(chan struct{})
				go func() {
					c.sub.Do(wire.Request{Op: wire.OpPing})
					close(returned)
				}()
				synctest.Wait()
				end.by(h, c)
				<-returned
				c.sub.Do(wire.Request{Op: wire.OpPing})
			})
		})
	}
}

func TestHeartbeatsComeOnlyInSilence(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "0")
		c := attach(t, h)
		c.subscribe(0, "A")
		for range 100 { // 20 s with an update every 200 ms
			m.trade("A", "1")
			time.Sleep(200 * time.Millisecond)
		}
		synctest.Wait()
		if got := h.Stats().Heartbeats; got != 0 {
			t.Errorf("heartbeats between updates: got %d, want 0", got)
		}
		c.messages()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		silent := c.messages()
		if n := len(silent); n < 8 || n > 12 {
			t.Errorf("messages in 30 s of silence: got %d, want one every 2.5 to 3.2 s", n)
		}
		for _, m := range silent {
			if _, ok := m.(*wire.Heartbeat); !ok {
				t.Errorf("got %+v, want a heartbeat", m)
			}
		}
	})
}

func TestAClientThatSubscribesToNothingIsShut(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "0")
		idle, left, busy := attach(t, h), attach(t, h), attach(t, h)
		busy.subscribe(0, "A")
		left.subscribe(0, "A")
		time.Sleep(20 * time.Second)
		left.unsubscribe("A")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if !slices.Equal(idle.ended(), []Reason{Idle}) || left.ended() != nil || busy.ended() != nil {
			t.Errorf("after 40 s: got %v %v %v, want the first idle alone", idle.ended(), left.ended(), busy.ended())
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if !slices.Equal(left.ended(), []Reason{Idle}) || busy.ended() != nil {
			t.Errorf("after 60 s: got %v %v, want the one without symbols", left.ended(), busy.ended())
		}
		if got := h.Stats().Ended[Idle]; got != 2 {
			t.Errorf("counted: got %d, want 2", got)
		}
	})
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1, Symbols: 3, Policy: Policy{Terms: 2, Rates: 2}})
		defer h.Close()
		m := &market{hub: h}
		for _, s := range []string{"A", "B", "C", "D"} {
			m.trade(s, "1")
		}
		if got := h.Stats(); got.Symbols != 3 || got.Refused != 1 {
			t.Errorf("a Book of 3: got %d symbols, %d refused", got.Symbols, got.Refused)
		}
		c := attach(t, h)
		ack := c.subscribe(1, "A", "*", "B", "A", "C*")
		if text(ack.Symbols) != `["A","*","A"]` || text(ack.Denied) != `[{"symbol":"B","code":"too_many_symbols"},{"symbol":"C*","code":"too_many_symbols"}]` {
			t.Errorf("two terms: got %s", text(ack))
		}
		c.subscribe(2, "A")
		c.sub.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{"A"}, Rate: 3})
		if refusal, ok := c.got[len(c.got)-1].(*wire.Error); !ok || refusal.Code != wire.BadRequest {
			t.Errorf("a third rate: got %s, want an error", text(c.got[len(c.got)-1]))
		}
		c.subscribe(1, "A")
		c.subscribe(3, "A") // rate 2 is free again
		if ack := c.ask(wire.Request{Op: wire.OpList}); text(ack.Subscriptions) != `[{"channel":"ticker","symbols":["*"],"rate":1},{"channel":"ticker","symbols":["A"],"rate":3}]` {
			t.Errorf("list: got %s", text(ack.Subscriptions))
		}
	})
}

func TestALogThatBeginsAnewIsToldByASnapshot(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		at       feed.Position
		want     Applied
		messages []string
	}{
		{"the next offset", feed.Position{Partition: 1, Offset: 10}, Newest, []string{"ticker"}},
		{"the same offset", feed.Position{Partition: 1, Offset: 9}, Repeated, nil},
		{"a lower partition", feed.Position{Partition: 0, Offset: 99}, Astray, nil},
		{"a higher partition", feed.Position{Partition: 2, Offset: 0}, Newest, []string{"snapshot"}},
		{"the topic made again", feed.Position{Partition: 1, Generation: 1, Offset: 0}, Newest, []string{"snapshot"}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *Hub, m *market) {
				tick := &feed.Tick{Symbol: []byte("A"), Time: 1, Price: feed.Number("1")}
				h.Apply(tick, feed.Position{Partition: 1, Offset: 9})
				c := attach(t, h)
				c.subscribe(0, "A")
				synctest.Wait()
				c.messages()
				h.Apply(tick, tc.at)
				synctest.Wait()
				if got := kinds(c.messages()); !slices.Equal(got, tc.messages) {
					t.Errorf("messages: got %v, want %v", got, tc.messages)
				}
				if got := h.applied[Repeated].Load() + h.applied[Astray].Load(); (got == 1) != (tc.want != Newest) {
					t.Errorf("skipped ticks: got %d, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestAppendUpdates(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		for _, s := range []string{"BTC-USD", "ETH-USD", "ETH-EUR"} {
			m.trade(s, "1")
		}
		for _, tc := range []struct {
			terms []string
			want  []string
		}{
			{nil, []string{"BTC-USD", "ETH-USD", "ETH-EUR"}},
			{[]string{"ETH-*"}, []string{"ETH-USD", "ETH-EUR"}},
			{[]string{"ETH-EUR", "BTC-USD"}, []string{"BTC-USD", "ETH-EUR"}},
			{[]string{"X"}, nil},
		} {
			m, err := wire.Parse([]byte(wire.SnapshotHead + string(h.AppendUpdates(nil, tc.terms...)) + wire.DataFoot))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range m.(*wire.Data).Data {
				got = append(got, u.Symbol)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("terms %v: got %v, want %v", tc.terms, got, tc.want)
			}
		}
	})
}

// stallPolicy is for the tests below: a blocked client is warned after 10 s and
// evicted after 30 s.
var stallPolicy = Policy{Stall: 30 * time.Second}

func TestAClientThatTakesNothingIsEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1, Policy: stallPolicy})
		defer h.Close()
		m := &market{hub: h}
		m.trade("A", "1")
		dead, late := attach(t, h), attach(t, h)
		for _, c := range []*client{dead, late} {
			c.subscribe(0, "A")
			synctest.Wait()
			c.stall()
		}
		m.trade("A", "2")
		for range 29 {
			time.Sleep(time.Second)
			late.mu.Lock()
			late.progress = time.Now() // a byte now and then
			late.mu.Unlock()
		}
		synctest.Wait()
		if dead.ended() != nil {
			t.Errorf("after 29 s: shut for %v, want patience", dead.ended())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(dead.ended(), []Reason{Slow}) || late.ended() != nil {
			t.Errorf("after 31 s: shut for %v and %v, want slow and not at all", dead.ended(), late.ended())
		}
	})
}

func TestAClientThatWasBlockedForLongIsToldSo(t *testing.T) {
	for _, tc := range []struct {
		blocked time.Duration
		told    bool
	}{{5 * time.Second, false}, {11 * time.Second, true}} {
		synctest.Test(t, func(t *testing.T) {
			h := New(Config{Shards: 1, Policy: stallPolicy})
			defer h.Close()
			m := &market{hub: h}
			m.trade("A", "1")
			c := attach(t, h)
			c.subscribe(0, "A")
			synctest.Wait()
			c.stall()
			m.trade("A", "2")
			synctest.Wait()
			c.messages()
			time.Sleep(tc.blocked)
			m.trade("A", "3")
			c.recover()
			synctest.Wait()
			got := c.messages()
			notice, told := got[0].(*wire.Notice)
			if told != tc.told || told && (notice.Code != wire.NoticeSlow || notice.InMS != 30_000) {
				t.Errorf("after %v: got first %+v, want a notice: %v", tc.blocked, got[0], tc.told)
			}
			if string(c.value("A").Price) != "3" {
				t.Errorf("after %v: ends with %s, want 3", tc.blocked, text(c.value("A")))
			}
		})
	}
}

// TestWhoWaitedLongestGoesFirst cuts frames to three updates and looks at the
// order in which a client that was blocked gets its symbols.
func TestWhoWaitedLongestGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1, Policy: Policy{MaxFrame: 250}})
		defer h.Close()
		m := &market{hub: h}
		symbols := []string{"A", "B", "C", "D", "E", "F", "G"}
		for _, s := range symbols {
			m.trade(s, "1")
		}
		c := attach(t, h)
		c.subscribe(0, "*")
		synctest.Wait()
		c.stall()
		m.trade("A", "2") // in flight
		synctest.Wait()
		for _, s := range []string{"F", "B", "G", "C", "A", "B", "E", "D"} {
			m.trade(s, "3")
			synctest.Wait()
		}
		var order []string
		for range 4 {
			c.messages()
			c.read()
			synctest.Wait()
			for _, message := range c.messages() {
				if len(message.(*wire.Data).Data) > 3 {
					t.Errorf("a frame of %d updates, want at most 3", len(message.(*wire.Data).Data))
				}
				for _, u := range message.(*wire.Data).Data {
					order = append(order, u.Symbol)
				}
			}
		}
		if want := []string{"F", "B", "G", "C", "A", "E", "D"}; !slices.Equal(order, want) {
			t.Errorf("order: got %v, want %v", order, want)
		}
	})
}

// TestAClientOfEverythingHasOneFrameEncodedAPulse stops a client behind the
// first frame of its snapshot: no symbol beyond that frame may have been read.
func TestAClientOfEverythingHasOneFrameEncodedAPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1, Policy: Policy{MaxFrame: 1000}})
		defer h.Close()
		m := &market{hub: h}
		const symbols = 500
		for i := range symbols {
			m.trade(fmt.Sprintf("S%d", i), "1")
		}
		c := attach(t, h)
		synctest.Wait()
		c.stall()
		c.subscribe(0, "*") // its ack is in flight
		c.read()
		synctest.Wait()
		inFrame, stale := len(c.last), 0
		for _, seg := range h.shards[0].views[ticker].segments {
			if seg.stale {
				stale++
			}
		}
		if want := symbols - inFrame - 1; inFrame == 0 || stale != want {
			t.Errorf("%d updates in the first frame, %d symbols not read, want %d: all but these and the one that was too much", inFrame, stale, want)
		}
		c.recover()
		synctest.Wait()
		if len(c.last) != symbols {
			t.Errorf("at the end: got %d symbols, want %d", len(c.last), symbols)
		}
	})
}

// TestLanesWithoutTermsAreGivenBack: a lane that nobody uses would count as one
// that may send, and have every tick wake the shard.
func TestLanesWithoutTermsAreGivenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, m *market) {
		m.trade("A", "1")
		c := attach(t, h)
		c.subscribe(7, "NOPE") // denied
		for rate := range 30 {
			c.subscribe(float64(rate+1), "A")
		}
		c.unsubscribe("A")
		synctest.Wait()
		for n, sh := range h.shards {
			if got := sh.idle.Load(); got != 0 || len(sh.due.batches) != 0 {
				t.Errorf("shard %d: %d idle lanes and %d batches, want none", n, got, len(sh.due.batches))
			}
		}
	})
}
