package splice

import "math/bits"

// runs is others for a Layout with Runs. A match takes what the value behind its
// key begins with in both updates; if that is all of it, the match stays open and
// goes on with the next key, where the distance is the same again. It is put when
// it ends: before what differs, or before what would make it too long.
func (t *Table) runs(b []byte, pos int, acc uint64, waiting uint, segments []*Segment) (int, uint64, uint) {
	prev, zero := segments[0], t.literal['0']
	n, open, d := uint(0), false, code(0) // length and distance of an open match; if it is not, so many zeros wait
	for i, s := range segments[1:] {
		if i == 0 {
			pos, acc, waiting = t.second.put(b, pos, acc, waiting)
			n = uint(t.secondKey())
		} else {
			n += uint(t.keyLen[0])
		}
		pos, acc, waiting, n = t.runFirst(b, pos, acc, waiting, n, s, prev)
		for f := 1; f < len(t.keys); f++ {
			n += uint(t.keyLen[f])
			d = t.distance[int(prev.back[f])+int(s.offset[f])]
			marks := uint64(0)
			if m := t.mark[f]; m < maxMore && s.marked && prev.marked {
				marks = commonMarks(s, prev, f, m)
			}
			size, common := uint(bits.Len64(marks)), uint(bits.OnesCount64(marks))
			open = size == uint(s.size[f]) && size == uint(prev.size[f])
			fits, lead, leadSize := true, uint64(0), uint(0)
			if l := t.lead[f] - 1; l < maxLeads {
				fits = s.lead[l] == prev.lead[l] && s.leadSize[l] == prev.leadSize[l]
				common += uint(s.leadLen[l])
				lead, leadSize = s.lead[l], uint(s.leadSize[l])
			}
			if fits && n+common <= maxRun {
				lead, leadSize = 0, 0
			} else {
				common, size, open = 0, 0, false
			}
			n += common
			if open {
				continue
			}
			k := t.length[n]
			match, matchSize := k.bits()|d.bits()<<(k.size()&31), k.size()+d.size()
			rest := uint(s.size[f]) - size
			n = uint(min(s.zeros[f], prev.ends[f])) // the next key's match takes them
			if n*zero.size() > rest {
				n = 0
			}
			rest -= n * zero.size()
			value := s.value[f] >> (size & 63) & (1<<(rest&63) - 1)
			if all := matchSize + rest; leadSize == 0 && all <= maxChunk {
				pos, acc, waiting = put(b, pos, acc, waiting, match|value<<(matchSize&63), all)
			} else {
				pos, acc, waiting = put(b, pos, acc, waiting, match, matchSize)
				pos, acc, waiting = put(b, pos, acc, waiting, lead, leadSize)
				pos, acc, waiting = put(b, pos, acc, waiting, value, rest)
			}
			if s.extra[f] > 0 {
				pos, acc, waiting = s.putMore(b, pos, acc, waiting, f)
			}
		}
		prev = s
	}
	if open {
		k := t.length[n]
		return put(b, pos, acc, waiting, k.bits()|d.bits()<<(k.size()&31), k.size()+d.size())
	}
	for range n { // no key follows
		pos, acc, waiting = put(b, pos, acc, waiting, zero.bits(), zero.size())
	}
	return pos, acc, waiting
}

// runFirst does that for the first value, which has a suffix. n is the length of
// the match up to the value; returned is what the next key's match begins with.
func (t *Table) runFirst(b []byte, pos int, acc uint64, waiting, n uint, s, prev *Segment) (int, uint64, uint, uint) {
	marks := uint64(0)
	if m := t.mark[0]; m < maxMore && s.marked && prev.marked {
		marks = commonMarks(s, prev, 0, m)
	}
	size, common := uint(bits.Len64(marks)), uint(bits.OnesCount64(marks))
	suffix, joint := s.suffix == prev.suffix && s.suffixSize == prev.suffixSize, uint(0)
	if suffix {
		joint = uint(s.suffixLen)
	}
	if n+common+joint > maxRun {
		common, size = 0, 0
	} else if suffix && size == uint(s.size[0]) && size == uint(prev.size[0]) {
		return pos, acc, waiting, n + common + joint
	}
	k, d := t.length[n+common], t.distance[prev.back[0]]
	pos, acc, waiting = put(b, pos, acc, waiting, k.bits()|d.bits()<<(k.size()&31), k.size()+d.size())
	pos, acc, waiting = put(b, pos, acc, waiting, s.value[0]>>(size&63), uint(s.size[0])-size)
	if s.extra[0] > 0 {
		pos, acc, waiting = s.putMore(b, pos, acc, waiting, 0)
	}
	if !suffix {
		pos, acc, waiting = put(b, pos, acc, waiting, s.suffix[0], uint(s.suffixSize[0]))
		pos, acc, waiting = put(b, pos, acc, waiting, s.suffix[1], uint(s.suffixSize[1]))
	}
	return pos, acc, waiting, joint
}

// commonMarks are the marks of the characters that the values of field f begin
// with in both. As the code is a prefix code, equal bits are equal characters.
func commonMarks(s, prev *Segment, f int, mark uint8) uint64 {
	differ := bits.TrailingZeros64(s.value[f] ^ prev.value[f])
	return s.more[mark] & prev.more[mark] & (1<<differ - 1)
}
