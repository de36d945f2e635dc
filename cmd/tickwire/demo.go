package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tickwire/fanout/gateway"
	"tickwire/feed/broker"
	"tickwire/feed/kafka"
)

// demoCmd is tickwire demo.
type demoCmd struct {
	serverFlags
	sourceFlags
	Drain   time.Duration `help:"How long the clients are given to leave at the end." default:"0s"`
	DataDir string        `help:"Where the broker keeps its records; empty: in a temporary folder, removed at the end." placeholder:"DIR"`
}

const (
	demoTopic      = "ticks"
	demoPartitions = 8
)

// never is longer than anything is old.
const never = time.Duration(math.MaxInt64)

// Run runs everything until the process is asked to end. A replay that has
// ended leaves the server up.
func (c *demoCmd) Run(ctx context.Context, stdout *os.File) (err error) {
	from, err := c.sourceFlags.open()
	if err != nil {
		return err
	}
	bound, err := c.serverFlags.bind()
	if err != nil {
		return err
	}
	defer bound.close()
	b, err := broker.Start(ctx, broker.Config{Dir: c.DataDir, Topics: []broker.Topic{{Name: demoTopic, Partitions: demoPartitions}}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	cluster := kafka.Cluster{Brokers: []string{b.Addr()}}
	to, err := kafka.NewProducer(kafka.ProducerConfig{Cluster: cluster, Topic: demoTopic})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if c.Source == "replay" { // its ticks are as old as the recording
		c.FeedStale, c.SymbolStale = never, never
	}
	s, err := c.serverFlags.server(ctx, kafka.ConsumerConfig{Cluster: cluster, Topic: demoTopic}, gateway.Config{
		Drain: c.Drain, AnyOperator: isLocal(bound.clients), // one person's own machine
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "dashboard %s://%s/\nsubscribe ws%s://%[2]s/v1/ws\nadmin     http://%[4]s/\nbroker    %s, topic %s\n", c.scheme(), bound.clients.Addr(), strings.TrimPrefix(c.scheme(), "http"), bound.admin.Addr(), b.Addr(), demoTopic)
	g, ctx := errgroup.WithContext(ctx)
	s.run(ctx, g, bound)
	g.Go(func() error { return publish(ctx, from, to) })
	return g.Wait()
}
