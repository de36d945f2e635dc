package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tickwire/feed/kafka"
	"tickwire/loadtest"
	"tickwire/loadtest/report"
)

// loadRunCmd is tickwire load. Its flags have environment variables of their
// own, since other commands mean other things by --rate and --symbols.
type loadRunCmd struct {
	kafkaFlags
	cohortFlags
	URL         string        `help:"WebSocket endpoint of the server." env:"TICKWIRE_LOAD_URL" default:"ws://127.0.0.1:8080/v1/ws"`
	Admin       string        `help:"The server's admin address, for its CPU, memory and conflation." env:"TICKWIRE_LOAD_ADMIN" placeholder:"HOST:PORT"`
	Token       string        `name:"token-file" type:"path" env:"TICKWIRE_LOAD_TOKEN_FILE" placeholder:"FILE" help:"File with the token to show to the server."`
	Mine        bool          `name:"yes-i-own-this-target" env:"TICKWIRE_LOAD_YES_I_OWN_THIS_TARGET" help:"Needed for a server that is not on this machine."`
	Connections int           `help:"Subscribers." env:"TICKWIRE_LOAD_CONNECTIONS" default:"1000"`
	Watchlist   int           `help:"Symbols that each subscribes to; 0: all." env:"TICKWIRE_LOAD_WATCHLIST" default:"20"`
	Mix         string        `help:"How they are drawn, and how often each ticks: zipf or uniform." env:"TICKWIRE_LOAD_MIX" enum:"zipf,uniform" default:"zipf"`
	Channel     string        `help:"ticker or trades." env:"TICKWIRE_LOAD_CHANNEL" enum:"ticker,trades" default:"ticker"`
	Rate        float64       `help:"Most updates a second of each symbol that a subscriber wants; 0: every change." env:"TICKWIRE_LOAD_RATE" default:"10"`
	Compression bool          `help:"Ask for compressed frames." env:"TICKWIRE_LOAD_COMPRESSION" default:"true" negatable:""`
	Ramp        time.Duration `help:"Time in which they connect." env:"TICKWIRE_LOAD_RAMP" default:"10s"`
	Duration    time.Duration `help:"Time that is measured after that; of a search for the knee, for each load." env:"TICKWIRE_LOAD_DURATION" default:"60s"`
	Decode      percent       `help:"Messages that are decoded in full, beside the check of all." env:"TICKWIRE_LOAD_DECODE" default:"1%"`
	Seed        uint64        `help:"Seed of the watchlists and the ticks." env:"TICKWIRE_LOAD_SEED" default:"1"`

	Passive  bool    `help:"Only listen to what others publish. This is so unless --publish is given." env:"TICKWIRE_LOAD_PASSIVE"`
	Publish  bool    `help:"Publish as well, to --brokers: only so is every value known, and the latency from the plan." env:"TICKWIRE_LOAD_PUBLISH"`
	Symbols  int     `help:"Symbols to publish." env:"TICKWIRE_LOAD_SYMBOLS" default:"2000"`
	Prefix   string  `help:"Begins their names. Two load tests at a time need two." env:"TICKWIRE_LOAD_PREFIX" default:"LOAD"`
	Ticks    float64 `help:"Ticks a second over all of them." env:"TICKWIRE_LOAD_TICKS" default:"20000"`
	Schedule string  `help:"When they come: constant, poisson, bursts, or the file of a recording whose shape they take." env:"TICKWIRE_LOAD_SCHEDULE" default:"constant"`

	Knee      string  `name:"find-knee" env:"TICKWIRE_LOAD_FIND_KNEE" placeholder:"BOUND" help:"Look for the highest load that keeps a bound, such as p99<20ms, from --connections on."`
	KneeBy    string  `name:"knee-by" env:"TICKWIRE_LOAD_KNEE_BY" help:"What to raise: connections or ticks." enum:"connections,ticks" default:"connections"`
	KneeLimit float64 `name:"knee-limit" env:"TICKWIRE_LOAD_KNEE_LIMIT" help:"Highest load to try. Default: 16000 connections, 1000000 ticks a second." default:"0"`

	JSON string `name:"json" type:"path" env:"TICKWIRE_LOAD_JSON" placeholder:"FILE" help:"Write the report as JSON."`
	HDR  string `name:"hdr" type:"path" env:"TICKWIRE_LOAD_HDR" placeholder:"FILE" help:"Write the latencies as an HdrHistogram log."`
	HTML string `name:"html" type:"path" env:"TICKWIRE_LOAD_HTML" placeholder:"FILE" help:"Write the report as a page."`
}

// cohortFlags are the subscribers that are not like the others.
type cohortFlags struct {
	Stalled percent   `help:"Subscribers that never read, such as 5%." env:"TICKWIRE_LOAD_STALLED" default:"0%"`
	Slow    slowness  `help:"Subscribers that read slowly, such as 5%:32KiB/s." env:"TICKWIRE_LOAD_SLOW" default:"0%"`
	Flap    percent   `help:"Subscribers that lose their connection now and then, and resume." env:"TICKWIRE_LOAD_FLAP" default:"0%"`
	Full    percent   `help:"Subscribers that decode every message in full, and tell where the time went." env:"TICKWIRE_LOAD_FULL" default:"1%"`
	Churn   frequency `help:"Visitors that connect, subscribe and leave, such as 100/s; on top of --connections." env:"TICKWIRE_LOAD_CHURN" default:"0/s"`
}

// errUnclean is the exit code of a run whose report says that something is wrong.
// The report has said what.
var errUnclean = errors.New("load: the run is not clean: see above")

// errEarly is no success, as something waits for what the run shows.
var errEarly = errors.New("load: asked to end before anything was measured: there is no report")

// Run carries out the load test, and fails when what the subscribers got was not
// right.
func (c *loadRunCmd) Run(ctx context.Context, stdout *os.File) error {
	plan, err := c.plan()
	if err == nil {
		err = c.checkFiles()
	}
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if c.Publish {
		to, err := c.producer(ctx)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		defer to.Close()
		plan.Publish.Put, plan.Publish.Flush = to.Put, to.Flush
	}
	plan.OnSecond = func(p report.Progress) { fmt.Fprintln(stdout, report.Line(p)) }
	outcome, err := c.carryOut(ctx, plan)
	if errors.Is(err, loadtest.ErrNotOwned) {
		err = fmt.Errorf("%w with --yes-i-own-this-target", err)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errEarly
	}
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if err := c.tell(outcome, stdout); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if ok, _ := outcome.Result.Verdict(); !ok {
		return errUnclean
	}
	return nil
}

func (c *loadRunCmd) plan() (loadtest.Plan, error) {
	p := loadtest.Plan{
		URL: c.URL, Owned: c.Mine, Admin: c.Admin, Connections: c.Connections, Watchlist: c.Watchlist, Mix: loadtest.Mix(c.Mix),
		Channel: c.Channel, Rate: c.Rate, Plain: !c.Compression, Share: float64(c.Decode),
		Cohorts: loadtest.Cohorts{Stalled: float64(c.Stalled), Slow: float64(c.Slow.share), SlowRate: c.Slow.bytesPerS,
			Flap: float64(c.Flap), Full: float64(c.Full), Churn: float64(c.Churn)},
		Ramp: max(c.Ramp, time.Millisecond), Duration: c.Duration, Seed: c.Seed,
	}
	if c.Watchlist == 0 {
		p.Watchlist = loadtest.Everything
	}
	if c.Token != "" {
		p.Token = func(context.Context) (string, error) { return readToken(c.Token) }
	}
	if c.Passive && c.Publish {
		return p, errors.New("--passive and --publish are opposites: give one of them")
	}
	if !c.Publish {
		return p, nil
	}
	p.Publish = &loadtest.Publish{Symbols: c.Symbols, Prefix: c.Prefix, Rate: c.Ticks, Schedule: loadtest.Schedule(c.Schedule)}
	if strings.ContainsAny(c.Schedule, "./") { // the name of a file, and no schedule
		p.Publish.Schedule, p.Publish.Recording = loadtest.Recorded, c.Schedule
	}
	return p, nil
}

// producer is where the ticks go.
func (c *loadRunCmd) producer(ctx context.Context) (*kafka.Producer, error) {
	if err := c.check(ctx); err != nil {
		return nil, err
	}
	return kafka.NewProducer(kafka.ProducerConfig{Cluster: c.cluster(), Topic: c.Topic})
}

func (c *loadRunCmd) carryOut(ctx context.Context, plan loadtest.Plan) (*loadtest.Outcome, error) {
	if c.Knee == "" {
		return loadtest.Run(ctx, plan)
	}
	bound, err := loadtest.ParseBound(c.Knee)
	if err != nil {
		return nil, err
	}
	search := loadtest.Search{Bound: bound, Most: c.KneeLimit, Step: c.Duration}
	if c.KneeBy == "ticks" {
		search.Dimension = loadtest.Ticks
	}
	return loadtest.FindKnee(ctx, plan, search)
}

// checkFiles reports whether the reports will have a place, before the time that
// they cost.
func (c *loadRunCmd) checkFiles() error {
	for _, name := range []string{c.JSON, c.HDR, c.HTML} {
		if name == "" {
			continue
		}
		if at, err := os.Stat(filepath.Dir(name)); err != nil || !at.IsDir() {
			return fmt.Errorf("there is no folder %s for %s: make it, or give another", filepath.Dir(name), filepath.Base(name))
		}
		if at, err := os.Stat(name); err == nil && at.IsDir() {
			return fmt.Errorf("%s is a folder: give the name of a file", name)
		}
	}
	return nil
}

// tell writes the report in every form that was asked for.
func (c *loadRunCmd) tell(o *loadtest.Outcome, stdout *os.File) error {
	o.Result.Version, o.Result.Command = version(), commandLine(os.Args[1:])
	var failed []error
	for _, form := range []struct {
		file  string
		write func(f *os.File) error
	}{
		{c.JSON, func(f *os.File) error { return report.JSON(f, o.Result) }},
		{c.HDR, func(f *os.File) error { return report.HDR(f, o.Result, o.Intervals) }},
		{c.HTML, func(f *os.File) error { return report.HTML(f, o.Result) }},
	} {
		if form.file != "" {
			failed = append(failed, writeFile(form.file, form.write))
		}
	}
	failed = append(failed, report.Text(stdout, o.Result))
	for _, err := range failed { // one line is said, of the first
		if err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, write func(*os.File) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// commandLine is how this process was started, for who wants to do it again,
// without the password.
func commandLine(args []string) string {
	const secret = "--kafka-password"
	words := []string{"tickwire"}
	for i, word := range args {
		if i > 0 && args[i-1] == secret {
			word = "..."
		} else if strings.HasPrefix(word, secret+"=") {
			word = secret + "=..."
		}
		if strings.ContainsAny(word, " <>*&|;()$'\"\\") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
