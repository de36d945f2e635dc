package splice

import "slices"

// AppendFrame appends the payload of a compressed message: the head of that
// index in the Layout, the updates and the foot. It is what permessage-deflate
// sends with RSV1 set: a message of its own, that depends on none before it
// (RFC 7692, section 7.2.1). Without segments it appends nothing.
//
// It does not allocate when dst has room, Bound bytes at most, and writes no
// farther than that behind the payload.
func (t *Table) AppendFrame(dst []byte, head int, segments []*Segment) []byte {
	if len(segments) == 0 {
		return dst
	}
	start, room := len(dst), t.room(head, segments)
	dst = slices.Grow(dst, room)
	b := dst[start : start+room]
	pos, acc, waiting := t.first(b, &t.openings[head], segments[0])
	if t.layout.Runs {
		pos, acc, waiting = t.runs(b, pos, acc, waiting, segments)
	} else {
		pos, acc, waiting = t.others(b, pos, acc, waiting, segments)
	}
	pos, _, waiting = t.foot.put(b, pos, acc, waiting)
	if waiting > 0 {
		pos++
	}
	return dst[:start+pos]
}

// first puts the head and the first update.
func (t *Table) first(b []byte, o *opening, s *Segment) (int, uint64, uint) {
	pos, acc, waiting := copy(b, o.bytes), o.rest.bits, o.rest.size
	pos, acc, waiting = s.put(b, pos, acc, waiting, 0)
	for k, bits := range s.suffix {
		pos, acc, waiting = put(b, pos, acc, waiting, bits, uint(s.suffixSize[k]))
	}
	for f := 1; f < len(t.keys); f++ {
		for i := range o.keys[f] {
			step := &o.keys[f][i]
			pos, acc, waiting = put(b, pos, acc, waiting, step.bits, step.size)
			if step.match {
				d := t.distance[int(s.offset[f])-int(s.offset[step.from])+step.delta]
				pos, acc, waiting = put(b, pos, acc, waiting, d.bits(), d.size())
			}
		}
		if lead := t.lead[f]; lead > 0 {
			pos, acc, waiting = put(b, pos, acc, waiting, s.lead[lead-1], uint(s.leadSize[lead-1]))
		}
		pos, acc, waiting = s.put(b, pos, acc, waiting, f)
	}
	return pos, acc, waiting
}

// put puts the value of field f.
func (s *Segment) put(b []byte, pos int, acc uint64, waiting uint, f int) (int, uint64, uint) {
	pos, acc, waiting = put(b, pos, acc, waiting, s.value[f], uint(s.size[f]))
	if s.extra[f] > 0 {
		return s.putMore(b, pos, acc, waiting, f)
	}
	return pos, acc, waiting
}

// putMore puts what of the value of field f did not fit into one chunk.
func (s *Segment) putMore(b []byte, pos int, acc uint64, waiting uint, f int) (int, uint64, uint) {
	k := 0
	for _, n := range s.extra[:f] {
		k += int(n)
	}
	for range s.extra[f] {
		pos, acc, waiting = put(b, pos, acc, waiting, s.more[k], uint(s.moreSize[k]))
		k++
	}
	return pos, acc, waiting
}

// others puts the updates after the first. A key is a match with that of the
// update before: its distance is what that one has from its key on and what this
// one has up to the key. The match takes more than the key where both have the
// same around it: the suffix of the first value or zeros before the key, and a
// lead behind it. Equal bits of a prefix code are equal text, and as it is
// equally long in both, the distance is the same.
func (t *Table) others(b []byte, pos int, acc uint64, waiting uint, segments []*Segment) (int, uint64, uint) {
	prev, joint, zero := segments[0], uint(0), t.literal['0']
	for i, s := range segments[1:] {
		k, d := t.length[joint+uint(t.keyLen[0])], t.distance[prev.back[0]]
		if i == 0 {
			k = t.length[t.secondKey()]
			pos, acc, waiting = t.second.put(b, pos, acc, waiting)
		}
		pos, acc, waiting = put(b, pos, acc, waiting, k.bits()|d.bits()<<k.size(), k.size()+d.size())
		pos, acc, waiting = s.put(b, pos, acc, waiting, 0)
		if s.suffix == prev.suffix && s.suffixSize == prev.suffixSize {
			joint = uint(s.suffixLen)
		} else {
			joint = 0
			pos, acc, waiting = put(b, pos, acc, waiting, s.suffix[0], uint(s.suffixSize[0]))
			pos, acc, waiting = put(b, pos, acc, waiting, s.suffix[1], uint(s.suffixSize[1]))
		}
		for f := 1; f < len(t.keys); f++ {
			n, lead, leadSize := joint+uint(t.keyLen[f]), uint64(0), uint(0)
			if l := t.lead[f] - 1; l < maxLeads {
				if s.lead[l] == prev.lead[l] && s.leadSize[l] == prev.leadSize[l] {
					n += uint(s.leadLen[l])
				} else {
					lead, leadSize = s.lead[l], uint(s.leadSize[l])
				}
			}
			k, d := t.length[n], t.distance[int(prev.back[f])+int(s.offset[f])]
			match, matchSize := k.bits()|d.bits()<<(k.size()&31), k.size()+d.size()
			joint = uint(min(s.zeros[f], prev.ends[f])) // the next key's match takes them
			size := uint(s.size[f]) - joint*zero.size()
			value := s.value[f] & (1<<(size&63) - 1)
			if all := matchSize + size; leadSize == 0 && all <= maxChunk {
				pos, acc, waiting = put(b, pos, acc, waiting, match|value<<(matchSize&63), all)
			} else {
				pos, acc, waiting = put(b, pos, acc, waiting, match, matchSize)
				pos, acc, waiting = put(b, pos, acc, waiting, lead, leadSize)
				pos, acc, waiting = put(b, pos, acc, waiting, value, size)
			}
			if s.extra[f] > 0 {
				pos, acc, waiting = s.putMore(b, pos, acc, waiting, f)
			}
		}
		prev = s
	}
	for range joint { // no key follows
		pos, acc, waiting = put(b, pos, acc, waiting, zero.bits(), zero.size())
	}
	return pos, acc, waiting
}
