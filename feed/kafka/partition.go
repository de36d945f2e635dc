package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// partition reads one partition into the sink, on one goroutine.
type partition struct {
	*tracker
	reader
	id       int32
	consumer *Consumer
	start    Start
	late     bool // found after the others; does not count for being ready
	gone     bool // set by the loop at its end

	// The loop's own.
	placed     bool         // seen.Next is set
	generation int32        // of the log, for positions
	astray     bool         // Kafka has no record at seen.Next
	leader     kafka.Broker // where to connect to; empty: ask
	delay      delay

	hangUp atomic.Pointer[context.CancelCauseFunc] // ends the connection of now
}

func newPartition(c *Consumer, at place, start Start) *partition {
	p := &partition{
		tracker:  newTracker(at.id, time.Now(), max(c.cfg.MaxWait, lookEvery)+answerTime),
		reader:   newReader(at.id, c.cfg.MaxBytes, c.cfg.MaxWait),
		id:       at.id,
		consumer: c,
		start:    start,
		leader:   at.leader,
		delay:    delay{by: c.cfg.Delay.Microseconds()},
	}
	p.give = p.take
	return p
}

// run reads until ctx ends or the partition is gone.
func (p *partition) run(ctx context.Context) {
	retry := newBackoff()
	for ctx.Err() == nil {
		from := p.seen.Next
		err := p.session(ctx)
		if ctx.Err() != nil {
			p.lose(p.seen)
			return
		}
		if p.seen.Next != from {
			retry.Reset()
		}
		p.disconnected(err)
		if errors.Is(err, errGone) {
			p.gone = true
			return
		}
		if !errors.Is(err, errMangled) { // which is an offset further each time
			pause(ctx, retry.NextBackOff())
		}
	}
}

// session reads over one connection, until it ends. Of one that was cut the error is
// the reason, however far it had come.
func (p *partition) session(ctx context.Context) error {
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	p.hangUp.Store(&hangUp)
	err := p.connect(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// connect finds the leader and reads there.
func (p *partition) connect(ctx context.Context) error {
	if p.leader.Host == "" {
		leader, err := p.consumer.leader(ctx, p.id)
		if err != nil {
			return err
		}
		p.leader = leader
	}
	return p.consumer.visit(ctx, p.id, p.leader, func(conn *kafka.Conn) error { return p.read(ctx, conn) })
}

// cut ends the connection of now, if there is one.
func (p *partition) cut(reason error) {
	if hangUp := p.hangUp.Load(); hangUp != nil {
		(*hangUp)(reason)
	}
}

func (p *partition) read(ctx context.Context, conn *kafka.Conn) error {
	if err := p.align(conn); err != nil {
		return err
	}
	for {
		held, err := p.fetch(conn)
		if err != nil {
			return err
		}
		p.arrived(held)
		p.suit(held)
		if !held {
			continue
		}
		if err := p.hold(ctx, conn); err != nil {
			return err
		}
	}
}

// align makes sure that seen.Next is an offset to go on from.
func (p *partition) align(conn *kafka.Conn) error {
	if p.placed && !p.astray {
		return nil
	}
	conn.SetDeadline(time.Now().Add(callTimeout))
	if !p.placed {
		next, err := p.start.resolve(p.id, conn)
		if err != nil {
			return err
		}
		p.seen.Next, p.placed = next, true
	}
	first, last, err := conn.ReadOffsets()
	if err != nil {
		return err
	}
	if !p.aimed() {
		p.aim(last)
	}
	p.repair(first, last)
	p.astray = false
	p.seen.End = last
	p.tell(p.seen)
	return nil
}

// repair moves an offset that the log does not have into what it does have.
func (p *partition) repair(first, last int64) {
	log, next := p.consumer.cfg.Log, p.seen.Next
	switch {
	case next < first:
		p.seen.Lost += first - next
		p.seen.Next = first
		log.Warn("kafka: retention has removed records that were not read yet; going on behind them",
			"partition", p.id, "from", next, "to", first, "records", first-next)
	case next > last:
		p.seen.Next = first
		p.seen.Rewinds++
		p.generation++
		p.delay.sight = nil // of another log
		p.aim(last)
		log.Error("kafka: the log ends before what was read already: the topic was made anew, or its end was lost; reading it from its beginning",
			"partition", p.id, "wanted", next, "end", last, "beginning", first)
	}
}

func (p *partition) disconnected(err error) {
	p.seen.AtEnd, p.seen.Held = false, false
	p.seen.Reconnects++
	p.seen.LastError = err.Error()
	if errors.Is(err, errMangled) {
		p.tell(p.seen)
		return // not the broker's fault
	}
	p.lose(p.seen)
	p.leader = kafka.Broker{}
	if errors.Is(err, kafka.OffsetOutOfRange) {
		p.astray = true // align says what it finds
		return
	}
	p.consumer.lost.warn("kafka: reading a partition was interrupted; trying again",
		"topic", p.consumer.cfg.Topic, "partition", p.id, "offset", p.seen.Next, "error", cause(err))
}

// take gives a record to the sink, if it is a tick, and old enough.
func (p *partition) take(offset int64, value []byte) bool {
	if err := feed.Decode(&p.tick, value); err != nil {
		if p.refuse(value) {
			p.consumer.unreadable.warn("kafka: a record is not a tick; skipped",
				"topic", p.consumer.cfg.Topic, "partition", p.id, "offset", offset, "bytes", len(value), "error", err)
		}
		return true
	}
	if p.delay.by > 0 && p.delay.holds(p.tick.Time, offset, p.seen.End, p.now) {
		return false
	}
	p.tick.Received = p.now
	p.seen.Ticks++
	p.consumer.cfg.Sink.Apply(&p.tick, feed.Position{Partition: p.id, Generation: p.generation, Offset: offset})
	return true
}

// arrived tells how far it is after the broker has answered.
func (p *partition) arrived(held bool) {
	p.seen.AtEnd = p.seen.Next >= p.seen.End
	p.seen.Held = held
	if p.seen.AtEnd || held {
		p.seen.CaughtUp = time.Now()
	}
	p.tell(p.seen)
}
