package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
)

func subscribed(symbols ...string) Config {
	return Config{Subscriptions: []Subscription{{Symbols: symbols, Rate: 10}}}
}

func onTicker(rate float64, symbols ...string) Subscription {
	return Subscription{Channel: wire.Ticker, Symbols: symbols, Rate: rate}
}

// when runs the test in a bubble: time passes only when all wait for it.
func when(t *testing.T, scenario string, test func(t *testing.T)) {
	t.Run(scenario, func(t *testing.T) { synctest.Test(t, test) })
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		config   Config
		says     string
	}{
		{"no URL", Config{}, `must begin with ws:// or wss://, not ""`},
		{"http", Config{URL: "http://host/v1/ws"}, `not "http"`},
		{"no host", Config{URL: "ws:///v1/ws"}, "names no host"},
		{"a fragment", Config{URL: "ws://host/#x"}, "fragment"},
		{"a bad port", Config{URL: "ws://host:x/?token=secret"}, "invalid port"},
		{"no symbols", Config{URL: "ws://host", Subscriptions: []Subscription{{}}}, "no symbols"},
		{"a bad symbol", Config{URL: "ws://host", Subscriptions: []Subscription{{Symbols: []string{"A B"}}}}, `"A B"`},
		{"a bad rate", Config{URL: "ws://host", Subscriptions: []Subscription{{Symbols: []string{"A"}, Rate: -1}}}, "rate is -1"},
		{"no such channel", Config{URL: "ws://host", Subscriptions: []Subscription{{Channel: "book", Symbols: []string{"A"}}}}, `no channel "book": ticker, trades`},
		{"stamps of bars", Config{URL: "ws://host", Subscriptions: []Subscription{{Channel: wire.Bars1s, Symbols: []string{"A"}, Stamps: true}}}, "not for bars_1s"},
		{"a budget for nothing", Config{URL: "ws://host", BytesPerS: 999}, "budget is 999 bytes a second"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			_, err := New(tc.config)
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error with %q and no secret", err, tc.says)
			}
		})
	}
}

func TestSubscribesAndDeliversInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan wire.Request, 2)
		r := launch(t, subscribed("B-*", "A"), func(_ int, p *peer) {
			p.hello()
			asked <- p.grant()
			asked <- p.grant()
			p.snapshot(at("A", 1, 1), at("B-1", 5, 2))
			p.ticker(at("A", 2, 2))
			p.ticker(at("A", 7, 5), at("B-1", 9, 3))
			p.say(wire.Heartbeat{Type: wire.TypeHeartbeat, Time: 1, Conflated: 2})
		})
		synctest.Wait()
		for _, symbol := range []string{"A", "B-*"} { // names come first
			request := <-asked
			want(t, "symbols asked for", request.Symbols, []string{symbol})
			want(t, "channel asked for", request.Channel, wire.Ticker)
			want(t, "rate asked for", request.Rate, 10)
			want(t, "seqs to go on from", request.Since, nil)
		}
		want(t, "Run", r.end(), nil)
		want(t, "told", r.told, []string{
			"snapshot A q=1 n=1 p=1.50", "snapshot B-1 q=5 n=2 p=1.50", "ticker A q=2 n=2 p=1.50",
			"ticker A q=7 n=5 p=1.50", "ticker B-1 q=9 n=3 p=1.50", "heartbeat 2",
		})
		want(t, "states", r.states, []State{{Phase: Connecting}, {Phase: Connected, Conn: "c", Node: "node-1"}})
		got := r.client.Stats()
		if got.Bytes == 0 {
			t.Error("Stats: no bytes were counted")
		}
		got.Bytes = 0
		want(t, "Stats", got, Stats{Connections: 1, Messages: 7, Updates: 5, Conflated: 2, Heartbeats: 1})
	})
}

func TestHoldsTheServerToTheOrder(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		say      func(p *peer)
		told     []string
		broken   uint64
	}{
		{"seq again", func(p *peer) { p.ticker(at("A", 10, 11)) },
			[]string{"fault A: seq 10 after 10, ordinal 11 after 10: both must rise"}, 1},
		{"ordinal falls", func(p *peer) { p.ticker(at("A", 11, 9)) },
			[]string{"fault A: seq 11 after 10, ordinal 9 after 10: both must rise"}, 1},
		{"the good one beside it comes", func(p *peer) { p.ticker(at("A", 9, 9), at("B", 2, 2)) },
			[]string{"fault A: seq 9 after 10, ordinal 9 after 10: both must rise", "ticker B q=2 n=2 p=1.50"}, 1},
		{"no snapshot before", func(p *peer) { p.ticker(at("C", 1, 1)) },
			[]string{"fault C: an update came before the snapshot", "ticker C q=1 n=1 p=1.50"}, 1},
		{"a snapshot may start anew", func(p *peer) { p.snapshot(at("A", 1, 1)); p.ticker(at("A", 2, 2)) },
			[]string{"snapshot A q=1 n=1 p=1.50", "ticker A q=2 n=2 p=1.50"}, 0},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			r := launch(t, subscribed("*"), func(_ int, p *peer) {
				p.hello()
				p.grant()
				p.snapshot(at("A", 10, 10), at("B", 1, 1))
				tc.say(p)
			})
			synctest.Wait()
			r.end()
			want(t, "told", r.told[2:], tc.told)
			want(t, "Violations", r.client.Stats().Violations(), tc.broken)
		})
	}
}

func TestPassesOverWhatItCannotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			p.sayText(`{"type":"ticker"`)
			p.sayText(`[]`)
			p.sayText(`{}`)
			p.sayText(`{"type":"snapshot","channel":"ticker","data":[{"s":"A","q":1,"n":1,"p":"1e9"}]}`)
			p.conn.WriteMessage(2, []byte{1, 2, 3})
			p.sayText(`{"type":"weather","code":"rain"}`)
			p.snapshot(at("A", 1, 1))
		})
		synctest.Wait()
		r.end()
		want(t, "Undecodable", r.client.Stats().Undecodable, 5)
		want(t, "Unknown", r.client.Stats().Unknown, 1)
		want(t, "last told", r.told[len(r.told)-1], "snapshot A q=1 n=1 p=1.50")
		want(t, "connections", r.client.Stats().Connections, 1)
	})
}

func TestTellsVerdictsThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A", "X"), func(_ int, p *peer) {
			p.hello()
			p.grant(wire.Denied{Symbol: "X", Code: wire.UnknownSymbol})
			p.say(wire.Error{Type: wire.TypeError, Code: wire.BadJSON, Message: "what was that"})
		})
		synctest.Wait()
		r.end()
		want(t, "told", r.told, []string{"denied [{X unknown_symbol}]", "fault the server refused the request: what was that (bad_json)"})
	})
}

func TestReconnectsAsTheCloseCodeSays(t *testing.T) {
	for _, tc := range []struct {
		code uint16
		want advice
	}{
		{4000, atOnce}, {4099, atOnce}, {4100, later}, {4101, later}, {4199, later}, {4500, never}, {4501, never}, {4599, never},
		{1000, later}, {1001, later}, {1011, later}, {1012, later}, {3000, later}, {4200, later}, {4600, later},
	} {
		when(t, fmt.Sprint(tc.code), func(t *testing.T) {
			r := launch(t, subscribed("A"), func(n int, p *peer) {
				if n == 1 {
					p.hello()
					p.grant()
					p.close(tc.code)
					return
				}
				p.obey()
			})
			time.Sleep(2 * time.Second)
			synctest.Wait()
			waits := r.waits()
			err := r.end()
			if tc.want == never {
				var closed *CloseError
				if !errors.As(err, &closed) || closed.Code != tc.code || closed.Reason != "because" {
					t.Fatalf("Run: got %v, want the close error", err)
				}
				want(t, "dials", r.server.dials.Load(), 1)
				return
			}
			want(t, "dials", r.server.dials.Load(), 2)
			if len(waits) != 1 || (tc.want == atOnce) != (waits[0].Wait == 0) || waits[0].Wait > time.Second {
				t.Errorf("waits: got %v, want one, of nothing: %v", waits, tc.want == atOnce)
			}
		})
	}
}

func TestADrainIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(n int, p *peer) {
			p.hello()
			p.grant()
			if n > 1 {
				p.obey()
			}
			p.say(wire.Notice{Type: wire.TypeNotice, Code: wire.NoticeDrain, InMS: 7000})
			p.grant() // nothing is different until then
			for range 7 {
				time.Sleep(time.Second)
				p.say(wire.Heartbeat{Type: wire.TypeHeartbeat})
			}
			p.close(wire.CloseRestart)
		})
		time.Sleep(6 * time.Second)
		if _, err := r.client.Subscribe(t.Context(), onTicker(1, "B")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second / 2)
		want(t, "dials before the close", r.server.dials.Load(), 1)
		time.Sleep(10 * time.Second)
		waits := r.waits()
		r.end()
		want(t, "dials", r.server.dials.Load(), 2)
		if len(waits) != 1 || waits[0].Wait <= 0 || waits[0].Wait > time.Second {
			t.Errorf("waits: got %v, want a random one of a second at most", waits)
		}
		want(t, "told", r.told[0], "notice drain 7000 ms")
	})
}

func TestAtOnceDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) { p.hello(); p.close(4000) })
		time.Sleep(time.Hour)
		r.end()
		// Waits of 15 s on average, once they are at their highest.
		if n := r.server.dials.Load(); n < 100 || n > 500 {
			t.Errorf("dials in an hour: got %d, want about 240", n)
		}
		if waits := r.waits(); waits[0].Wait != 0 || waits[1].Wait == 0 {
			t.Errorf("first waits: got %v and %v, want none and some", waits[0].Wait, waits[1].Wait)
		}
	})
}

func TestASteadyConnectionIsForgiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			for range 20 { // over a minute
				time.Sleep(4 * time.Second)
				p.say(wire.Heartbeat{Type: wire.TypeHeartbeat})
			}
			p.close(4000)
		})
		time.Sleep(10 * time.Minute)
		r.end()
		waits := r.waits()
		if len(waits) < 5 {
			t.Fatalf("got %d reconnects, want one in 80 s", len(waits))
		}
		for _, w := range waits {
			want(t, "wait after a steady connection", w.Wait, 0)
		}
	})
}

// A server that closes does not read what is on its way to it; that the write
// fails must not hide the close code.
func TestACloseCodeIsHeardBesideAFailingWrite(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			r := launch(t, subscribed("A"), func(_ int, p *peer) { p.hello(); p.close(4500) })
			time.Sleep(time.Minute)
			var closed *CloseError
			if err := r.end(); !errors.As(err, &closed) || closed.Code != 4500 {
				t.Errorf("got %v, want the close error", err)
			}
		})
	}
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	r := newRetry(Backoff{}.withDefaults())
	var most [8]time.Duration
	for range 200 {
		r.waits.Reset()
		for i := range most {
			wait, ok := r.after(errors.New("refused"), 0)
			if !ok {
				t.Fatal("no retry after a network error")
			}
			most[i] = max(most[i], wait)
		}
	}
	for i, limit := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		if limit *= time.Second; most[i] > limit+1 || most[i] < limit*3/4 {
			t.Errorf("longest of 200 waits number %d: got %v, want nearly %v", i+1, most[i], limit)
		}
	}
}

func TestHandshakesThatAreRefused(t *testing.T) {
	for _, tc := range []struct {
		status int
		again  bool
	}{
		{http.StatusOK, false}, {http.StatusMovedPermanently, false}, {http.StatusUnauthorized, false}, {http.StatusNotFound, false},
		{http.StatusUpgradeRequired, false}, {http.StatusRequestTimeout, true}, {http.StatusTooManyRequests, true},
		{http.StatusInternalServerError, true}, {http.StatusServiceUnavailable, true},
	} {
		when(t, fmt.Sprint(tc.status), func(t *testing.T) {
			r := launchAt(t, subscribed("A"), newServer(t, nil, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				http.Error(w, "not now", tc.status)
			}))
			time.Sleep(time.Minute)
			waits := r.waits()
			err := r.end()
			if !tc.again {
				var refused *HandshakeError
				if !errors.As(err, &refused) || refused.Status != tc.status || refused.Text != "not now" {
					t.Errorf("Run: got %v, want the handshake error with its text", err)
				}
				return
			}
			if err != nil || len(waits) < 2 || waits[0].Wait < 7*time.Second {
				t.Errorf("got waits %v and %v, want some of 7 s and more, and no error", waits, err)
			}
		})
	}
}

func TestOtherProtocolsAreLeftAlone(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		say      string
		again    bool
	}{
		{"another version", `{"type":"hello","v":2}`, false},
		{"no hello first", `{"type":"heartbeat"}`, true},
		{"no message of the protocol first", `welcome`, true},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			r := launch(t, subscribed("A"), func(_ int, p *peer) { p.sayText(tc.say) })
			synctest.Wait()
			waits := r.waits()
			err := r.end()
			var version *VersionError
			if tc.again != (err == nil) || errors.As(err, &version) == tc.again || (len(waits) > 0) != tc.again {
				t.Errorf("got %v and waits %v, want to come again: %v", err, waits, tc.again)
			}
			want(t, "Connections", r.client.Stats().Connections, 0)
		})
	}
}

func TestSilence(t *testing.T) {
	heartbeat := wire.Heartbeat{Type: wire.TypeHeartbeat}
	for _, tc := range []struct {
		scenario string
		script   func(p *peer)
		want     time.Duration // until the connection is given up; 0: never
		says     string
	}{
		{"nothing", func(p *peer) { p.hello(); p.grant() }, 12500 * time.Millisecond, "fell silent for 12.5s"},
		{"pings are no sign of life", func(p *peer) {
			p.hello()
			p.grant()
			for p.conn.WritePing(make([]byte, 100)) == nil {
				time.Sleep(time.Second)
			}
		}, 12500 * time.Millisecond, "fell silent for 12.5s"},
		{"no hello", func(p *peer) {}, 10 * time.Second, "no hello in time"},
		{"heartbeats", func(p *peer) {
			p.hello()
			p.grant()
			for p.conn.WriteMessage(1, wire.Marshal(heartbeat)) == nil {
				time.Sleep(12 * time.Second)
			}
		}, 0, ""},
		{"a long message that comes slowly", func(p *peer) { p.hello(); p.grant(); p.dribble(2000) }, 0, ""},
		{"a long message that hardly comes", func(p *peer) { p.hello(); p.grant(); p.dribble(500) }, 12500 * time.Millisecond, "fell silent for 12.5s"},
		{"no answer to the subscription", func(p *peer) {
			p.hello()
			for p.conn.WriteMessage(1, wire.Marshal(heartbeat)) == nil {
				time.Sleep(time.Second)
			}
		}, 30 * time.Second, "did not answer"},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			began := time.Now()
			r := launch(t, subscribed("A"), func(n int, p *peer) {
				if n > 1 {
					p.obey()
				}
				tc.script(p)
			})
			for time.Since(began) < time.Minute && len(r.waits()) == 0 {
				time.Sleep(time.Millisecond)
			}
			waits := r.waits()
			lasted := time.Since(began)
			r.end()
			if tc.want == 0 {
				want(t, "reconnects", len(waits), 0)
				return
			}
			if len(waits) == 0 || !strings.Contains(waits[0].Err.Error(), tc.says) {
				t.Fatalf("got %v, want an end with %q", waits, tc.says)
			}
			if lasted < tc.want || lasted > tc.want+time.Second {
				t.Errorf("given up after %v, want %v", lasted, tc.want)
			}
		})
	}
}

func TestALongCallbackIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := subscribed("A")
		c.OnUpdates = func([]wire.Update, bool) { time.Sleep(time.Hour) }
		r := launch(t, c, func(_ int, p *peer) {
			p.hello()
			p.grant()
			p.snapshot(at("A", 1, 1))
			p.ticker(at("A", 2, 2))
		})
		time.Sleep(2*time.Hour + time.Second)
		want(t, "reconnects", len(r.waits()), 0)
		want(t, "Updates", r.client.Stats().Updates, 2)
		r.end()
	})
}

func TestAsksForEverythingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[int][]Subscription{}
		r := launch(t, subscribed("A", "B"), func(n int, p *peer) {
			p.hello()
			if n == 1 {
				for range 4 {
					p.grant()
				}
				p.close(4000)
				return
			}
			for {
				q := p.grant()
				asked[n] = append(asked[n], Subscription{Channel: q.Channel, Symbols: q.Symbols, Rate: q.Rate})
			}
		})
		for _, change := range []func(ctx context.Context) (wire.Ack, error){
			func(ctx context.Context) (wire.Ack, error) {
				return r.client.Subscribe(ctx, Subscription{Symbols: []string{"C", "D-*"}})
			},
			func(ctx context.Context) (wire.Ack, error) {
				return r.client.Subscribe(ctx, Subscription{Symbols: []string{"A"}, Rate: 1})
			},
			func(ctx context.Context) (wire.Ack, error) {
				return r.client.Unsubscribe(ctx, Subscription{Symbols: []string{"C"}})
			},
		} {
			synctest.Wait()
			if ack, err := change(t.Context()); err != nil || ack.Type != wire.TypeAck {
				t.Fatalf("got %+v, %v, want an ack", ack, err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		r.end()
		want(t, "asked for by the second connection", asked[2], []Subscription{onTicker(1, "A"), onTicker(10, "B"), onTicker(0, "D-*")})
	})
}

func TestSubscribingWithoutAConnectionIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan wire.Request, 1)
		s := newServer(t, func(_ int, p *peer) { p.hello(); asked <- p.grant() }, nil)
		c, err := New(Config{URL: "ws://server/", Dial: s.dial})
		if err != nil {
			t.Fatal(err)
		}
		ack, err := c.Subscribe(t.Context(), onTicker(5, "A", "B"))
		if err != nil || ack.Type != "" {
			t.Fatalf("got %+v, %v, want the zero ack", ack, err)
		}
		if _, err := c.Unsubscribe(t.Context(), onTicker(0, "B")); err != nil {
			t.Fatal(err)
		}
		_, err = c.Ping(t.Context())
		if !errors.Is(err, ErrNotConnected) {
			t.Errorf("Ping: got %v, want ErrNotConnected", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		want(t, "asked for", (<-asked).Symbols, []string{"A"})
		cancel()
		<-done
		s.stop()
	})
}

func TestARefusedRequestChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			q := p.hear()
			p.say(wire.Error{Type: wire.TypeError, ID: q.ID, Code: wire.BadRequest, Message: "too many different rates"})
		})
		synctest.Wait()
		_, err := r.client.Subscribe(t.Context(), onTicker(3, "A", "B"))
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Code != wire.BadRequest {
			t.Errorf("got %v, want the refusal", err)
		}
		want(t, "wanted", r.client.wanted.subscriptions(func(term) bool { return true }), []Subscription{onTicker(10, "A")})
		r.end()
		want(t, "told", r.told, nil)
	})
}

func TestAnUnansweredRequestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			late := p.hear()
			time.Sleep(2 * time.Second)
			p.ack(late)
			p.obeyOn()
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.client.Subscribe(ctx, onTicker(0, "B")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		ack, err := r.client.Subscribe(t.Context(), onTicker(0, "C"))
		if err != nil || !slices.Equal(ack.Symbols, []string{"C"}) {
			t.Errorf("got %v, %v, want its own ack and not the late one", ack.Symbols, err)
		}
		r.end()
	})
}

func (p *peer) obeyOn() {
	for {
		p.grant()
	}
}

func TestLongListsAreAskedForInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var symbols []string
		for i := range 100 {
			symbols = append(symbols, fmt.Sprintf("<%025d>", i)) // JSON writes < as six characters
		}
		r := launch(t, subscribed(symbols...), func(_ int, p *peer) { p.obey() })
		synctest.Wait()
		ack, err := r.client.Subscribe(t.Context(), onTicker(2, symbols...))
		if err != nil || !slices.Equal(ack.Symbols, symbols) {
			t.Errorf("got an ack of %d symbols, %v, want all %d", len(ack.Symbols), err, len(symbols))
		}
		r.end()
		if n := r.client.requests.Load(); n < 10 {
			t.Errorf("requests: got %d, want the symbols in parts", n)
		}
	})
	for _, tc := range []struct{ room, want int }{{1, 3}, {8, 3}, {12, 2}, {100, 1}} {
		parts := split([]string{"AAA", "BBB", "CCC"}, tc.room, sizeOf)
		want(t, fmt.Sprintf("parts in room %d", tc.room), len(parts), tc.want)
		want(t, "the parts together", slices.Concat(parts...), []string{"AAA", "BBB", "CCC"})
	}
}

func TestPingAndList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := []wire.Subscription{{Channel: wire.Ticker, Symbols: []string{"A"}, Rate: 10}}
		r := launch(t, subscribed("A"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			q := p.hear()
			time.Sleep(time.Second)
			p.say(wire.Pong{Type: wire.TypePong, ID: q.ID})
			q = p.hear()
			p.say(wire.Ack{Type: wire.TypeAck, ID: q.ID, Op: q.Op, Subscriptions: held})
		})
		synctest.Wait()
		rtt, err := r.client.Ping(t.Context())
		want(t, "Ping", rtt, time.Second)
		want(t, "Ping", err, nil)
		list, err := r.client.List(t.Context())
		want(t, "List", list, held)
		want(t, "List", err, nil)
		r.end()
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		script   func(p *peer)
		answer   http.HandlerFunc
		code     uint16
	}{
		{scenario: "connected", script: func(p *peer) { p.obey() }, code: 1000},
		{scenario: "before hello", script: func(p *peer) {}, code: 1000},
		{scenario: "while it waits", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			last := make(chan *peer, 1)
			r := launchAt(t, subscribed("A"), newServer(t, func(_ int, p *peer) { last <- p; tc.script(p) }, tc.answer))
			synctest.Wait()
			began := time.Now()
			want(t, "Run", r.end(), nil)
			if took := time.Since(began); took > time.Second {
				t.Errorf("Run returned after %v, want a second at most", took)
			}
			if tc.code != 0 {
				p := <-last
				<-p.ended
				want(t, "close code", p.code, tc.code)
			}
		})
	}
}

func TestRunEndsWhenTheServerIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		r := launchAt(t, subscribed("A"), newServer(t, nil, func(http.ResponseWriter, *http.Request) { <-stuck }))
		synctest.Wait()
		r.cancel()
		began := time.Now()
		want(t, "Run", <-r.err, nil)
		if took := time.Since(began); took > time.Second {
			t.Errorf("Run returned after %v, want a second at most", took)
		}
		close(stuck)
		r.server.stop()
	})
}

func TestRunTwiceAtATimeIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) { p.obey() })
		synctest.Wait()
		if err := r.client.Run(t.Context()); err == nil {
			t.Error("got no error")
		}
		r.end()
	})
}

func TestCompressionCanBeTurnedOff(t *testing.T) {
	for _, off := range []bool{false, true} {
		when(t, fmt.Sprint(off), func(t *testing.T) {
			offered := make(chan string, 1)
			c := subscribed("A")
			c.NoCompression = off
			c.Header = http.Header{"X-Test": {"1"}}
			r := launch(t, c, func(_ int, p *peer) {
				offered <- p.header.Get("Sec-WebSocket-Extensions")
				want(t, "X-Test", p.header.Get("X-Test"), "1")
				p.obey()
			})
			synctest.Wait()
			r.end()
			if got := <-offered; (got == "") != off {
				t.Errorf("extensions offered: %q", got)
			}
		})
	}
}

func TestStatesAreALine(t *testing.T) {
	for want, s := range map[string]State{
		"connecting":          {},
		"connected":           {Phase: Connected, Conn: "c"},
		"connected to n":      {Phase: Connected, Node: "n"},
		"waiting 2s: refused": {Phase: Waiting, Err: errors.New("refused"), Wait: 2 * time.Second},
		"waiting 1s: the server closed the connection with 4101: slow": {Phase: Waiting, Err: &CloseError{4101, "slow"}, Wait: time.Second},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
