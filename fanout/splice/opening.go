package splice

import (
	"tickwire/fanout/splice/internal/huffman"
)

// opening is how a message with one of the heads begins.
type opening struct {
	bytes []byte // block header, head, and the key of the first value
	rest  chunk  // what of them fills no byte
	keys  [maxFields][]step
	most  int // and at most
}

// step is a piece of a key in the first update. There is no update before it to
// take the key from, so it is made of literals and of matches with earlier keys
// and the head: the `","` of one key with that of the next.
type step struct {
	chunk
	match bool
	from  uint8 // the field whose key the match begins in
	delta int   // the distance, less the offset of this key, plus that of from's
}

// page is a message up to the last key of its first update, with values of a
// usual length. Matches are sought on it; the distances of those that span a
// value are worked out anew in every frame.
type page struct {
	text []byte
	key  []int // by position: the field whose key it is in, or noKey
	at   []int // by field: where the offset of its key is
}

const (
	noKey      = -1
	usualValue = 8 // bytes
)

func (t *Table) newPage(head string) *page {
	p := &page{}
	ahead := int(t.ahead())
	p.write(head+t.keys[0][ahead:], 0)
	p.at = append(p.at, len(head)-ahead)
	for f, key := range t.keys[1:] {
		p.write(string(make([]byte, usualValue)), noKey)
		p.at = append(p.at, len(p.text))
		p.write(key, f+1)
	}
	return p
}

func (p *page) write(text string, key int) {
	p.text = append(p.text, text...)
	for range text {
		p.key = append(p.key, key)
	}
}

// open works out an opening. header is the block's.
func (t *Table) open(header huffman.Bits, head string) opening {
	var o opening
	p := t.newPage(head)
	bits := huffman.Bits{Bytes: append([]byte(nil), header.Bytes...), N: header.N}
	for _, s := range t.shortest(p, 0, len(head)+len(t.keys[0])-int(t.ahead())) {
		bits.Add(s.bits, uint8(s.size))
		if s.match {
			d := t.distance[s.delta]
			bits.Add(d.bits(), uint8(d.size()))
		}
	}
	whole := bits.N / 8
	o.bytes, o.most = bits.Bytes[:whole], bits.N
	if bits.N%8 != 0 {
		o.rest = chunk{uint64(bits.Bytes[whole]), uint(bits.N % 8)}
	}
	for f := 1; f < len(t.keys); f++ {
		o.keys[f] = t.shortest(p, p.at[f], p.at[f]+len(t.keys[f]))
		for _, s := range o.keys[f] {
			o.most += int(s.size) + maxCode
		}
	}
	return o
}

// shortest finds the steps that write the page from a to b, which are in one
// key, in the fewest bits.
func (t *Table) shortest(p *page, a, b int) []step {
	type way struct {
		step
		bits, next int
	}
	ways := make([]way, b+1) // by position: the best from there to b
	for i := b - 1; i >= a; i-- {
		c := t.literal[p.text[i]]
		best := way{step{chunk: chunk{c.bits(), c.size()}}, int(c.size()) + ways[i+1].bits, i + 1}
		for j := range i {
			for n := p.common(i, j, b); n >= huffman.MinMatch; n-- {
				s, ok := t.matchStep(p, i, j, n)
				if !ok {
					continue
				}
				if bits := int(s.size+t.distance[i-j].size()) + ways[i+n].bits; bits < best.bits {
					best = way{s, bits, i + n}
				}
			}
		}
		ways[i] = best
	}
	var steps []step
	for i := a; i < b; i = ways[i].next {
		steps = appendStep(steps, ways[i].step)
	}
	return steps
}

// appendStep puts literals that come one after the other into one step.
func appendStep(steps []step, s step) []step {
	if n := len(steps); n > 0 && !s.match && !steps[n-1].match && steps[n-1].size+s.size <= maxChunk {
		last := &steps[n-1]
		last.bits |= s.bits << last.size
		last.size += s.size
		return steps
	}
	return append(steps, s)
}

// common is how many bytes from i on, up to b, are as those from j on, which
// are all in one key.
func (p *page) common(i, j, b int) int {
	n := 0
	for i+n < b && p.text[i+n] == p.text[j+n] && p.key[j+n] == p.key[j] && p.key[j] != noKey {
		n++
	}
	return n
}

// matchStep is the match of n bytes at i with those at j, and whether it has
// codes for every distance that can come of it.
func (t *Table) matchStep(p *page, i, j, n int) (step, bool) {
	to, from := p.key[i], p.key[j]
	length := t.length[n]
	s := step{chunk: chunk{length.bits(), length.size()}, match: true, from: uint8(from)}
	s.delta = i - p.at[to] - (j - p.at[from])
	least, most := 0, 0 // between the two keys
	if from != to {
		for _, key := range t.keys[from:to] {
			least += len(key)
		}
		most = maxSpan
	}
	if length == 0 || i-j > maxDistance || s.delta+most > maxDistance {
		return s, false
	}
	for d := s.delta + least; d <= s.delta+most; d++ {
		if d < 1 || t.distance[d] == 0 {
			return s, false
		}
	}
	return s, true
}
