package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// Replayed is what a Replay has read: every record from From up to but not
// including Next.
type Replayed struct {
	From int64 // the first offset that counts as read; later than asked for where Kafka has removed the records before it
	Next int64 // the first offset that was not read; before the end asked for where the log, the bound or the caller ended it

	Ticks       int64 // given to the caller
	Undecodable int64 // records that are not ticks
	Limited     bool  // the bound on records ended it: see ConsumerConfig.ReplayRecords
}

// Replay reads the records of one partition from offset from up to but not
// including to, in order, and calls each for every tick, until each returns
// false. It ends at the end of the log, and after ReplayRecords records; with
// a Delay also before a tick whose event time is not that old. Where it got is
// in Replayed, with an error too, and can be asked for again from there.
//
// It uses a connection of its own and needs no Run. Of more than Replays at a
// time the others wait for their turn, or the end of ctx. each has the tick
// until it returns; it must not wait for anything, another Replay included.
func (c *Consumer) Replay(ctx context.Context, partition int32, from, to int64, each func(t *feed.Tick, offset int64) bool) (Replayed, error) {
	if from < 0 || to < from {
		return Replayed{From: from, Next: from}, fmt.Errorf("kafka: reading partition %d again: %d to %d is no range of offsets", partition, from, to)
	}
	r := newReplay(c, partition, from, to, each)
	err := r.run(ctx)
	if err != nil {
		err = fmt.Errorf("kafka: reading partition %d again from offset %d, wanted to %d: %w", partition, r.seen.Next, to, cause(err))
	}
	return r.result(), err
}

// replay is one Replay.
type replay struct {
	reader
	consumer *Consumer
	each     func(t *feed.Tick, offset int64) bool
	from, to int64
	aligned  bool // from and to are within the log
	left     int  // records that may be read yet
	idle     int  // fetches that may bring none yet
	enough   bool // each has said so
	delay    delay
}

func newReplay(c *Consumer, partition int32, from, to int64, each func(*feed.Tick, int64) bool) *replay {
	const guess = 256 // bytes of a record and what is around it
	size := min(int64(c.cfg.MaxBytes), max(smallFetch, guess*min(to-from, int64(c.cfg.MaxBytes))))
	r := &replay{
		reader:   newReader(partition, int(size), c.cfg.MaxWait),
		consumer: c,
		each:     each,
		from:     from,
		to:       to,
		left:     c.cfg.ReplayRecords,
		idle:     c.cfg.ReplayRecords,
		delay:    delay{by: c.cfg.Delay.Microseconds()},
	}
	r.seen.Next = from
	r.give = r.take
	return r
}

func (r *replay) result() Replayed {
	next := min(r.seen.Next, r.to) // the first record behind to may be further
	return Replayed{
		From:        min(r.from, next),
		Next:        next,
		Ticks:       r.seen.Ticks,
		Undecodable: r.seen.Undecodable,
		Limited:     r.spent() && next < r.to && !r.enough,
	}
}

// run waits for its turn and reads over as many connections as kafka-go needs.
func (r *replay) run(ctx context.Context) error {
	select {
	case r.consumer.replays <- struct{}{}:
		defer func() { <-r.consumer.replays }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		leader, err := r.consumer.leader(ctx, r.seen.Partition)
		if err != nil {
			return err
		}
		err = r.consumer.visit(ctx, r.seen.Partition, leader, r.read)
		if !errors.Is(err, errMangled) {
			return err
		}
	}
}

func (r *replay) read(conn *kafka.Conn) error {
	if err := r.align(conn); err != nil {
		return err
	}
	for r.seen.Next < r.to && !r.spent() && !r.enough {
		before := r.left
		stopped, err := r.fetch(conn)
		if r.left == before {
			r.idle--
		}
		if err != nil || stopped {
			return err
		}
		r.to = min(r.to, max(r.seen.Next, r.seen.End))
	}
	return nil
}

func (r *replay) spent() bool { return r.left <= 0 || r.idle <= 0 }

// align cuts what is wanted to what the log has.
func (r *replay) align(conn *kafka.Conn) error {
	if r.aligned {
		return nil
	}
	conn.SetDeadline(time.Now().Add(callTimeout))
	first, last, err := conn.ReadOffsets()
	if err != nil {
		return err
	}
	r.to = max(r.from, min(r.to, last))
	r.from = min(max(r.from, first), r.to)
	r.seen.Next = r.from
	r.aligned = true
	return nil
}

func (r *replay) take(offset int64, value []byte) bool {
	if offset >= r.to || r.left <= 0 || r.enough {
		return false
	}
	if err := feed.Decode(&r.tick, value); err != nil {
		r.left--
		r.refuse(value)
		return true
	}
	if r.delay.by > 0 && r.delay.holds(r.tick.Time, offset, r.seen.End, r.now) {
		return false
	}
	r.left--
	r.tick.Received = r.now
	r.seen.Ticks++
	r.enough = !r.each(&r.tick, offset)
	return true
}
