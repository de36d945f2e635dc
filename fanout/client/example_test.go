package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// Print bitcoin, and everything that begins with ETH-, at most twice a second
// each, until Ctrl-C.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	c, err := client.New(client.Config{
		URL:           "ws://127.0.0.1:8080/v1/ws",
		Subscriptions: []client.Subscription{{Symbols: []string{"BTC-USD", "ETH-*"}, Rate: 2}},
		OnUpdates: func(updates []wire.Update, snapshot bool) {
			for _, u := range updates {
				fmt.Printf("%s last %s bid %s ask %s\n", u.Symbol, u.Price, u.Bid, u.Ask)
			}
		},
		OnDenied: func(denied []wire.Denied) {
			for _, d := range denied {
				log.Printf("%s: %s", d.Symbol, d.Code)
			}
		},
		OnState: func(s client.State) { log.Print(s) },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(ctx); err != nil { // it reconnects by itself; an error is final
		log.Fatal(err)
	}
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
