package kafka

import (
	"context"
	"errors"
	"sync"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// lane is the way of ticks to one partition. A tick is noted in the batch that
// is filling; if nobody is sending, somebody starts to, and goes on taking
// whatever has been noted until there is nothing. So there is one request in
// flight, ticks stay in order, and batches grow with the load.
type lane struct {
	producer  *Producer
	partition int

	mu      sync.Mutex
	filling *batch
	spare   *batch
	sending bool
	put     int64         // ticks noted, ever
	settled int64         // ticks acknowledged, ever
	changed chan struct{} // closed and replaced when room or settled changes
}

func newLane(p *Producer, partition int) *lane {
	return &lane{producer: p, partition: partition, filling: new(batch), spare: new(batch), changed: make(chan struct{})}
}

// add notes the tick, waiting for room.
func (l *lane) add(ctx context.Context, t *feed.Tick) error {
	for {
		wait, err := l.tryAdd(t)
		if wait == nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.producer.ctx.Done():
			return l.producer.ended()
		}
	}
}

// tryAdd returns a channel to wait on when there is no room.
func (l *lane) tryAdd(t *feed.Tick) (wait <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.producer.ctx.Err() != nil {
		return nil, l.producer.ended()
	}
	cfg := &l.producer.cfg
	if l.filling.len() >= cfg.BatchTicks || len(l.filling.text)+feed.MaxRecord > cfg.BatchBytes {
		return l.changed, nil
	}
	l.filling.add(t)
	l.put++
	if !l.sending {
		l.sending = true
		l.producer.work.Go(l.send)
	}
	return nil, nil
}

// send sends until there is nothing to send, or the producer has ended.
func (l *lane) send() {
	for b := l.next(); b != nil; b = l.next() {
		if err := l.deliver(b, 0, b.len()); err != nil {
			l.producer.fail(err)
			return // sending stays set: nothing more leaves
		}
	}
}

// next takes what is noted and makes room for more.
func (l *lane) next() *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.filling.len() == 0 {
		l.sending = false
		return nil
	}
	b := l.filling
	l.filling, l.spare = l.spare, b
	l.filling.reset()
	l.signal()
	return b
}

func (l *lane) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *lane) acknowledge(n int) {
	l.producer.acknowledged.Add(int64(n))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled += int64(n)
	l.signal()
}

// deliver sends the records from i to before j until they are acknowledged. A
// batch over the topic's limit goes in halves.
func (l *lane) deliver(b *batch, i, j int) error {
	retry := newBackoff()
	for {
		err := l.produce(b, i, j)
		switch {
		case err == nil:
			l.acknowledge(j - i)
			return nil
		case errors.Is(err, kafka.MessageSizeTooLarge) && j-i > 1:
			middle := (i + j) / 2
			if err := l.deliver(b, i, middle); err != nil {
				return err
			}
			return l.deliver(b, middle, j)
		case permanent(err):
			return err
		}
		if l.producer.ctx.Err() != nil {
			return l.producer.ctx.Err()
		}
		l.producer.retries.Add(1)
		l.producer.lost.warn("kafka: sending failed; trying again",
			"topic", l.producer.cfg.Topic, "partition", l.partition, "error", cause(err))
		pause(l.producer.ctx, retry.NextBackOff())
	}
}

func (l *lane) produce(b *batch, i, j int) error {
	ctx, cancel := context.WithTimeout(l.producer.ctx, callTimeout)
	defer cancel()
	res, err := l.producer.client.Produce(ctx, &kafka.ProduceRequest{
		Topic:        l.producer.cfg.Topic,
		Partition:    l.partition,
		RequiredAcks: kafka.RequireAll,
		Records:      b.records(i, j),
		Compression:  l.producer.cfg.Compression.codec(),
	})
	if err != nil {
		return err
	}
	return res.Error
}

// flush waits until everything noted so far is acknowledged.
func (l *lane) flush(ctx context.Context) error {
	l.mu.Lock()
	goal := l.put
	l.mu.Unlock()
	for {
		l.mu.Lock()
		done, wait := l.settled >= goal, l.changed
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.producer.ctx.Done():
			return l.producer.ended()
		}
	}
}

func (l *lane) unsettled() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put - l.settled
}
