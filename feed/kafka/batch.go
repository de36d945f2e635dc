package kafka

import (
	"bytes"
	"io"

	"github.com/segmentio/kafka-go"

	"tickwire/feed"
)

// batch is the records of one produce request, keys and values in one piece of
// memory that is used again and again.
type batch struct {
	text  []byte
	marks []mark
}

// mark tells where a record ends. It begins where the one before it ends.
type mark struct{ key, value int }

func (b *batch) len() int { return len(b.marks) }

func (b *batch) reset() { b.text, b.marks = b.text[:0], b.marks[:0] }

func (b *batch) add(t *feed.Tick) {
	b.text = append(b.text, t.Symbol...)
	key := len(b.text)
	b.text = feed.AppendTick(b.text, t)
	b.marks = append(b.marks, mark{key: key, value: len(b.text)})
}

// records reads the records from i to before j.
func (b *batch) records(i, j int) kafka.RecordReader {
	r := &recordReader{batch: b, i: i, j: j}
	r.record.Key, r.record.Value = &r.key, &r.value
	return r
}

type recordReader struct {
	batch      *batch
	i, j       int
	record     kafka.Record
	key, value slice
}

func (r *recordReader) ReadRecord() (*kafka.Record, error) {
	if r.i == r.j {
		return nil, io.EOF
	}
	begin := 0
	if r.i > 0 {
		begin = r.batch.marks[r.i-1].value
	}
	m := r.batch.marks[r.i]
	r.key.Reset(r.batch.text[begin:m.key])
	r.value.Reset(r.batch.text[m.key:m.value])
	r.i++
	return &r.record, nil
}

// slice is bytes as kafka-go wants them.
type slice struct{ bytes.Reader }

func (*slice) Close() error { return nil }
