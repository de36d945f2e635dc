package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tickwire/fanout"
	"tickwire/feed/kafka"
)

// maxDelays bounds the different delays of one node: each has a consumer and a
// Book of its own.
const maxDelays = 4

// delayed are the hubs of clients that are entitled to values of some age only.
// Such a hub reads the topic as late as the values shall be: Kafka keeps what is
// not due yet, and whatever the hub has is old enough, snapshots and bars too.
type delayed struct {
	start func(delay time.Duration) (*kafka.Consumer, *fanout.Hub, error)

	mu      sync.Mutex // protects what follows
	ctx     context.Context
	running sync.WaitGroup // their consumers
	all     map[time.Duration]delayedHub
}

type delayedHub struct {
	consumer *kafka.Consumer
	hub      *fanout.Hub
}

// hub is the hub of a delay, made when the first client of it comes. While it is
// catching up it is an error.
func (d *delayed) hub(delay time.Duration) (*fanout.Hub, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, made := d.all[delay]
	switch {
	case d.ctx == nil || d.ctx.Err() != nil:
		return nil, errors.New("the server does not run")
	case !made && len(d.all) == maxDelays:
		return nil, fmt.Errorf("this node serves %d different delays already", maxDelays)
	case !made:
		consumer, hub, err := d.start(delay)
		if err != nil {
			return nil, err
		}
		one = delayedHub{consumer, hub}
		d.all[delay] = one
		d.running.Go(func() {
			if err := consumer.Run(d.ctx); err != nil {
				slog.Error("reading delayed values ended", "delay", delay, "error", err)
			}
		})
	}
	if !one.consumer.Ready() {
		return nil, fmt.Errorf("values that are %v old are being read, come again in a moment", delay)
	}
	return one.hub, nil
}

// run has the consumers read until ctx ends, and returns when the last of them
// and of the hubs has ended.
func (d *delayed) run(ctx context.Context) error {
	d.mu.Lock()
	d.ctx, d.all = ctx, make(map[time.Duration]delayedHub)
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock() // no more are made
	all := d.all
	d.mu.Unlock()
	for _, one := range all {
		one.hub.Close()
	}
	d.running.Wait()
	return nil
}
