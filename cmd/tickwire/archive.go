package main

import (
	"context"

	"tickwire/feed"
	"tickwire/feed/kafka"
)

// archive is Kafka as the fan-out reads it again for clients that resume.
type archive struct{ consumer *kafka.Consumer }

// Replay: see fanout.Archive.
func (a archive) Replay(ctx context.Context, partition int32, from, to int64, each func(*feed.Tick, int64) bool) (begun, reached int64, err error) {
	done, err := a.consumer.Replay(ctx, partition, from, to, each)
	return done.From, done.Next, err
}
