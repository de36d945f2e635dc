package client_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"tickwire/fanout"
	"tickwire/fanout/client"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Print bitcoin, and everything that begins with ETH-, at most twice a second
// each. A program would go on until its user ends it; this one has seen enough
// with the first message.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	url, stopServer := exampleServer() // yours: ws://127.0.0.1:8080/v1/ws
	defer stopServer()

	c, err := client.New(client.Config{
		URL:           url,
		Subscriptions: []client.Subscription{{Symbols: []string{"BTC-USD", "ETH-*"}, Rate: 2}},
		OnUpdates: func(updates []wire.Update, snapshot bool) {
			for _, u := range updates {
				fmt.Printf("%s last %s bid %s ask %s\n", u.Symbol, u.Price, u.Bid, u.Ask)
			}
			stop()
		},
		OnDenied: func(denied []wire.Denied) {
			for _, d := range denied {
				log.Printf("%s: %s", d.Symbol, d.Code)
			}
		},
		OnFault: func(err error) { log.Print(err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(ctx); err != nil { // it reconnects by itself; an error is final
		log.Fatal(err)
	}
	// Output: BTC-USD last 67123.45 bid 67123.44 ask 67123.46
}

// Arithmetic on prices is decimal: a Number is the exact text, Decimal its
// value.
func ExampleConfig_spread() {
	config := client.Config{URL: "ws://127.0.0.1:8080/v1/ws"}
	config.OnUpdates = func(updates []wire.Update, snapshot bool) {
		for _, u := range updates {
			bid, err1 := u.Bid.Decimal()
			ask, err2 := u.Ask.Decimal()
			if err1 == nil && err2 == nil { // both are known
				fmt.Println(u.Symbol, ask.Sub(bid))
			}
		}
	}
	config.OnUpdates([]wire.Update{{Symbol: "BTC-USD", Bid: []byte("67123.44"), Ask: []byte("67123.46")}}, true)
	// Output: BTC-USD 0.02
}

// Every trade comes in order, and what a connection missed comes on the next
// one. What the server can no longer tell, it says.
func ExampleConfig_trades() {
	config := client.Config{
		URL:           "ws://127.0.0.1:8080/v1/ws",
		Subscriptions: []client.Subscription{{Channel: wire.Trades, Symbols: []string{"BTC-USD"}}},
	}
	config.OnTrades = func(trades []wire.Trade) {
		for _, t := range trades {
			fmt.Printf("%s %d: %s at %s\n", t.Symbol, t.Seq, t.Size, t.Price)
		}
	}
	config.OnGap = func(g wire.Gap) {
		fmt.Println(g.Symbol, "has a hole from", g.From, "to", g.To)
	}
	config.OnTrades([]wire.Trade{{Symbol: "BTC-USD", Seq: 1007, Size: []byte("0.0123"), Price: []byte("67123.45")}})
	config.OnGap(wire.Gap{Symbol: "BTC-USD", From: 1008, To: 4711})
	// Output:
	// BTC-USD 1007: 0.0123 at 67123.45
	// BTC-USD has a hole from 1008 to 4711
}

// A token is asked for at every connect, and when the one in use will expire:
// take it from where it is renewed.
func ExampleConfig_token() {
	config := client.Config{URL: "wss://ticks.example.com/v1/ws"}
	config.Token = func(context.Context) (string, error) {
		text, err := os.ReadFile("/run/secrets/tickwire")
		return strings.TrimSpace(string(text)), err
	}
	_, err := client.New(config)
	fmt.Println(err)
	// Output: <nil>
}

// exampleServer is a server in this process, with one tick of bitcoin.
func exampleServer() (url string, stop func()) {
	hub := fanout.New(fanout.Config{})
	hub.Apply(&feed.Tick{Symbol: []byte("BTC-USD"), Time: 1732242000123456,
		Price: feed.Number("67123.45"), Bid: feed.Number("67123.44"), Ask: feed.Number("67123.46")}, feed.Position{Offset: 1})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- gateway.New(gateway.Config{Hub: hub}).Run(ctx, ln) }()
	return "ws://" + ln.Addr().String() + "/v1/ws", func() { cancel(); <-ended }
}
