// Command tickwire streams market data from Kafka to WebSocket clients.
//
//	tickwire demo      everything in one process: broker, market, server
//	tickwire serve     the server, on any Kafka
//	tickwire publish   a source of ticks, into any Kafka
//	tickwire watch     a live table in the terminal
//	tickwire load      a load test, and the truth about it
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-asked
		end()
		<-asked // a second time: at once
		os.Exit(interrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// interrupted is the exit code of a process that did not end in its own time, as
// shells have it for Ctrl-C.
const interrupted = 130

// cli is the command line. Every flag can also be given as TICKWIRE_NAME or in
// the file of --config; the command line wins, then the environment.
type cli struct {
	Config   kong.ConfigFlag `help:"JSON file with flags by name, such as {\"listen\": \":8080\"}." placeholder:"FILE"`
	LogLevel slog.Level      `help:"What to log: debug, info, warn or error." default:"info"`

	Demo    demoCmd    `cmd:"" help:"Run a broker, a source of ticks and the server in one process."`
	Serve   serveCmd   `cmd:"" help:"Run the server on a Kafka topic."`
	Publish publishCmd `cmd:"" help:"Publish ticks to a Kafka topic."`
	Watch   watchCmd   `cmd:"" help:"Watch symbols of a server in the terminal."`
	Load    loadCmd    `cmd:"" help:"Load-test a server."`
}

// exit is what kong wants to end the process with, after --help.
type exit int

// run is the whole program but for the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout *os.File, stderr io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			asked, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(asked)
		}
	}()
	err := execute(ctx, args, stdout, stderr)
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return 0
	}
	fmt.Fprintf(stderr, "tickwire: %v\n", err)
	return 1
}

func execute(ctx context.Context, args []string, stdout *os.File, stderr io.Writer) error {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("tickwire"), kong.Description("Live market data from Kafka to WebSocket clients."),
		limitDefaults(), kong.DefaultEnvars("TICKWIRE"), kong.Configuration(readConfig),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return err
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w (tickwire --help tells what there is)", err)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel})))
	kctx.BindTo(ctx, (*context.Context)(nil))
	return kctx.Run(stdout)
}
