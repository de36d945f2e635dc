package kafka

import (
	"errors"
	"io"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// reader reads the records of one partition in order and each once, whatever
// the log holds and kafka-go makes of it. What it wants next lives here and not
// in the connection, so nothing is lost or read twice when connections come
// and go.
type reader struct {
	seen Progress

	// give hands on each record that is wanted. It reports false for one that
	// must wait, or that nobody wants: that one stays the next, and the fetch
	// ends.
	give func(offset int64, value []byte) bool

	ask   kafka.ReadBatchConfig
	whole bool // the next fetch must be able to read a record of any size
	buf   []byte
	tick  feed.Tick
	now   int64 // the time in microseconds since 1970, as of at most clockEvery records ago

	inLibrary bool // reading a value, for drain
}

const (
	// valueRoom is the buffer of one record. A longer one is no tick, and is
	// read past on a slower way.
	valueRoom = 4 * feed.MaxRecord

	// clockEvery is how many records share a reading of the clock. The first
	// of a fetch has always its own.
	clockEvery = 64
)

func newReader(partition int32, maxBytes int, maxWait time.Duration) reader {
	return reader{
		seen: Progress{Partition: partition},
		ask:  kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: maxBytes, MaxWait: maxWait},
		buf:  make([]byte, valueRoom),
	}
}

// fetch asks the broker once and hands on what arrives; it reports whether give
// stopped it. After an error the connection must not be used
// again: kafka-go leaves the rest of an answer with an error code unread.
func (r *reader) fetch(conn *kafka.Conn) (stopped bool, err error) {
	from := r.seen.Next
	conn.SetDeadline(time.Now().Add(r.ask.MaxWait + callTimeout))
	conn.Seek(from, kafka.SeekAbsolute|kafka.SeekDontCheck)
	batch := conn.ReadBatchWith(r.ask)
	if err := batch.Err(); err != nil {
		return false, err
	}
	r.seen.End = batch.HighWaterMark()
	whole := r.whole
	r.whole = false
	ended := r.drain(batch, whole)
	if errors.Is(ended, errMangled) {
		r.passEmpty(from) // and no batch.Close: it would wait for a lock that is held for ever
		return false, errMangled
	}
	err = batch.Close()
	switch {
	case errors.Is(ended, errStopped): // the rest of the answer is thrown away
		return true, err
	case err == nil: // read to its end
		r.advance(batch.Offset())
		if r.seen.End > from {
			r.passEmpty(from)
		}
	case errors.Is(err, io.ErrShortBuffer):
		r.whole = true
	case !errors.Is(err, kafka.RequestTimedOut): // which says that there is nothing new
		return false, err
	}
	return false, nil
}

// drain takes the records of a batch, until the error that ends it. kafka-go
// panics on three empty record batches in a row, which compaction leaves
// behind; that is caught, and a panic of give is not.
func (r *reader) drain(batch *kafka.Batch, whole bool) (err error) {
	defer func() {
		if r.inLibrary && recover() != nil {
			err = errMangled
		}
		r.inLibrary = false
	}()
	for n := 0; ; n++ {
		r.inLibrary = true
		value, err := r.value(batch, whole)
		r.inLibrary = false
		if err != nil {
			return err
		}
		if n%clockEvery == 0 {
			r.now = time.Now().UnixMicro()
		}
		offset := batch.Offset() - 1
		if offset < r.seen.Next {
			// A fetch from within a record batch brings it from its start.
			r.seen.Repeated++
			continue
		}
		r.advance(offset)
		if !r.give(offset, value) {
			return errStopped
		}
		r.seen.Next++
	}
}

func (r *reader) value(batch *kafka.Batch, whole bool) ([]byte, error) {
	if whole {
		m, err := batch.ReadMessage()
		return m.Value, err
	}
	n, err := batch.Read(r.buf)
	return r.buf[:n], err
}

// refuse counts a record that is not a tick, and reports whether it should
// have been one.
func (r *reader) refuse(value []byte) bool {
	switch {
	case len(value) == 0:
		r.seen.Empty++
	case len(value) == 6 && value[0] == 0: // a version, 0, and an epoch; JSON cannot begin so
		r.seen.Markers++
	default:
		r.seen.Undecodable++
		return true
	}
	return false
}

// advance goes on to an offset; what is passed over holds no records.
func (r *reader) advance(to int64) {
	if to > r.seen.Next {
		r.seen.Holes += to - r.seen.Next
		r.seen.Next = to
	}
}

// passEmpty steps over one offset if the fetch from it brought no record at or
// behind it. The answer begins with the record batch that the offset belongs
// to, so there is none at this one: compaction has emptied the batch, or its
// end. kafka-go does not tell where the batch ends, hence one at a time.
func (r *reader) passEmpty(from int64) {
	if r.seen.Next == from {
		r.advance(from + 1)
	}
}
