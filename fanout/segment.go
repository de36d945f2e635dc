package fanout

import (
	"tickwire/fanout/splice"
	"tickwire/feed"
)

// segment is a symbol's update as a view last encoded it: what any frame takes
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

// splice is the segment's compressed form, or nil.
func (seg *segment) splice(table *splice.Table) *splice.Segment {
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
