// Command example prints what a Tickwire server tells of some symbols: updates,
// every trade, and the gaps in the trades, until Ctrl-C.
//
//	go run ./fanout/client/example ws://127.0.0.1:8080/v1/ws BTC-USD 'ETH-*'
//
// Where the server wants a token, it is that in TICKWIRE_TOKEN.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run prints until ctx ends. The client reconnects by itself and goes on where
// it was, so an error is final.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: example URL SYMBOL [SYMBOL ...]")
	}
	url, symbols := args[0], args[1:]
	c, err := client.New(client.Config{
		URL: url,
		Subscriptions: []client.Subscription{
			{Channel: wire.Ticker, Symbols: symbols, Rate: 2}, // the newest values, twice a second at most
			{Channel: wire.Trades, Symbols: symbols},          // every trade
		},
		Token: func(context.Context) (string, error) { return os.Getenv("TICKWIRE_TOKEN"), nil },

		// All of these are called one at a time, from Run below.
		OnUpdates: func(updates []wire.Update, _ bool) {
			for _, u := range updates {
				fmt.Fprintf(out, "%s last %s bid %s ask %s\n", u.Symbol, u.Price, u.Bid, u.Ask)
			}
		},
		OnTrades: func(trades []wire.Trade) {
			for _, t := range trades {
				fmt.Fprintf(out, "%s traded %s at %s\n", t.Symbol, t.Size, t.Price)
			}
		},
		OnGap: func(g wire.Gap) {
			fmt.Fprintf(out, "%s: trades are missing, from seq %d to %d\n", g.Symbol, g.From, g.To)
		},
		OnStatus: func(s wire.Status) { log.Printf("%s %s is %s", s.Scope, s.Symbol, s.State) },
		OnState:  func(s client.State) { log.Print(s) },
		OnDenied: func(denied []wire.Denied) { log.Print(denied) },
		OnFault:  func(err error) { log.Print(err) },
	})
	if err != nil {
		return err
	}
	return c.Run(ctx)
}
