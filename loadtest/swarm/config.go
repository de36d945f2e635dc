package swarm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"runtime"
	"time"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
	"tickwire/loadtest/verify"
)

// Config is what a Swarm is made of. URL, Truth and Symbols are required; the
// zero value of any other field means its default.
type Config struct {
	// URL is the server's endpoint, such as ws://127.0.0.1:8080/v1/ws.
	URL string
	// TLS is for wss. Default: the system's certificates and the URL's host.
	TLS *tls.Config
	// Token gets the token to show to the server. It is called from many
	// goroutines, at every connect and when the server says that the token of a
	// connection will expire. Default: none.
	Token func(ctx context.Context) (string, error)
	// Compression offers permessage-deflate.
	Compression bool
	// Sources are the addresses to connect from, in turn: each has ports for
	// about 28,000 connections to one server. Default: 127.0.0.1 to 127.0.0.16
	// for a server on this machine where all of 127.0.0.0/8 is (Linux); what
	// the system chooses otherwise.
	Sources []netip.Addr

	// Truth is what the messages are held to.
	Truth *verify.Truth
	// Symbols are the names to subscribe to, by their numbers in Truth.
	Symbols []string
	// Channel is what to subscribe to: wire.Ticker or wire.Trades. Default:
	// wire.Ticker.
	Channel string
	// Rate is the most updates a second of each symbol. Default: every change.
	Rate float64
	// Share is the part of the messages that is decoded in full beside the check
	// that all get, 0 to 1. Default: 0.
	Share float64
	// Sampler makes what takes the latencies of a cohort at one seat. It is used
	// by that seat alone. Default: nobody does.
	Sampler func(Cohort) verify.Sampler
	// Hops takes the stamps of Full and Flap. It is called from many goroutines.
	// Default: nobody does.
	Hops HopSampler

	// Waited gets how long each turn waited for a seat: that is no latency of the
	// server's, but is in what is measured. It is called from the seats. Default:
	// nobody does.
	Waited func(time.Duration)

	// Seats is how many goroutines read at the same time. Default: GOMAXPROCS.
	Seats int
	// DialLimit is how many handshakes there are at once. Default: 64.
	DialLimit int
	// Handshake bounds the time from dialling to hello, and how long a visit of
	// Churn may take after that. Default: 10 s.
	Handshake time.Duration
	// SlowRate is how many bytes a second a member of Slow reads. Default: 32 KiB.
	SlowRate int
	// FlapEvery is how long a connection of Flap lasts on average. Default: 5 s.
	FlapEvery time.Duration
	// Backoff is when a member comes again. Default: as of client.Backoff.
	Backoff client.Backoff
	// MaxMessage bounds a message of the server, in bytes, after decompression.
	// Default: 16 MiB.
	MaxMessage int
}

// HopSampler takes the times of one update on its way, in microseconds since
// 1970: when its tick was planned to be, when it was handed to Kafka (0: not
// known), when the server's node read it from Kafka and sent it, by the server's
// clock, and when it was received here.
type HopSampler interface {
	Hop(planned, published, node, sent, received int64)
}

func (c Config) withDefaults() Config {
	if c.Channel == "" {
		c.Channel = wire.Ticker
	}
	if c.Seats <= 0 {
		c.Seats = runtime.GOMAXPROCS(0)
	}
	if c.DialLimit <= 0 {
		c.DialLimit = 64
	}
	if c.Handshake <= 0 {
		c.Handshake = 10 * time.Second
	}
	if c.SlowRate <= 0 {
		c.SlowRate = 32 << 10
	}
	if c.FlapEvery <= 0 {
		c.FlapEvery = 5 * time.Second
	}
	if c.Backoff.Min <= 0 {
		c.Backoff.Min = time.Second
	}
	if c.Backoff.Max <= 0 {
		c.Backoff.Max = 30 * time.Second
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 16 << 20
	}
	return c
}

// check finds what can be no swarm. The URL is looked at by the client.
func (c *Config) check() (*url.URL, error) {
	if _, err := client.New(client.Config{URL: c.URL}); err != nil {
		return nil, err
	}
	switch {
	case c.Truth == nil:
		return nil, errors.New("a swarm needs a Truth to hold the messages to")
	case c.Channel != wire.Ticker && c.Channel != wire.Trades:
		return nil, fmt.Errorf("channel %.40q cannot be verified: %s or %s", c.Channel, wire.Ticker, wire.Trades)
	case c.Share < 0 || c.Share > 1:
		return nil, fmt.Errorf("share is %v, want 0 to 1", c.Share)
	case c.Rate != 0 && !(c.Rate >= wire.MinRate && c.Rate <= wire.MaxRate):
		return nil, fmt.Errorf("rate is %v, want %.5f to %d updates a second, or 0 for every change", c.Rate, wire.MinRate, wire.MaxRate)
	}
	return url.Parse(c.URL)
}
