package fanout

import (
	"time"

	"tickwire/fanout/splice"
	"tickwire/fanout/wire"
)

// assembly is a data message in the making. A shard has one and uses it again
// for every frame.
type assembly struct {
	segments []*segment
	spliced  []*splice.Segment
	most     int // bytes of text that it shall have
	size     int // of the message, raw
	buf      []byte
	mark     []byte // where a client of events can resume; empty: where it could before
}

func (a *assembly) begin(most int) {
	a.segments, a.size, a.most = a.segments[:0], 0, most
}

func (a *assembly) add(seg *segment) {
	a.segments = append(a.segments, seg)
	a.size += len(seg.text) + len(",")
}

// full reports whether there is no room for seg.
func (a *assembly) full(seg *segment) bool {
	return len(a.segments) > 0 && a.size+len(seg.text) > a.most
}

// Heads of the tables of spliced messages.
const (
	updateHead = iota
	snapshotHead
)

// tables splice the channels that have one: those without stamps, which differ in
// every message, and not stats, which come once a second at most.
var tables = [channels]*splice.Table{
	ticker: mustTable(splice.Ticker, heads[ticker]),
	trades: mustTable(splice.Trades, heads[trades]),
	bars1s: mustTable(splice.Bars, heads[bars1s]), bars1m: mustTable(splice.Bars, heads[bars1m]),
	bars5m: mustTable(splice.Bars, heads[bars5m]), bars1h: mustTable(splice.Bars, heads[bars1h]),
}

// table is the one that says how watchlists are ordered.
var table = tables[ticker]

func mustTable(of func(foot string, heads ...string) (*splice.Table, error), heads [2]string) *splice.Table {
	t, err := of(wire.DataFoot, heads[:]...)
	if err != nil {
		panic("fanout: " + err.Error()) // the heads of this program
	}
	return t
}

// heads are those of all channels, without stamps.
var heads = func() (all [channels][2]string) {
	for c := range channels {
		all[c] = [2]string{updateHead: wire.Head(c.String(), false, 0), snapshotHead: wire.Head(c.String(), true, 0)}
	}
	return all
}()

// leastSpliced is the number of updates from which on a compressed message is
// shorter than a raw one: its code table alone takes 40 bytes.
const leastSpliced = 2

// frame is the whole frame, good until the next one is made.
func (a *assembly) frame(c channel, snapshot bool, encoding Encoding, now time.Time) []byte {
	kind := updateHead
	if snapshot {
		kind = snapshotHead
	}
	if table := tables[c]; encoding == Deflate && table != nil && len(a.segments) >= leastSpliced && a.splice(table) {
		a.buf = table.AppendFrame(a.header(), kind, a.spliced)
		if len(a.buf) < headerRoom+a.size {
			return seal(a.buf, deflatedText)
		}
	}
	head := heads[c][kind]
	if c.stamped() {
		head = wire.Head(c.String(), snapshot, now.UnixMicro())
	}
	a.open(encoding)
	a.buf = append(a.buf, head...)
	for i, seg := range a.segments {
		if i > 0 {
			a.buf = append(a.buf, ',')
		}
		a.buf = append(a.buf, seg.text...)
	}
	a.buf = append(a.buf, wire.DataFoot...)
	return a.close(encoding)
}

// message is the frame of a message that is not data; mark is the id of its event,
// empty for none.
func (a *assembly) message(encoding Encoding, text []byte, mark string) []byte {
	a.mark = append(a.mark[:0], mark...)
	a.open(encoding)
	a.buf = append(a.buf, text...)
	return a.close(encoding)
}

// messages are several of them, for one write.
func (a *assembly) messages(encoding Encoding, texts [][]byte) []byte {
	a.buf = a.buf[:0]
	for _, text := range texts {
		if encoding == Events {
			a.buf = append(append(appendEventHead(a.buf, nil), text...), eventFoot...)
		} else {
			a.buf = appendFrame(a.buf, text)
		}
	}
	return a.buf
}

// open and close put around a text what its encoding needs.
func (a *assembly) open(encoding Encoding) {
	a.buf = a.header()
	if encoding == Events {
		a.buf = appendEventHead(a.buf[:0], a.mark)
	}
}

func (a *assembly) close(encoding Encoding) []byte {
	if encoding == Events {
		a.buf = append(a.buf, eventFoot...)
		return a.buf
	}
	return seal(a.buf, plainText)
}

func (a *assembly) header() []byte {
	if cap(a.buf) < headerRoom {
		a.buf = make([]byte, 0, 4<<10)
	}
	return a.buf[:headerRoom]
}

// splice gathers the compressed forms, or reports false when one has none.
func (a *assembly) splice(table *splice.Table) bool {
	a.spliced = a.spliced[:0]
	for _, seg := range a.segments {
		s := seg.splice(table)
		if s == nil {
			return false
		}
		a.spliced = append(a.spliced, s)
	}
	return true
}
