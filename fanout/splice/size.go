package splice

const (
	// maxCode is the most bits of a code with its extra bits.
	maxCode = 22

	// maxSegment is the most bits that a Segment can come to.
	maxSegment = (maxFields+maxLeads+maxSuffixChunks+maxMore)*maxChunk + 2*maxFields*maxCode

	// slack is what put writes behind the stream, and a last byte begun.
	slack = 8 + 1
)

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
