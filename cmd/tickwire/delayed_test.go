package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// TestAClientWithADelayGetsOldValuesInOrder: by WebSocket and by REST, with a
// client of now beside it.
func TestAClientWithADelayGetsOldValuesInOrder(t *testing.T) {
	const delay = 2 * time.Second
	file := filepath.Join(t.TempDir(), "keys.json")
	key := func(key string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(key))) }
	keys := fmt.Sprintf(`{"keys": [{"sha256": %q, "subject": "now"}, {"sha256": %q, "subject": "late", "delay": %g}]}`, key("key-of-now-0123456789"), key("key-of-late-0123456789"), delay.Seconds())
	if err := os.WriteFile(file, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--symbols", "20", "--auth", "keys", "--auth-keys", file)
	addr := demo.says(`^subscribe ws://(\S+)/v1/ws`)
	type seen struct {
		trades   int
		youngest time.Duration // age of the youngest trade when it came
		faults   int
	}
	watch := func(key string) (got seen) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		got.youngest = time.Hour
		c, err := client.New(client.Config{
			URL:           "ws://" + addr + "/v1/ws",
			Token:         func(context.Context) (string, error) { return key, nil },
			Backoff:       client.Backoff{Min: 100 * time.Millisecond, Max: 500 * time.Millisecond},
			Subscriptions: []client.Subscription{{Channel: wire.Trades, Symbols: []string{"*"}}},
			OnTrades: func(trades []wire.Trade) {
				for _, trade := range trades {
					got.youngest = min(got.youngest, time.Since(time.UnixMicro(trade.Time)))
				}
				if got.trades += len(trades); got.trades >= 500 {
					cancel()
				}
			},
			OnFault: func(error) { got.faults++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Run(ctx); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		return got
	}
	late := watch("key-of-late-0123456789")
	if late.trades < 500 || late.faults > 0 || late.youngest < delay {
		t.Errorf("with a delay of %v: got %+v, want trades of that age, in order", delay, late)
	}
	if now := watch("key-of-now-0123456789"); now.trades < 500 || now.faults > 0 || now.youngest >= delay {
		t.Errorf("without: got %+v, want trades of now", now)
	}
	demo.interrupt()
}
