package verify

import "fmt"

// claim is what one client was told of one tick.
type claim struct {
	*element
	node        int32
	snapshot    bool
	miscounted  bool   // its ordinal is wrong, which was told already
	deal, quote uint32 // fingerprints
	volume      amount
	countable   bool // the volume fits
}

// verdict is what the past says to a claim.
type verdict struct {
	kind      string // of the violation; "": there is none
	what      string
	back      bool // it is older than what the client has: nothing is learned from it
	matched   bool // the past has the tick, at index
	index     int32
	unchecked bool  // not all of it could be checked
	seq       int64 // the true one
	sent      int64 // when the tick was handed over, 0 if that is not known
	oldest    int64 // for when the first tick was planned that the client had not heard of, 0 if it is this one
	skipped   int64 // of trades: how many lie between this one and the one before
}

// ending is what a view lacks when everything was published.
type ending struct {
	missing int64  // ticks, or trades
	seq     int64  // of the last one, 0 if nobody was told it
	wrong   string // the last value is not the true one: why
}

// breaks notes a violation, unless there is one already: one lie is told once.
func (d *verdict) breaks(kind, format string, args ...any) {
	if d.kind == "" {
		d.kind, d.what = kind, fmt.Sprintf(format, args...)
	}
}

// counts holds the ordinal and the volume to the life of the node. sum is the
// volume up to index, fits whether it is known.
func (ls *lives) counts(c *claim, v *view, d *verdict, sum amount, fits bool) {
	if c.miscounted {
		return
	}
	count := c.count - int64(d.index)
	if v.goesOn() && count != v.count-int64(v.index) {
		d.breaks(GapUnsaid, "the ordinal says %d ticks, there were %d", c.count-v.count, int64(d.index)-int64(v.index))
	}
	l := ls.of(c.node, count)
	if l == nil {
		if ls.full(c.node) {
			d.breaks(GapUnsaid, "ordinal %d: this node has counted the same ticks in %d other ways", c.count, maxLives)
			return
		}
		base, ok := c.volume.less(sum)
		*ls = append(*ls, life{node: c.node, count: count, volume: base, silent: !ok || !fits || !c.countable})
		return
	}
	want, ok := l.volume.plus(sum)
	if l.silent || !fits || !c.countable || !ok {
		d.unchecked = true
		return
	}
	if !c.volume.equals(want) {
		d.breaks(Value, "v is %s, the sizes that were published make %s", c.element.volume, want.decimal())
	}
}
