package kafka

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// partition reads one partition, on one goroutine. What it wants next lives
// here and not in the connection, so nothing is lost or read twice when
// connections come and go.
type partition struct {
	*tracker
	id       int32
	consumer *Consumer
	start    Start
	late     bool // found after the others; does not count for being ready
	gone     bool // set by the loop at its end

	// The loop's own.
	seen       Progress
	placed     bool         // seen.Next is set
	generation int32        // of the log, for positions
	astray     bool         // Kafka has no record at seen.Next
	whole      bool         // the next fetch must be able to read a record of any size
	leader     kafka.Broker // where to connect to; empty: ask
	ask        kafka.ReadBatchConfig
	buf        []byte
	tick       feed.Tick

	inLibrary bool // reading a value, for drain

	hangUp atomic.Pointer[context.CancelCauseFunc] // ends the connection of now
}

// valueRoom is the buffer of one record. A longer one is no tick, and is read
// past on a slower way.
const valueRoom = 4 * feed.MaxRecord

func newPartition(c *Consumer, at place, start Start) *partition {
	return &partition{
		tracker:  newTracker(at.id, time.Now()),
		id:       at.id,
		consumer: c,
		start:    start,
		leader:   at.leader,
		seen:     Progress{Partition: at.id},
		ask:      kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: c.cfg.MaxBytes, MaxWait: c.cfg.MaxWait},
		buf:      make([]byte, valueRoom),
	}
}

// run reads until ctx ends or the partition is gone.
func (p *partition) run(ctx context.Context) {
	retry := newBackoff()
	for ctx.Err() == nil {
		from := p.seen.Next
		err := p.session(ctx)
		if ctx.Err() != nil {
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

// session reads over one connection, until it ends.
func (p *partition) session(ctx context.Context) error {
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	p.hangUp.Store(&hangUp)
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	err = p.read(conn)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// cut ends the connection of now, if there is one.
func (p *partition) cut(reason error) {
	if hangUp := p.hangUp.Load(); hangUp != nil {
		(*hangUp)(reason)
	}
}

// connect dials the leader that is known, or asks who it is.
func (p *partition) connect(ctx context.Context) (conn *kafka.Conn, err error) {
	if p.leader.Host == "" {
		if p.leader, err = p.consumer.leader(ctx, p.id); err != nil {
			return nil, err
		}
	}
	at := kafka.Partition{Topic: p.consumer.cfg.Topic, ID: int(p.id), Leader: p.leader}
	return p.consumer.cfg.dialer().DialPartition(ctx, "tcp", "", at)
}

func (p *partition) read(conn *kafka.Conn) error {
	if err := p.align(conn); err != nil {
		return err
	}
	for {
		if err := p.fetch(conn); err != nil {
			return err
		}
		p.tell(p.seen)
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
		p.aim(last)
		log.Error("kafka: the log ends before what was read already: the topic was made anew, or its end was lost; reading it from its beginning",
			"partition", p.id, "wanted", next, "end", last, "beginning", first)
	}
}

func (p *partition) disconnected(err error) {
	p.seen.AtEnd = false
	p.seen.Reconnects++
	p.seen.LastError = err.Error()
	p.tell(p.seen)
	if errors.Is(err, errMangled) {
		return // not the broker's fault
	}
	p.leader = kafka.Broker{}
	if errors.Is(err, kafka.OffsetOutOfRange) {
		p.astray = true // align says what it finds
		return
	}
	p.consumer.lost.warn("kafka: reading a partition was interrupted; trying again",
		"topic", p.consumer.cfg.Topic, "partition", p.id, "offset", p.seen.Next, "error", cause(err))
}

// fetch asks the broker once and gives what arrives to the sink. After an
// error the connection must not be used again: kafka-go leaves the rest of an
// answer with an error code unread.
func (p *partition) fetch(conn *kafka.Conn) error {
	from := p.seen.Next
	conn.SetDeadline(time.Now().Add(p.ask.MaxWait + callTimeout))
	conn.Seek(from, kafka.SeekAbsolute|kafka.SeekDontCheck)
	batch := conn.ReadBatchWith(p.ask)
	if err := batch.Err(); err != nil {
		return err
	}
	whole := p.whole
	p.whole = false
	err := p.drain(batch, whole)
	if errors.Is(err, errMangled) {
		p.passEmpty(from) // and no batch.Close: it would wait for a lock that is held for ever
		return err
	}
	switch err = batch.Close(); {
	case err == nil: // read to its end
		p.advance(batch.Offset())
		if batch.HighWaterMark() > from {
			p.passEmpty(from)
		}
	case errors.Is(err, io.ErrShortBuffer):
		p.whole = true
	case !errors.Is(err, kafka.RequestTimedOut): // which says that there is nothing new
		return err
	}
	p.arrived(batch.HighWaterMark())
	return nil
}

// drain takes the records of a batch, until the error that ends it. kafka-go
// panics on three empty record batches in a row, which compaction leaves
// behind; that is caught, and a panic of the sink is not.
func (p *partition) drain(batch *kafka.Batch, whole bool) (err error) {
	defer func() {
		if p.inLibrary && recover() != nil {
			err = errMangled
		}
		p.inLibrary = false
	}()
	for {
		p.inLibrary = true
		value, err := p.value(batch, whole)
		p.inLibrary = false
		if err != nil {
			return err
		}
		p.take(batch.Offset()-1, value)
	}
}

func (p *partition) value(batch *kafka.Batch, whole bool) ([]byte, error) {
	if whole {
		m, err := batch.ReadMessage()
		return m.Value, err
	}
	n, err := batch.Read(p.buf)
	return p.buf[:n], err
}

// take counts a record, and gives it to the sink if it is a tick.
func (p *partition) take(offset int64, value []byte) {
	if offset < p.seen.Next {
		// A fetch from within a record batch brings it from its start.
		p.seen.Repeated++
		return
	}
	p.advance(offset)
	p.seen.Next++
	if err := feed.Decode(&p.tick, value); err != nil {
		p.refuse(offset, value, err)
		return
	}
	p.seen.Ticks++
	p.consumer.cfg.Sink.Apply(&p.tick, feed.Position{Partition: p.id, Generation: p.generation, Offset: offset})
}

// refuse counts a record that is not a tick.
func (p *partition) refuse(offset int64, value []byte, reason error) {
	switch {
	case len(value) == 0:
		p.seen.Empty++
	case len(value) == 6 && value[0] == 0: // a version, 0, and an epoch; JSON cannot begin so
		p.seen.Markers++
	default:
		p.seen.Undecodable++
		p.consumer.unreadable.warn("kafka: a record is not a tick; skipped",
			"topic", p.consumer.cfg.Topic, "partition", p.id, "offset", offset, "bytes", len(value), "error", reason)
	}
}

// advance goes on to an offset; what is passed over holds no records.
func (p *partition) advance(to int64) {
	if to > p.seen.Next {
		p.seen.Holes += to - p.seen.Next
		p.seen.Next = to
	}
}

// passEmpty steps over one offset if the fetch from it brought no record at or
// behind it. The answer begins with the record batch that the offset belongs
// to, so there is none at this one: compaction has emptied the batch, or its
// end. kafka-go does not tell where the batch ends, hence one at a time.
func (p *partition) passEmpty(from int64) {
	if p.seen.Next == from {
		p.advance(from + 1)
	}
}

func (p *partition) arrived(end int64) {
	p.seen.End = end
	p.seen.AtEnd = p.seen.Next >= end
	if p.seen.AtEnd {
		p.seen.CaughtUp = time.Now()
	}
}
