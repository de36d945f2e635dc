package splice

import "bytes"

// Segment is one update, compressed but for what depends on its neighbours: the
// distances of its keys, and whether the suffix of its first value, and the
// leads and last zeros of others, join those matches. It points to nothing and
// may be in any number of frames of its Table at a time; meanwhile it must not
// be encoded anew. The zero Segment is not an update.
type Segment struct {
	value  [maxFields]uint64 // bits; a lead or the suffix apart
	lead   [maxLeads]uint64
	suffix [maxSuffixChunks]uint64
	more   [maxMore]uint64 // what of the values is over maxChunk, in their order; from the end, the marks

	size       [maxFields]uint8 // of value, in bits
	extra      [maxFields]uint8 // how many of more belong to the value
	offset     [maxFields]uint8 // of the key from the start of the first key, in bytes
	back       [maxFields]uint8 // from there to the end of the last value
	zeros      [maxFields]uint8 // at the end of value, which the next key's match may take
	ends       [maxFields]uint8 // at the end of the text
	moreSize   [maxMore]uint8
	leadSize   [maxLeads]uint8
	leadLen    [maxLeads]uint8 // bytes
	suffixSize [maxSuffixChunks]uint8
	suffixLen  uint8 // bytes

	marked bool   // whether there was room for the marks
	bits   uint16 // of all values
}

const (
	maxSuffixChunks = 2
	maxMore         = 10
)

// Encode makes s the update, the text of one object as it is to stand in the
// message. It reports false when the update is not of the Layout's shape, longer
// than 254 bytes or of bytes that have no code; s is then not to be used, and
// messages with that update go out raw.
func (t *Table) Encode(s *Segment, update []byte) bool {
	*s = Segment{}
	if len(update)+len(",") > maxSpan {
		return false
	}
	e := encoder{t: t, s: s, text: update}
	for f := range t.layout.Fields {
		if !e.next(f) || !e.field(f) {
			return false
		}
	}
	span := uint8(len(update) + len(","))
	for f := range t.keys {
		s.back[f] = span - s.offset[f]
	}
	if t.layout.Runs {
		e.mark()
	}
	return true
}

// encoder is at work on one segment.
type encoder struct {
	t    *Table
	s    *Segment
	text []byte
	at   int // of what is still to be read

	begin [maxFields]int // of the values in text
	end   [maxFields]int
	more  int // of s.more in use
}

// next finds the value of field f, or reports false.
func (e *encoder) next(f int) bool {
	key := e.t.keys[f]
	if f == 0 {
		key = key[e.t.ahead():]
	} else {
		e.s.offset[f] = uint8(e.at + int(e.t.ahead()))
	}
	if len(e.text)-e.at < len(key) || string(e.text[e.at:e.at+len(key)]) != key {
		return false
	}
	e.at += len(key)
	e.begin[f] = e.at
	rest := e.text[e.at:]
	n := 0
	switch last := f == len(e.t.keys)-1; {
	case last:
		n = len(rest) - len(e.t.end)
		if n < 0 || string(rest[n:]) != e.t.end {
			return false
		}
	case e.t.layout.Fields[f].Quoted:
		n = bytes.IndexByte(rest, '"')
	default:
		n = bytes.IndexByte(rest, ',')
	}
	e.at += n
	e.end[f] = e.at
	return n >= 0
}

func (e *encoder) value(f int) []byte { return e.text[e.begin[f]:e.end[f]] }

// field encodes the value of field f.
func (e *encoder) field(f int) bool {
	v := e.value(f)
	var w word
	switch field := &e.t.layout.Fields[f]; {
	case f == 0:
		v = v[:len(v)-e.suffix(v)]
	case field.Tail > 0:
		v = v[e.takeLead(f, v, field.Tail):]
	case len(field.Like) > 0:
		n, match := e.like(f, v, field.Like)
		w, v = match, v[n:]
	}
	if !e.put(f, v, w) {
		return false
	}
	if f > 0 {
		e.s.ends[f] = zerosAtEnd(e.value(f))
		if e.s.extra[f] == 0 {
			e.s.zeros[f] = zerosAtEnd(v)
		}
	}
	return true
}

// mark makes the marks: for each value, the last bits of its characters. By them
// runs tells how much two values have in common. They take what room more has
// left; without it the update does as if it had nothing in common with others.
func (e *encoder) mark() {
	if e.more > int(e.t.marked) {
		return
	}
	e.s.marked = true
	for f, at := range e.t.mark[:len(e.t.keys)] {
		if at == maxMore {
			continue
		}
		v := e.value(f)
		if f == 0 {
			v = v[:len(v)-int(e.s.suffixLen)]
		} else if lead := e.t.lead[f]; lead > 0 {
			v = v[e.s.leadLen[lead-1]:]
		}
		e.s.more[at] = e.t.marks(v)
	}
}

// marks are those of v. One that does not fit into one chunk lacks the last mark
// there, so that it never passes for equal.
func (t *Table) marks(v []byte) uint64 {
	marks, size := uint64(0), uint(0)
	for _, b := range v {
		last := size
		if size += t.literal[b].size(); size > maxChunk {
			return marks &^ (1 << (last - 1))
		}
		marks |= 1 << (size - 1)
	}
	return marks
}

// zerosAtEnd is how many zeros at the end of v can join a match. One alone
// saves nothing.
func zerosAtEnd(v []byte) uint8 {
	n := 0
	for n < min(len(v), maxJoint) && v[len(v)-1-n] == '0' {
		n++
	}
	if n < 2 {
		return 0
	}
	return uint8(n)
}

// word is a bit string of at most maxChunk bits under construction.
type word struct {
	bits uint64
	size uint
}

// put writes v after what is in w as the value of field f.
func (e *encoder) put(f int, v []byte, w word) bool {
	to, size := &e.s.value[f], &e.s.size[f]
	for _, b := range v {
		c := e.t.literal[b]
		if c == 0 {
			return false
		}
		if w.size+c.size() > maxChunk {
			if e.more == maxMore {
				return false
			}
			*to, *size = w.bits, uint8(w.size)
			e.s.bits += uint16(w.size)
			to, size = &e.s.more[e.more], &e.s.moreSize[e.more]
			e.more++
			e.s.extra[f]++
			w = word{}
		}
		w.bits |= c.bits() << w.size
		w.size += c.size()
	}
	*to, *size = w.bits, uint8(w.size)
	e.s.bits += uint16(w.size)
	return true
}

// suffix encodes what the first value has from the first Separator on, and
// says how long that is: 0 when there is none, or one that cannot join a match.
func (e *encoder) suffix(v []byte) int {
	i := bytes.IndexByte(v, e.t.layout.Separator)
	if i < 0 || len(v)-i > maxSuffix {
		return 0
	}
	var words [maxSuffixChunks]word
	k := 0
	for _, b := range v[i:] {
		c := e.t.literal[b]
		if words[k].size+c.size() > maxChunk {
			k++
		}
		if c == 0 || k == maxSuffixChunks {
			return 0
		}
		words[k].bits |= c.bits() << words[k].size
		words[k].size += c.size()
	}
	for k, w := range words {
		e.s.suffix[k], e.s.suffixSize[k] = w.bits, uint8(w.size)
		e.s.bits += uint16(w.size)
	}
	e.s.suffixLen = uint8(len(v) - i)
	return len(v) - i
}

// takeLead encodes v but for its last tail bytes as the lead of field f, and
// says how long the lead is: 0 when it cannot join a match.
func (e *encoder) takeLead(f int, v []byte, tail int) int {
	n := len(v) - tail
	if n <= 0 || n > maxJoint {
		return 0
	}
	var w word
	for _, b := range v[:n] {
		c := e.t.literal[b]
		if c == 0 || w.size+c.size() > maxChunk {
			return 0
		}
		w.bits |= c.bits() << w.size
		w.size += c.size()
	}
	k := e.t.lead[f] - 1
	e.s.lead[k], e.s.leadSize[k], e.s.leadLen[k] = w.bits, uint8(w.size), uint8(n)
	e.s.bits += uint16(w.size)
	return n
}

// like finds the match of the beginning of v with that of an earlier value that
// saves most, and says how long it is: 0 when none saves anything.
func (e *encoder) like(f int, v []byte, candidates []int) (n int, match word) {
	saved := 0
	for _, g := range candidates {
		earlier := e.value(g)
		literals, m := 0, 0
		for m < min(len(v), len(earlier)) && v[m] == earlier[m] {
			literals += int(e.t.literal[v[m]].size())
			m++
		}
		length, distance := e.t.length[m], e.t.distance[e.begin[f]-e.begin[g]]
		if length == 0 || distance == 0 {
			continue
		}
		if s := literals - int(length.size()+distance.size()); s > saved {
			saved, n = s, m
			match = word{length.bits() | distance.bits()<<length.size(), length.size() + distance.size()}
		}
	}
	return n, match
}
