package splice

import (
	"errors"
	"fmt"

	"tickwire/fanout/splice/internal/huffman"
)

// Lengths are the code lengths of a block: how many bits each literal or length
// symbol takes, and each distance symbol (RFC 1951, section 3.2.5). 0 means that
// the symbol does not occur.
type Lengths struct {
	Literal  [286]uint8
	Distance [30]uint8
}

// HeaderSize is how many bits a frame takes to tell the lengths.
func (l *Lengths) HeaderSize() int { return huffman.HeaderSize(l.Literal[:], l.Distance[:]) }

// Table has all that the frames of one Layout have in common, ready to be
// copied. It is immutable: any number of goroutines may use it.
type Table struct {
	layout Layout
	keys   []string // the text before each value
	end    string   // the text after the last one

	literal  [256]code             // by byte
	length   [1 + maxLength]code   // by length of the match
	distance [1 + maxDistance]code // by distance
	finish   code                  // end of block

	keyLen [maxFields]uint8
	lead   [maxFields]uint8 // 1 + the field's index among the leads; 0: it has none
	mark   [maxFields]uint8 // where in more its marks are; maxMore: it has none
	marked uint8            // the least of mark

	openings []opening // by head
	second   chunks    // between the first update and the match that begins the second
	foot     chunks    // after the last value

}

const (
	maxLength   = huffman.MaxMatch
	maxDistance = Window
)

// NewTable works out what is constant in the frames. It fails when the lengths
// are no complete code, or lack a symbol that some frame could need.
func NewTable(layout Layout, lengths *Lengths) (*Table, error) {
	if err := layout.validate(); err != nil {
		return nil, err
	}
	if !huffman.Complete(lengths.Literal[:]) || !huffman.Complete(lengths.Distance[:]) {
		return nil, errors.New("code lengths: not a complete prefix code")
	}
	t := &Table{layout: layout, keys: layout.keys(), end: layout.end()}
	t.setKeys()
	t.setCodes(lengths)
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("code lengths: %w", err)
	}
	header := huffman.Header(lengths.Literal[:], lengths.Distance[:])
	for _, head := range layout.Heads {
		t.openings = append(t.openings, t.open(header, head))
	}
	t.literals(&t.second, t.keys[0][:t.ahead()])
	t.setFoot()
	return t, nil
}

func (t *Table) setKeys() {
	leads, mark := uint8(0), uint8(maxMore)
	for i, f := range t.layout.Fields {
		t.keyLen[i] = uint8(len(t.keys[i]))
		if f.Tail > 0 {
			leads++
			t.lead[i] = leads
		}
		t.mark[i] = maxMore
		if t.layout.Runs && len(f.Like) == 0 {
			mark--
			t.mark[i] = mark
		}
	}
	t.marked = mark
}

// setCodes puts each code together with the number that follows it.
func (t *Table) setCodes(lengths *Lengths) {
	literals, distances := huffman.Codes(lengths.Literal[:]), huffman.Codes(lengths.Distance[:])
	for b := range t.literal {
		t.literal[b] = makeCode(literals[b], 0, 0)
	}
	t.finish = makeCode(literals[huffman.EndOfBlock], 0, 0)
	for n := huffman.MinMatch; n <= maxLength; n++ {
		symbol, extra, extraBits := huffman.LengthSymbol(n)
		t.length[n] = makeCode(literals[symbol], extra, extraBits)
	}
	for d := 1; d <= maxDistance; d++ {
		symbol, extra, extraBits := huffman.DistanceSymbol(d)
		t.distance[d] = makeCode(distances[symbol], extra, extraBits)
	}
}

// check makes sure that no frame lacks a code: a match without one would put
// nothing into the stream, and the reader would be none the wiser.
func (t *Table) check() error {
	for _, text := range append(append([]string{t.end, t.layout.Foot}, t.keys...), t.layout.Heads...) {
		for i := range len(text) {
			if t.literal[text[i]] == 0 {
				return fmt.Errorf("no code for %q, which stands in every message", text[i])
			}
		}
	}
	if t.finish == 0 {
		return errors.New("no code for the end of the block")
	}
	if n := t.secondKey(); t.length[n] == 0 {
		return fmt.Errorf("no code for a match of %d, the key of the second update", n)
	}
	for f, key := range t.keys {
		for n := len(key); n <= len(key)+t.layout.reach(f); n++ {
			if n > maxLength || t.length[n] == 0 {
				return fmt.Errorf("no code for a match of %d, which field %q can have", n, t.layout.Fields[f].Name)
			}
		}
	}
	for d := t.minSpan(); d <= maxDistance; d++ {
		if t.distance[d] == 0 {
			return fmt.Errorf("no code for distance %d, which two updates can have", d)
		}
	}
	return nil
}

// ahead is how many bytes of the first key stand before the brace that opens an
// update. The first update of a message does not have them.
func (t *Table) ahead() uint8 { return uint8(len(t.end) + len(",")) }

// secondKey is how long a match the second update begins with. The bytes ahead
// of the brace are not there yet: the first update comes after a head.
func (t *Table) secondKey() uint8 { return t.keyLen[0] - t.ahead() }

// minSpan is the span of an update whose values are all empty.
func (t *Table) minSpan() int {
	n := 0
	for _, key := range t.keys {
		n += len(key)
	}
	return n
}

// setFoot: the end of the message and of its block, and the header of an empty
// stored block (RFC 1951, section 3.2.4). The rest of that one, 00 00 ff ff, is
// what RFC 7692, section 7.2.1, has the sender take away.
func (t *Table) setFoot() {
	t.literals(&t.foot, t.end+t.layout.Foot)
	t.foot.add(t.finish)
	t.foot.add(makeCode(huffman.Code{Bits: 0b000, N: 3}, 0, 0))
}

func (t *Table) literals(c *chunks, text string) {
	for i := range len(text) {
		c.add(t.literal[text[i]])
	}
}
