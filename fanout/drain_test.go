package fanout

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
)

func (c *client) notices() (all []wire.Notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.got {
		if n, ok := m.(*wire.Notice); ok {
			all = append(all, *n)
		}
	}
	return all
}

func TestDrainTellsEveryClientWhenItGoesAndSpreadsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 3})
		defer h.Close()
		const over, many = 10 * time.Second, 200
		clients := make([]*client, many)
		for i := range clients {
			clients[i] = attach(t, h)
			clients[i].subscribe(0, "*")
		}
		start := time.Now()
		ended := make([]time.Duration, many)
		go h.Drain(t.Context(), over)
		for range 1000 {
			time.Sleep(over / 1000)
			synctest.Wait()
			for i, c := range clients {
				if ended[i] == 0 && len(c.ended()) > 0 {
					ended[i] = time.Since(start)
				}
			}
		}
		tenths := make(map[int]int)
		for i, c := range clients {
			notices := c.notices()
			if len(notices) != 1 || notices[0].Code != wire.NoticeDrain || !slices.Equal(c.ended(), []Reason{Drained}) {
				t.Fatalf("client %d: got %v, shut for %v, want one notice and Drained", i, notices, c.ended())
			}
			told := time.Duration(notices[0].InMS) * time.Millisecond
			if off := ended[i] - told; off < 0 || off > 2*over/1000 {
				t.Errorf("client %d: told %v, ended after %v", i, told, ended[i])
			}
			tenths[int(10*told/over)]++
		}
		for n := range 10 {
			if tenths[n] == 0 {
				t.Errorf("nobody of %d left in tenth %d of the time", many, n+1)
			}
		}
	})
}

func TestDrainSendsAwayWhoComesLateAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1})
		defer h.Close()
		attach(t, h)
		drained := make(chan struct{})
		go func() { h.Drain(t.Context(), 20*time.Second); close(drained) }()
		synctest.Wait()
		late := attach(t, h)
		<-drained
		if got := h.Stats(); got.Subscribers != 0 || got.Ended[Drained] != 2 || !slices.Equal(late.ended(), []Reason{Drained}) {
			t.Errorf("got %+v, the late one shut for %v", got, late.ended())
		}
	})
}

func TestDrainEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1})
		defer h.Close()
		c := attach(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h.Drain(ctx, time.Hour)
		if got := c.ended(); got != nil {
			t.Errorf("shut for %v, want nobody shut", got)
		}
	})
}

func TestPlusAddsEveryFigure(t *testing.T) {
	var one Stats
	v := reflect.ValueOf(&one).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i + 1))
		case reflect.Uint64:
			f.SetUint(uint64(i + 1))
		}
	}
	one.Ended = map[Reason]uint64{Slow: 3}
	two := reflect.ValueOf(one.Plus(one))
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, two.Field(i)
		want := 2 * (i + 1)
		if name == "Symbols" {
			want = i + 1 // the same ones
		}
		switch {
		case f.CanInt() && f.Int() != int64(want), f.CanUint() && f.Uint() != uint64(want):
			t.Errorf("%s: got %v, want %d", name, f, want)
		}
	}
	if got := two.FieldByName("Ended").Interface().(map[Reason]uint64)[Slow]; got != 6 {
		t.Errorf("Ended: got %d, want 6", got)
	}
}

func TestAGrantedRequestNamesWhatWasRefusedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 1})
		defer h.Close()
		c := attach(t, h)
		c.sub.DoWithin(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{"A*", "B*", "C*"}},
			Within{Denied: []wire.Denied{{Symbol: "X", Code: wire.NotEntitled}}, Terms: 2})
		synctest.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		var ack *wire.Ack
		for _, m := range c.got {
			if a, ok := m.(*wire.Ack); ok {
				ack = a
			}
		}
		want := []wire.Denied{{Symbol: "X", Code: wire.NotEntitled}, {Symbol: "C*", Code: wire.TooManySymbols}}
		if ack == nil || !slices.Equal(ack.Symbols, []string{"A*", "B*"}) || !slices.Equal(ack.Denied, want) {
			t.Errorf("got %+v, want A* and B*, and denied %v", ack, want)
		}
	})
}
