package main

import (
	"context"
	"errors"
	"time"

	"tickwire/feed/kafka"
)

// flushTime bounds the wait for the last acknowledgements.
const flushTime = 3 * time.Second

// publishCmd is tickwire publish.
type publishCmd struct {
	kafkaFlags
	sourceFlags
	Compression kafka.Compression `help:"Of the records: none, gzip, snappy, lz4 or zstd." default:"none"`
	Partitions  int               `help:"Make the topic with so many partitions if it is missing; 0: it must be there." default:"0"`
}

// Run publishes until the source ends or the process is asked to.
func (c *publishCmd) Run(ctx context.Context) error {
	from, err := c.sourceFlags.open()
	if err != nil {
		return err
	}
	cluster := c.cluster()
	if c.Partitions > 0 {
		if err := cluster.CreateTopic(ctx, c.Topic, c.Partitions, 0, nil); err != nil {
			return err
		}
	}
	if err := c.check(ctx); err != nil {
		return err
	}
	to, err := kafka.NewProducer(kafka.ProducerConfig{Cluster: cluster, Topic: c.Topic, Compression: c.Compression})
	if err != nil {
		return err
	}
	err = publish(ctx, from, to)
	return errors.Join(err, to.Close())
}
