package loadtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/loadtest/publish"
	"tickwire/loadtest/report"
)

// Plan says what load to put on which server. URL and Connections are required;
// the zero value of any other field means its default.
type Plan struct {
	// URL is the server's endpoint, such as ws://127.0.0.1:8080/v1/ws.
	URL string
	// Owned says that the server is the caller's to load. It is needed for any
	// that is not on this machine.
	Owned bool
	// Token gets the token to show to the server. Default: none.
	Token func(ctx context.Context) (string, error)
	// TLS is for wss. Default: the system's certificates and the URL's host.
	TLS *tls.Config
	// Sources are the addresses to connect from. Default: see swarm.Config.
	Sources []netip.Addr
	// Admin is the server's admin address, such as http://127.0.0.1:8081. Default:
	// none, and no figures of the server.
	Admin string

	// Connections is how many subscribers there are, those of Cohorts included.
	Connections int
	// Watchlist is how many symbols each subscribes to, or Everything. Default: 20.
	Watchlist int
	// Mix is how watchlists are drawn, and how often a symbol ticks. Default: Zipf.
	Mix Mix
	// Channel is wire.Ticker, the default, or wire.Trades.
	Channel string
	// Rate is the most updates a second of each symbol. Default: every change.
	Rate float64
	// Plain asks for frames without compression.
	Plain bool
	// Share is the part of the messages that is decoded in full; all others are
	// read for their seqs, ordinals and values alone.
	Share float64
	// Cohorts are the subscribers that are not like the others.
	Cohorts Cohorts

	// Publish is the publisher. Default: none. The run is then passive: it
	// listens to what others publish.
	Publish *Publish

	// Ramp is how long the connecting takes. Default: 10 s.
	Ramp time.Duration
	// Duration is how long is measured after the ramp. Default: 60 s.
	Duration time.Duration
	// Settle bounds the wait for the last values. Default: 30 s.
	Settle time.Duration
	// Seed of the watchlists and the ticks. The same seed draws the same.
	Seed uint64

	// OnSecond gets what is known a second after the other. Default: nobody does.
	OnSecond func(report.Progress)
}

// Mix is a distribution over the symbols.
type Mix string

// The mixes.
const (
	Zipf    Mix = "zipf"    // few symbols have most of the subscribers and of the ticks
	Uniform Mix = "uniform" // all have as many
)

// Cohorts says how many subscribers do what clients do on a bad day. Shares are
// of Plan.Connections, from 0 to 1; what they leave are steady subscribers.
type Cohorts struct {
	Stalled  float64 // never read
	Slow     float64 // read SlowRate bytes a second
	SlowRate int     // Default: 32 KiB.
	Flap     float64 // lose their connection now and then, and resume
	Full     float64 // decode every message in full, by package client, and tell where the time went
	// Churn is how many visitors a second connect, subscribe, wait for the first
	// snapshot, and leave. They come on top of Plan.Connections.
	Churn float64
}

// Publish says what to publish, and how. Put is required.
type Publish struct {
	// Put hands a tick to Kafka, such as the Put of a kafka.Producer.
	Put func(ctx context.Context, t *feed.Tick) error
	// Flush waits until Kafka has all of it. Default: nothing to wait for.
	Flush func(ctx context.Context) error
	// Symbols is how many symbols tick. Default: 2000.
	Symbols int
	// Prefix begins their names. Two runs at the same time on one topic need two.
	// Default: LOAD-.
	Prefix string
	// Rate is ticks a second over all symbols. Default: 20000.
	Rate float64
	// Schedule is when they tick. Default: Constant.
	Schedule Schedule
	// Recording is the file whose shape the schedule Recorded takes.
	Recording string
}

// Schedule is the shape of the ticks in time.
type Schedule string

// The schedules.
const (
	Constant Schedule = "constant" // evenly
	Poisson  Schedule = "poisson"  // independently of each other
	Bursts   Schedule = "bursts"   // quiet for long, then many at once
	Recorded Schedule = "recorded" // as a venue's feed once came
)

// Everything is the watchlist of all symbols.
const Everything = -1

// Bounds of a plan.
const (
	MaxConnections = 1_000_000
	MaxDuration    = 24 * time.Hour
)

func (p Plan) withDefaults() Plan {
	p.Watchlist = cmp.Or(p.Watchlist, 20)
	p.Mix = cmp.Or(p.Mix, Zipf)
	p.Channel = cmp.Or(p.Channel, wire.Ticker)
	p.Ramp = cmp.Or(p.Ramp, 10*time.Second)
	p.Duration = cmp.Or(p.Duration, time.Minute)
	p.Settle = cmp.Or(p.Settle, 30*time.Second)
	p.Cohorts.SlowRate = cmp.Or(p.Cohorts.SlowRate, 32<<10)
	if p.OnSecond == nil {
		p.OnSecond = func(report.Progress) {}
	}
	if p.Publish != nil {
		own := *p.Publish
		own.Symbols = cmp.Or(own.Symbols, 2000)
		own.Prefix = cmp.Or(own.Prefix, "LOAD-")
		own.Rate = cmp.Or(own.Rate, 20_000)
		own.Schedule = cmp.Or(own.Schedule, Constant)
		if own.Flush == nil {
			own.Flush = func(context.Context) error { return nil }
		}
		p.Publish = &own
	}
	return p
}

// check reports the first thing that is wrong with the plan, or nil.
func (p *Plan) check() error {
	c := p.Cohorts
	switch {
	case p.Connections < 1 || p.Connections > MaxConnections:
		return fmt.Errorf("%d connections: give 1 to %d", p.Connections, MaxConnections)
	case p.Watchlist < Everything:
		return fmt.Errorf("a watchlist of %d symbols: give 1 or more, or %d for all", p.Watchlist, Everything)
	case p.Mix != Zipf && p.Mix != Uniform:
		return fmt.Errorf("there is no mix %.40q: %s, %s", p.Mix, Zipf, Uniform)
	case p.Ramp < 0 || p.Duration < 0 || p.Settle < 0 || p.Ramp+p.Duration > MaxDuration:
		return fmt.Errorf("a ramp of %v and a duration of %v: all in all %v at most", p.Ramp, p.Duration, MaxDuration)
	case c.Stalled < 0 || c.Slow < 0 || c.Flap < 0 || c.Full < 0 || c.Stalled+c.Slow+c.Flap+c.Full > 1:
		return errors.New("the shares of the cohorts must be 0 to 100 % and come to no more")
	case c.Churn < 0:
		return fmt.Errorf("a churn of %v visitors a second", c.Churn)
	case p.Share < 0 || p.Share > 1:
		return fmt.Errorf("a share of %v of the messages: 0 to 1", p.Share)
	}
	if p.Publish != nil {
		if err := p.Publish.check(); err != nil {
			return err
		}
	}
	if err := fits(p.Connections, openFiles()); err != nil {
		return err
	}
	return p.checkTarget()
}

func (p *Publish) check() error {
	switch {
	case p.Put == nil:
		return errors.New("a publisher needs somewhere to put its ticks")
	case !feed.ValidSymbol([]byte(publish.Names(p.Prefix, 1)[0])):
		return fmt.Errorf("the prefix %.40q cannot begin the name of a symbol: give a shorter one, of letters, digits, and . - _", p.Prefix)
	case p.Symbols < 1 || p.Symbols > 100_000:
		return fmt.Errorf("%d symbols: give 1 to 100000", p.Symbols)
	case p.Rate <= 0 || p.Rate > 10_000_000:
		return fmt.Errorf("%v ticks a second: give more than 0, to 10000000", p.Rate)
	case p.Schedule != Constant && p.Schedule != Poisson && p.Schedule != Bursts && p.Schedule != Recorded:
		return fmt.Errorf("there is no schedule %.40q: %s, %s, %s, %s", p.Schedule, Constant, Poisson, Bursts, Recorded)
	case (p.Schedule == Recorded) != (p.Recording != ""):
		return fmt.Errorf("the schedule %s and the file of a recording go together", Recorded)
	}
	return nil
}

// checkTarget refuses a server that may be somebody else's.
func (p *Plan) checkTarget() error {
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("the URL of the server cannot be read; it is such as ws://127.0.0.1:8080/v1/ws")
	case u.Scheme != "ws" && u.Scheme != "wss" || !strings.HasSuffix(u.Path, "/v1/ws"):
		return fmt.Errorf("the URL of the server must be of a WebSocket, such as ws://%s/v1/ws", u.Host)
	case p.Owned || p.here():
		return nil
	}
	return fmt.Errorf("%s is not on this machine: a load test can bring a server down; %w", u.Hostname(), ErrNotOwned)
}

// here reports whether the server is on this machine.
func (p *Plan) here() bool {
	u, err := url.Parse(p.URL)
	return err == nil && loopback(u.Hostname())
}

// ErrNotOwned is what a plan is refused with whose server is not on this
// machine, unless it says that the server is the caller's.
var ErrNotOwned = errors.New("say that the target is yours")

// loopback reports whether a host is this machine, without asking a name server.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// agenda is when the ticks come.
func (p *Publish) agenda(ctx context.Context, seed uint64) (*publish.Plan, error) {
	switch p.Schedule {
	case Poisson:
		return publish.Poisson(p.Rate, seed)
	case Bursts:
		return publish.Bursts(p.Rate, seed, burstFactor, burstPart, burstTicks)
	case Recorded:
		gaps, err := publish.Gaps(ctx, []string{p.Recording})
		if err != nil {
			return nil, err
		}
		return publish.Recording(gaps, p.Rate)
	}
	return publish.Constant(p.Rate)
}

// Bursts: a third of the ticks come ten times as fast as the others, 2,000 at a
// time.
const (
	burstFactor = 10
	burstPart   = 1.0 / 3
	burstTicks  = 2000
)
