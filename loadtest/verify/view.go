package verify

// view is what a Watch knows of one symbol. A swarm has hundreds of thousands,
// so it is 24 bytes.
type view struct {
	seq   int64
	count int64  // the ordinal: how many ticks the node has had
	index int32  // the place of its last tick in the past, if it is matched
	tag   uint32 // symbol and state
}

// state is how a view came to be what it is.
type state uint32

const (
	told    state = 1 << iota // there is a last value
	here                      // this connection has told it
	resumed                   // an earlier one has, and this one goes on from there
	matched                   // the past has its last tick, at index; of trades also where they begin
	holed                     // of trades: a gap was told since the last one

	stateBits = 8
)

func newView(id int32) view { return view{tag: uint32(id) << stateBits} }

func (v *view) id() int32         { return int32(v.tag >> stateBits) }
func (v *view) is(s state) bool   { return v.tag&uint32(s) != 0 }
func (v *view) set(s state)       { v.tag |= uint32(s) }
func (v *view) clear(s state)     { v.tag &^= uint32(s) }
func (v *view) match(index int32) { v.index = index; v.set(matched) }
func (v *view) goesOn() bool      { return v.is(here) && v.is(matched) }
