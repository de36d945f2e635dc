package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// watchCmd shows live values in the terminal, or prints them for a pipe.
type watchCmd struct {
	URL     string   `help:"WebSocket endpoint of a Tickwire server." default:"ws://127.0.0.1:8080/v1/ws"`
	JSON    bool     `name:"json" help:"Print one element a line, as JSON; of trades also the gaps."`
	Channel string   `default:"ticker" help:"What to watch: ticker, or with --json also trades, stats, bars_1s, bars_1m, bars_5m, bars_1h."`
	Token   string   `name:"token-file" type:"path" placeholder:"FILE" help:"File with the token to show to the server, read again at every connect."`
	Rate    *float64 `env:"TICKWIRE_WATCH_RATE" help:"Most updates a second of each symbol; 0: every change. Default: 10 in the table, 0 with --json."`
	Symbols []string `arg:"" name:"symbol" help:"Symbols, or patterns that end in a star: BTC-USD 'ETH-*'."`
}

// tableRate is more than the eye follows.
const tableRate = 10

// Run watches until ctx ends, the user has seen enough, or the server says not
// to come again, which is an error.
func (c *watchCmd) Run(ctx context.Context, out *os.File) error {
	if c.JSON {
		return c.stream(ctx, out, os.Stderr)
	}
	if c.Channel != "" && c.Channel != wire.Ticker {
		return fmt.Errorf("watch: the table shows %s alone; use --json for %s", wire.Ticker, c.Channel)
	}
	if !term.IsTerminal(out.Fd()) {
		return errors.New("watch: the table needs a terminal; use --json to write to a file or a pipe")
	}
	return c.table(ctx, out)
}

func (c *watchCmd) config(rate float64) client.Config {
	if c.Rate != nil {
		rate = *c.Rate
	}
	config := client.Config{URL: c.URL, Subscriptions: []client.Subscription{{Channel: c.Channel, Symbols: c.Symbols, Rate: rate}}}
	if c.Token != "" {
		config.Token = func(context.Context) (string, error) { return readToken(c.Token) }
	}
	return config
}

// readToken reads the token that there is now.
func readToken(file string) (string, error) {
	text, err := os.ReadFile(file)
	token := strings.TrimSpace(string(text))
	if err == nil && token == "" {
		err = fmt.Errorf("%s is empty", file)
	}
	return token, err
}

// run runs a client to its end.
func (c *watchCmd) run(ctx context.Context, config client.Config) error {
	cl, err := client.New(config)
	if err == nil {
		err = cl.Run(ctx)
	}
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	return nil
}

// table shows updates in the terminal until the user quits.
func (c *watchCmd) table(ctx context.Context, out *os.File, options ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	board := newWatchBoard()
	config := c.config(tableRate)
	config.OnUpdates = board.update
	config.OnState = board.state
	config.OnStatus = board.status
	config.OnDenied = board.deny
	config.OnFault = board.broke
	view := newWatchView(c.URL, board, watchColours())
	options = append(options, tea.WithOutput(out), tea.WithContext(ctx), tea.WithFPS(watchFPS), tea.WithoutSignalHandler())
	program := tea.NewProgram(view, options...)
	ended := make(chan error, 1)
	go func() {
		err := c.run(ctx, config)
		ended <- err
		if err != nil {
			program.Quit()
		}
	}()
	_, err := program.Run()
	stopped := ctx.Err() != nil
	cancel()
	if refused := <-ended; refused != nil {
		return refused
	}
	if err != nil && !stopped {
		return fmt.Errorf("watch: %w", err)
	}
	return nil
}
