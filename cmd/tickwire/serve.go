package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"tickwire/fanout/gateway"
	"tickwire/feed/kafka"
)

// serveCmd is tickwire serve.
type serveCmd struct {
	kafkaFlags
	serverFlags
	Drain       time.Duration `help:"How long the clients are given to leave when the process is asked to end; a second signal ends it at once." default:"10s"`
	AnyOperator bool          `help:"With --auth none: everybody who asks by an address, by localhost or by a host of --origins is an operator and sees /v1/server."`
	From        string        `help:"Where to begin to read: beginning, end, a time such as 2026-01-31T12:00:00Z, or how long ago, such as 15m." default:"beginning"`
}

// Run serves until the process is asked to end.
func (c *serveCmd) Run(ctx context.Context, stdout *os.File) error {
	start, err := parseStart(c.From, time.Now())
	if err != nil {
		return err
	}
	if c.AnyOperator && c.Auth != "none" {
		return errors.New("--any-operator goes with --auth none: with tokens, those have the claim operator")
	}
	bound, err := c.serverFlags.bind()
	if err != nil {
		return err
	}
	defer bound.close()
	if err := c.check(ctx); err != nil {
		return err
	}
	s, err := c.serverFlags.server(ctx, kafka.ConsumerConfig{Cluster: c.cluster(), Topic: c.Topic, Start: start}, gateway.Config{Drain: c.Drain, AnyOperator: c.AnyOperator})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "dashboard %s://%s/\nadmin     http://%s/\n", c.scheme(), bound.clients.Addr(), bound.admin.Addr())
	g, ctx := errgroup.WithContext(ctx)
	s.run(ctx, g, bound)
	return g.Wait()
}

// parseStart reads the words of --from.
func parseStart(from string, now time.Time) (kafka.Start, error) {
	switch from {
	case "beginning":
		return kafka.Beginning(), nil
	case "end":
		return kafka.End(), nil
	}
	if t, err := time.Parse(time.RFC3339, from); err == nil {
		return kafka.At(t), nil
	}
	if ago, err := time.ParseDuration(from); err == nil && ago > 0 {
		return kafka.At(now.Add(-ago)), nil
	}
	return kafka.Start{}, fmt.Errorf("--from %q: say beginning, end, a time such as 2026-01-31T12:00:00Z, or how long ago, such as 15m", from)
}
