package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// watchStream prints what a client gets: data, those of one message with one
// write, to out, and what else happens to log.
type watchStream struct {
	out, log io.Writer
	stop     func() // when out takes no more
	lines    []byte
	broken   error // of out
}

// stream prints until ctx ends. It ends without an error when nobody reads any
// more.
func (c *watchCmd) stream(ctx context.Context, out, log io.Writer) error {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of the write instead
	defer signal.Reset(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &watchStream{out: out, log: log, stop: cancel}
	config := c.config(0)
	s.hook(&config)
	err := c.run(ctx, config)
	if s.broken != nil && !errors.Is(s.broken, syscall.EPIPE) {
		return fmt.Errorf("watch: %w", s.broken)
	}
	return err
}

// hook has the client tell the stream.
func (s *watchStream) hook(config *client.Config) {
	config.OnUpdates = func(updates []wire.Update, _ bool) { printRows(s, updates, wire.AppendUpdate) }
	config.OnTrades = func(trades []wire.Trade) { printRows(s, trades, wire.AppendTrade) }
	config.OnStats = func(stats []wire.Stat, _ bool) { printRows(s, stats, wire.AppendStat) }
	config.OnBars = func(_ string, bars []wire.Bar, _ bool) { printRows(s, bars, wire.AppendBar) }
	config.OnGap = func(g wire.Gap) {
		printRows(s, []wire.Gap{g}, func(lines []byte, g *wire.Gap) []byte { return append(lines, wire.Marshal(g)...) })
	}
	config.OnStatus = s.status
	config.OnState = func(state client.State) {
		if state.Phase != client.Connecting { // it follows every wait
			s.note("%v", state)
		}
	}
	config.OnDenied = func(denied []wire.Denied) {
		for _, d := range denied {
			s.note("%s: %s", d.Symbol, d.Code)
		}
	}
	config.OnFault = func(err error) { s.note("%v", err) }
}

// printRows prints one element a line.
func printRows[R any](s *watchStream, rows []R, appendRow func([]byte, *R) []byte) {
	if s.broken != nil {
		return
	}
	s.lines = s.lines[:0]
	for i := range rows {
		s.lines = append(appendRow(s.lines, &rows[i]), '\n')
	}
	if _, s.broken = s.out.Write(s.lines); s.broken != nil {
		s.stop()
	}
}

func (s *watchStream) status(status wire.Status) {
	of := status.Symbol
	if status.Scope == wire.ScopeFeed {
		of = "the feed"
	}
	s.note("%s is %s", of, status.State)
}

func (s *watchStream) note(format string, args ...any) {
	fmt.Fprintf(s.log, "tickwire: watch: "+format+"\n", args...)
}
