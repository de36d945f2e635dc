package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPrintsWhatTheServerTells(t *testing.T) {
	hub := fanout.New(fanout.Config{})
	hub.Apply(&feed.Tick{Symbol: []byte("BTC-USD"), Time: 1, Price: feed.Number("67123.45"), Bid: feed.Number("67123.44"), Ask: feed.Number("67123.46")},
		feed.Position{Offset: 1})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		if err := gateway.New(gateway.Config{Hub: hub}).Run(ctx, ln); err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	read, write := io.Pipe()
	running.Go(func() {
		if err := run(ctx, []string{"ws://" + ln.Addr().String() + "/v1/ws", "BTC-USD"}, write); err != nil {
			t.Errorf("run: %v", err)
		}
		write.Close()
	})
	lines := bufio.NewScanner(read)
	const want = "BTC-USD last 67123.45 bid 67123.44 ask 67123.46"
	for lines.Scan() && lines.Text() != want {
	}
	if lines.Text() != want {
		t.Errorf("got %q at the end, want %q", lines.Text(), want)
	}
	cancel()
	io.Copy(io.Discard, read)
}

func TestSaysHowItIsUsed(t *testing.T) {
	if err := run(t.Context(), []string{"ws://host"}, io.Discard); err == nil || !strings.Contains(err.Error(), "usage: example URL SYMBOL [SYMBOL ...]") {
		t.Errorf("got %v, want the usage", err)
	}
}
