package splice

const (
	// maxCode is the most bits of a code with its extra bits.
	maxCode = 22

	// maxSegment is the most bits that a Segment can come to.
	maxSegment = (maxFields+maxLeads+maxSuffixChunks+maxMore)*maxChunk + 2*maxFields*maxCode

	// slack is what put writes behind the stream, and a last byte begun.
	slack = 8 + 1

	usualSpan = 128
)

// RawSize is the size of the message when it is not compressed, in bytes.
func (t *Table) RawSize(head int, segments []*Segment) int {
	n := len(t.layout.Heads[head]) + len(t.layout.Foot) - len(",")
	for _, s := range segments {
		n += int(s.span)
	}
	return n
}

// Estimate is about what AppendFrame's payload comes to, in bytes: it takes all
// distances for usual ones. Where it is below RawSize, compressing pays.
func (t *Table) Estimate(head int, segments []*Segment) int {
	bits := t.openings[head].usual + t.foot.size() - t.usualKeys
	for i, s := range segments {
		bits += int(s.bits) + t.usualKeys
		if i > 0 {
			bits -= t.shared(segments[i-1], s)
		}
	}
	return (bits + 7) / 8
}

// shared is how many bits of s join the matches of its keys after prev.
func (t *Table) shared(prev, s *Segment) int {
	bits := 0
	if s.suffix == prev.suffix && s.suffixSize == prev.suffixSize {
		bits += int(s.suffixSize[0] + s.suffixSize[1])
	}
	for l, lead := range s.lead {
		if lead == prev.lead[l] && s.leadSize[l] == prev.leadSize[l] {
			bits += int(s.leadSize[l])
		}
	}
	zeros := 0
	for f, n := range s.zeros {
		zeros += int(min(n, prev.ends[f]))
	}
	return bits + zeros*int(t.literal['0'].size())
}

// Bound is the most room that AppendFrame can need for n segments, in bytes. It
// is several times what they usually come to.
func (t *Table) Bound(head, n int) int {
	return (t.constant(head)+n*maxSegment)/8 + slack
}

// room is the most that AppendFrame can write for these segments.
func (t *Table) room(head int, segments []*Segment) int {
	bits := t.constant(head) + len(segments)*2*len(t.keys)*maxCode
	for _, s := range segments {
		bits += int(s.bits)
	}
	return bits/8 + slack
}

// constant is the most bits of what is not the updates'.
func (t *Table) constant(head int) int {
	return t.openings[head].most + t.second.size() + t.foot.size()
}
