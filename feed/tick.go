package feed

import "errors"

// Side is the side of the aggressor, the one whose order took liquidity.
type Side byte

// The sides a trade can have. NoSide is the zero value: the venue did not say.
const (
	NoSide Side = 0
	Buy    Side = 'b'
	Sell   Side = 's'
)

// Tick is one market event of one symbol: a trade (Price), a quote (Bid, Ask)
// or both. An empty Number means that the event said nothing about that value;
// it does not mean that the value is gone.
//
// The byte slices of a decoded Tick point into the buffer it was decoded from:
// they are good until that buffer is used again. Who keeps a Tick copies it.
type Tick struct {
	Symbol   []byte
	Time     int64 // event time by the venue, microseconds since 1970
	Price    Number
	Size     Number
	Side     Side
	Bid      Number
	BidSize  Number
	Ask      Number
	AskSize  Number
	Received int64 // when this node read it, microseconds since 1970; 0: not known
}

// Bounds of what a tick may hold. They bound what the Book keeps per symbol.
const (
	MaxSymbol = 32   // bytes in a symbol
	MaxNumber = 39   // characters in a Number: 38 digits, as in a 128-bit integer, and a point
	MaxRecord = 4096 // bytes in an encoded tick, unknown members included
)

// MaxTime is the latest event time a tick may have, in the year 2255: the
// largest integer that every JSON reader, a browser's included, holds exactly.
const MaxTime = 1<<53 - 1

// What can be wrong with a tick whose encoding is sound.
var (
	ErrSymbol   = errors.New("symbol is missing, too long or not printable ASCII without \" \\ * and comma")
	ErrTime     = errors.New("event time is missing or not in 1 to 2^53-1 microseconds")
	ErrNumber   = errors.New("value is not a plain decimal of at most 39 characters")
	ErrNegative = errors.New("size is negative")
	ErrSide     = errors.New("side is neither b nor s")
	ErrEmpty    = errors.New("neither a price nor a bid nor an ask")
	ErrOrphan   = errors.New("size or side without the price it belongs to")
)

// Validate reports the first reason why t is not a tick, or nil. Decode has
// done it; who builds a Tick by hand calls it before AppendTick.
func (t *Tick) Validate() error {
	if !ValidSymbol(t.Symbol) {
		return ErrSymbol
	}
	if t.Time <= 0 || t.Time > MaxTime {
		return ErrTime
	}
	for _, n := range [...]Number{t.Price, t.Bid, t.Ask, t.Size, t.BidSize, t.AskSize} {
		if len(n) != 0 && !n.Valid() {
			return ErrNumber
		}
	}
	return t.validateShape()
}

// validateShape checks what holds between the fields, each being sound.
func (t *Tick) validateShape() error {
	switch {
	case len(t.Price) == 0 && len(t.Bid) == 0 && len(t.Ask) == 0:
		return ErrEmpty
	case len(t.Price) == 0 && (len(t.Size) != 0 || t.Side != NoSide),
		len(t.Bid) == 0 && len(t.BidSize) != 0,
		len(t.Ask) == 0 && len(t.AskSize) != 0:
		return ErrOrphan
	case t.Size.negative() || t.BidSize.negative() || t.AskSize.negative():
		return ErrNegative
	case t.Side != NoSide && t.Side != Buy && t.Side != Sell:
		return ErrSide
	}
	return nil
}

// ValidSymbol reports whether s can name a symbol: 1 to MaxSymbol bytes of
// printable ASCII without the quote and the backslash (they need escaping in
// JSON), the star (it makes a pattern) and the comma (it separates symbols in
// a URL).
func ValidSymbol(s []byte) bool {
	if len(s) == 0 || len(s) > MaxSymbol {
		return false
	}
	for _, c := range s {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '*' || c == ',' {
			return false
		}
	}
	return true
}
