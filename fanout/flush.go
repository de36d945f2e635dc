package fanout

import (
	"cmp"
	"slices"
)

// manyTouched is from how many on subscribers are flushed in the order of their
// coming: neighbours in it, and their sockets in the kernel, are neighbours in
// memory as well.
const manyTouched = 16

// flushTouched gives every subscriber that was touched what it can take. One
// that could take more is touched again for the next pulse, which follows at
// once: so a client that has much to get does not keep the others waiting.
func (sh *shard) flushTouched() {
	turn := sh.touched
	sh.touched = sh.spare[:0]
	if len(turn) >= manyTouched {
		slices.SortFunc(turn, func(a, b *Subscriber) int { return cmp.Compare(a.place, b.place) })
	}
	for i, s := range turn {
		turn[i] = nil
		s.touched = false
		sh.flush(s)
	}
	sh.spare = turn
	if len(sh.touched) > 0 {
		sh.rouse()
	}
}

// flush gives s the frames that are its turn: the answer to its request, a
// notice, and one frame of data.
func (sh *shard) flush(s *Subscriber) {
	s.unschedule()
	if s.reply != nil && s.ready() {
		sh.send(s, sh.assembly.message(s.reply))
		s.answered()
	}
	if s.warn && s.ready() {
		s.warn = false
		sh.send(s, sh.assembly.message(sh.policy.notice()))
	}
	if s.ready() && !sh.snapshot(s) {
		sh.update(s)
	}
	if s.gone && s.reply != nil {
		s.answered() // nobody will read it: let the one that waits go on
	}
}

// ready reports whether s can take a frame.
func (s *Subscriber) ready() bool { return !s.blocked && !s.gone }

// answered lets the one that asked go on.
func (s *Subscriber) answered() {
	close(s.replied)
	s.reply, s.replied = nil, nil
}

// snapshot sends the values of the fresh symbols that have one, as many as a
// frame takes. It does not read those beyond: see segment.stale.
func (sh *shard) snapshot(s *Subscriber) bool {
	sh.assembly.begin()
	full := false
	for _, p := range s.watchlist.parts {
		if p == nil {
			continue
		}
		p.fresh.drain(func(at uint32) bool {
			if full {
				return false
			}
			seg := sh.segment(p, at)
			full = sh.full(seg)
			if full || seg.ordinal == 0 {
				return false // the next frame's, or no tick yet
			}
			p.pending.clear(at) // this is its newest value
			sh.assembly.add(seg)
			return true
		})
	}
	sent := sh.sendData(s, snapshotHead)
	if sent {
		sh.touch(s) // for the rest of the snapshot, and what is pending
	}
	return sent
}

// update sends the values of what is pending in the lanes that may send now. The
// other lanes wait in the due list.
func (sh *shard) update(s *Subscriber) {
	sh.assembly.begin()
	whole := true // all that is pending goes out
	for _, p := range s.watchlist.parts {
		if p == nil {
			continue
		}
		p.pending.visit(func(at uint32) {
			if s.lanes[p.laneOf(at)].due >= 0 {
				whole = false
			} else {
				sh.assembly.add(sh.segment(p, at))
			}
		})
	}
	switch {
	case len(sh.assembly.segments) == 0:
	case sh.assembly.size > sh.policy.MaxFrame:
		sh.pickLongest(s)
		sh.touch(s) // for the rest
	default:
		sh.takeAll(s, whole)
	}
	sh.sendData(s, tickerHead)
}

// takeAll notes that everything pending in the lanes that may send goes out.
func (sh *shard) takeAll(s *Subscriber, whole bool) {
	for _, p := range s.watchlist.parts {
		switch {
		case p == nil:
		case whole && p.roster != nil:
			if !p.pending.empty() {
				s.lanes[p.lane].sends = true
				p.pending.wipe()
			}
		default:
			p.pending.drain(func(at uint32) bool {
				l := s.lanes[p.laneOf(at)]
				if l.due >= 0 {
					return false
				}
				l.sends = true
				return true
			})
		}
	}
	if whole {
		s.waiting.empty()
	}
	sh.advance(s)
}

// pickLongest picks as many as a frame takes, those first that waited longest.
// A lane of which some are left may send again at once.
func (sh *shard) pickLongest(s *Subscriber) {
	sh.assembly.begin()
	var left [256]bool // by lane
	full := false
	kept := s.waiting[:0]
	for _, one := range s.waiting {
		p := s.watchlist.parts[one.part]
		if p == nil || !p.pending.has(one.at) {
			continue
		}
		n, seg := p.laneOf(one.at), sh.segment(p, one.at)
		waits := s.lanes[n].due >= 0
		full = full || !waits && sh.full(seg) // a shorter one must not slip in
		if waits || full {
			kept = append(kept, one)
			left[n] = true
			continue
		}
		s.lanes[n].sends = true
		p.pending.clear(one.at)
		sh.assembly.add(seg)
	}
	s.waiting = kept
	for n, l := range s.lanes {
		if l != nil && left[n] {
			l.sends = false
		}
	}
	sh.advance(s)
}

// advance has the lanes that sent wait for their rate.
func (sh *shard) advance(s *Subscriber) {
	for _, l := range s.lanes {
		if l != nil && l.sends {
			l.sends = false
			sh.wait(l)
		}
	}
}

// segment is the update of a symbol of p.
func (sh *shard) segment(p *part, at uint32) *segment {
	id := p.symbol(at)
	seg := &sh.segments[id]
	if seg.stale {
		sh.encode(id)
	}
	return seg
}

// full reports whether the frame under assembly has no room for seg.
func (sh *shard) full(seg *segment) bool {
	a := &sh.assembly
	return len(a.segments) > 0 && a.size+len(seg.text) > sh.policy.MaxFrame
}

// sendData sends what was assembled, if there is something.
func (sh *shard) sendData(s *Subscriber, head int) bool {
	n := len(sh.assembly.segments)
	if n == 0 {
		return false
	}
	sh.updates.Add(uint64(n))
	sh.texts.Add(uint64(sh.assembly.size))
	sh.send(s, sh.assembly.frame(head, s.deflate))
	return true
}

func (sh *shard) send(s *Subscriber, frame []byte) {
	switch s.out.TryFrame(frame) {
	case Blocked:
		s.block(sh.now)
	case Gone:
		s.gone = true
		return
	}
	s.sent = sh.now
	sh.frames.Add(1)
	sh.bytes.Add(uint64(len(frame)))
}
