package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// What can be wrong with a record's encoding. Decode also returns the errors
// of Tick.Validate.
var (
	ErrSyntax    = errors.New("record is not one JSON object")
	ErrDuplicate = errors.New("member occurs twice")
	ErrEscape    = errors.New("escape in a name or in a tick's own value")
	ErrTooLong   = errors.New("record is longer than 4096 bytes")
)

// The members of a tick, in the order in which AppendTick writes them. Every
// one is a JSON string but the time, which is an integer.
const (
	memberSymbol = iota
	memberTime
	memberPrice
	memberSize
	memberSide
	memberBid
	memberBidSize
	memberAsk
	memberAskSize
	memberUnknown
)

// AppendTick appends the record of t: one JSON object without white space. t
// must be valid; see Tick.Validate.
//
//	{"s":"BTC-USD","t":1732242000123456,"p":"67123.45","z":"0.0123","d":"b","b":"67123.44","bz":"1.2","a":"67123.46","az":"0.8"}
func AppendTick(dst []byte, t *Tick) []byte {
	dst = append(dst, `{"s":"`...)
	dst = append(dst, t.Symbol...)
	dst = append(dst, `","t":`...)
	dst = strconv.AppendInt(dst, t.Time, 10)
	dst = appendMember(dst, `,"p":"`, t.Price)
	dst = appendMember(dst, `,"z":"`, t.Size)
	if t.Side != NoSide {
		dst = append(dst, `,"d":"`...)
		dst = append(dst, byte(t.Side), '"')
	}
	dst = appendMember(dst, `,"b":"`, t.Bid)
	dst = appendMember(dst, `,"bz":"`, t.BidSize)
	dst = appendMember(dst, `,"a":"`, t.Ask)
	dst = appendMember(dst, `,"az":"`, t.AskSize)
	return append(dst, '}')
}

func appendMember(dst []byte, name string, n Number) []byte {
	if len(n) == 0 {
		return dst
	}
	dst = append(dst, name...)
	dst = append(dst, n...)
	return append(dst, '"')
}

// Decode reads one record into t, whose slices then point into record. Members
// may come in any order and with white space; unknown ones are passed over. A
// tick's own values must be written without escapes: every legal one is plain
// ASCII. It does not allocate unless there are unknown members.
func Decode(t *Tick, record []byte) error {
	if decodeOwn(t, record) {
		return t.validateShape()
	}
	*t = Tick{}
	if len(record) > MaxRecord {
		return ErrTooLong
	}
	c := cursor{b: record}
	if !c.take('{') {
		return ErrSyntax
	}
	if err := c.members(t); err != nil {
		return err
	}
	c.space()
	if c.i != len(c.b) {
		return ErrSyntax
	}
	return t.validateShape()
}

// cursor reads JSON from b at i. Its methods leave i behind what they read.
type cursor struct {
	b []byte
	i int
}

// members reads everything from behind the opening brace to behind the closing one.
func (c *cursor) members(t *Tick) error {
	var seen uint16
	for {
		m, err := c.name()
		if err != nil {
			return err
		}
		if m != memberUnknown && seen&(1<<m) != 0 {
			return ErrDuplicate
		}
		seen |= 1 << m
		if err := c.value(t, m); err != nil {
			return err
		}
		if c.take(',') {
			continue
		}
		switch {
		case !c.take('}'):
			return ErrSyntax
		case seen&(1<<memberSymbol) == 0:
			return ErrSymbol
		case seen&(1<<memberTime) == 0:
			return ErrTime
		}
		return nil
	}
}

// name reads a member's name and the colon.
func (c *cursor) name() (member int, err error) {
	raw, err := c.text()
	if err != nil {
		return 0, err
	}
	if !c.take(':') {
		return 0, ErrSyntax
	}
	return memberOf(raw), nil
}

func memberOf(name []byte) int {
	switch string(name) {
	case "s":
		return memberSymbol
	case "t":
		return memberTime
	case "p":
		return memberPrice
	case "z":
		return memberSize
	case "d":
		return memberSide
	case "b":
		return memberBid
	case "bz":
		return memberBidSize
	case "a":
		return memberAsk
	case "az":
		return memberAskSize
	}
	return memberUnknown
}

func (c *cursor) value(t *Tick, member int) (err error) {
	switch member {
	case memberSymbol:
		if t.Symbol, err = c.text(); err == nil && !ValidSymbol(t.Symbol) {
			err = ErrSymbol
		}
	case memberTime:
		t.Time, err = c.time()
	case memberPrice:
		t.Price, err = c.number()
	case memberSize:
		t.Size, err = c.number()
	case memberSide:
		t.Side, err = c.side()
	case memberBid:
		t.Bid, err = c.number()
	case memberBidSize:
		t.BidSize, err = c.number()
	case memberAsk:
		t.Ask, err = c.number()
	case memberAskSize:
		t.AskSize, err = c.number()
	default:
		err = c.skip()
	}
	return err
}

// text reads a string without escapes and returns what is between the quotes.
func (c *cursor) text() ([]byte, error) {
	if !c.take('"') {
		return nil, ErrSyntax
	}
	start := c.i
	for ; c.i < len(c.b); c.i++ {
		switch ch := c.b[c.i]; {
		case ch == '"':
			c.i++
			return c.b[start : c.i-1], nil
		case ch == '\\':
			return nil, ErrEscape
		case ch < ' ':
			return nil, ErrSyntax
		}
	}
	return nil, ErrSyntax
}

// number reads a Number in its quotes, checking its form on the way.
func (c *cursor) number() (Number, error) {
	if !c.take('"') {
		return nil, ErrNumber
	}
	rest := c.b[c.i:]
	i := 0
	if i < len(rest) && rest[i] == '-' {
		i++
	}
	first := i
	for i < len(rest) && rest[i]-'0' <= 9 {
		i++
	}
	if i == first || i > first+1 && rest[first] == '0' {
		return nil, ErrNumber
	}
	if i < len(rest) && rest[i] == '.' {
		i++
		point := i
		for i < len(rest) && rest[i]-'0' <= 9 {
			i++
		}
		if i == point {
			return nil, ErrNumber
		}
	}
	if i >= len(rest) || rest[i] != '"' || i > MaxNumber {
		return nil, ErrNumber
	}
	c.i += i + 1
	return Number(rest[:i]), nil
}

// time reads an integer of microseconds.
func (c *cursor) time() (int64, error) {
	c.space()
	start, v := c.i, int64(0)
	for c.i < len(c.b) && c.b[c.i]-'0' <= 9 && v <= MaxTime {
		v = v*10 + int64(c.b[c.i]-'0')
		c.i++
	}
	if v == 0 || v > MaxTime || c.b[start] == '0' {
		return 0, ErrTime
	}
	return v, nil
}

func (c *cursor) side() (Side, error) {
	raw, err := c.text()
	if err != nil {
		return NoSide, err
	}
	if len(raw) != 1 || raw[0] != byte(Buy) && raw[0] != byte(Sell) {
		return NoSide, ErrSide
	}
	return Side(raw[0]), nil
}

// skip passes over the value of a member that is not ours. This is the rare
// path, so the standard library judges it.
func (c *cursor) skip() error {
	d := json.NewDecoder(bytes.NewReader(c.b[c.i:]))
	var ignored json.RawMessage
	if err := d.Decode(&ignored); err != nil {
		return ErrSyntax
	}
	c.i += int(d.InputOffset())
	return nil
}

// take reads the byte want, white space before it allowed.
func (c *cursor) take(want byte) bool {
	c.space()
	if c.i < len(c.b) && c.b[c.i] == want {
		c.i++
		return true
	}
	return false
}

func (c *cursor) space() {
	for c.i < len(c.b) {
		switch c.b[c.i] {
		case ' ', '\t', '\r', '\n':
			c.i++
		default:
			return
		}
	}
}
