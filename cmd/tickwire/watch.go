package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// watchCmd shows live values in the terminal, or prints them for a pipe.
type watchCmd struct {
	URL     string   `help:"WebSocket endpoint of a Tickwire server." default:"ws://127.0.0.1:8080/v1/ws"`
	JSON    bool     `name:"json" help:"Print one update a line, as JSON."`
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
	if !term.IsTerminal(out.Fd()) {
		return errors.New("watch: the table needs a terminal; use --json to write to a file or a pipe")
	}
	return c.table(ctx, out)
}

func (c *watchCmd) config(rate float64) client.Config {
	if c.Rate != nil {
		rate = *c.Rate
	}
	return client.Config{URL: c.URL, Subscriptions: []client.Subscription{{Symbols: c.Symbols, Rate: rate}}}
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

// stream prints updates to out, those of one message with one write, and what
// else happens to log. It ends without an error when nobody reads any more.
func (c *watchCmd) stream(ctx context.Context, out, log io.Writer) error {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of the write instead
	defer signal.Reset(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var lines []byte
	var broken error
	config := c.config(0)
	config.OnUpdates = func(updates []wire.Update, _ bool) {
		lines = lines[:0]
		for i := range updates {
			lines = append(wire.AppendUpdate(lines, &updates[i]), '\n')
		}
		if broken == nil {
			if _, broken = out.Write(lines); broken != nil {
				cancel()
			}
		}
	}
	config.OnState = func(s client.State) {
		if s.Phase != client.Connecting { // it follows every wait
			fmt.Fprintf(log, "tickwire: watch: %v\n", s)
		}
	}
	config.OnDenied = func(denied []wire.Denied) {
		for _, d := range denied {
			fmt.Fprintf(log, "tickwire: watch: %s: %s\n", d.Symbol, d.Code)
		}
	}
	config.OnFault = func(err error) { fmt.Fprintf(log, "tickwire: watch: %v\n", err) }
	err := c.run(ctx, config)
	if broken != nil && !errors.Is(broken, syscall.EPIPE) {
		return fmt.Errorf("watch: %w", broken)
	}
	return err
}

// table shows updates in the terminal until the user quits.
func (c *watchCmd) table(ctx context.Context, out *os.File, options ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	board := newWatchBoard()
	config := c.config(tableRate)
	config.OnUpdates = board.update
	config.OnState = board.state
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
