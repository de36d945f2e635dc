package fanout

import (
	"tickwire/fanout/splice"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// segment is a symbol's update as a shard last encoded it: what any frame takes
// until the symbol is dirty again.
type segment struct {
	text    []byte
	at      feed.Position
	ordinal uint64 // 0: the symbol has had no tick yet
	stale   bool   // not read since somebody has been interested; whoever asks reads it
	form    form
	spliced splice.Segment // if form is compressed
}

// form is what is known of a segment's compressed form, which is made when the
// first frame asks for it.
type form uint8

const (
	unknown form = iota
	compressed
	incompressible // the code has no way to say it
)

// Heads of the table.
const (
	snapshotHead = iota
	tickerHead
)

var table = mustTable()

func mustTable() *splice.Table {
	t, err := splice.Ticker(wire.DataFoot, []string{snapshotHead: wire.SnapshotHead, tickerHead: wire.TickerHead}...)
	if err != nil {
		panic("fanout: " + err.Error()) // the heads of this program
	}
	return t
}

// splice is the segment's compressed form, or nil.
func (seg *segment) splice() *splice.Segment {
	if seg.form == unknown {
		seg.form = incompressible
		if table.Encode(&seg.spliced, seg.text) {
			seg.form = compressed
		}
	}
	if seg.form == incompressible {
		return nil
	}
	return &seg.spliced
}

// assembly is a data message in the making. A shard has one and uses it again
// for every frame.
type assembly struct {
	segments []*segment
	spliced  []*splice.Segment
	texts    [][]byte
	size     int // of the message, raw
	buf      []byte
}

func (a *assembly) begin() {
	a.segments, a.size = a.segments[:0], 0
}

func (a *assembly) add(seg *segment) {
	a.segments = append(a.segments, seg)
	a.size += len(seg.text) + len(",")
}

// leastSpliced is the number of updates from which on a compressed message is
// shorter than a raw one: its code table alone takes 40 bytes.
const leastSpliced = 2

// frame is the whole frame, good until the next one is made. deflate tells
// whether the client takes compressed messages.
func (a *assembly) frame(head int, deflate bool) []byte {
	if deflate && len(a.segments) >= leastSpliced && a.splice() {
		a.buf = table.AppendFrame(a.header(), head, a.spliced)
		if len(a.buf) < headerRoom+a.size {
			return seal(a.buf, deflatedText)
		}
	}
	a.texts = a.texts[:0]
	for _, seg := range a.segments {
		a.texts = append(a.texts, seg.text)
	}
	a.buf = table.AppendRaw(a.header(), head, a.texts)
	return seal(a.buf, plainText)
}

// message is the frame of a message that is not data.
func (a *assembly) message(text []byte) []byte {
	a.buf = append(a.header(), text...)
	return seal(a.buf, plainText)
}

func (a *assembly) header() []byte {
	if cap(a.buf) < headerRoom {
		a.buf = make([]byte, 0, 4<<10)
	}
	return a.buf[:headerRoom]
}

// splice gathers the compressed forms, or reports false when one has none.
func (a *assembly) splice() bool {
	a.spliced = a.spliced[:0]
	for _, seg := range a.segments {
		s := seg.splice()
		if s == nil {
			return false
		}
		a.spliced = append(a.spliced, s)
	}
	return true
}
