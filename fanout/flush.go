package fanout

import (
	"cmp"
	"slices"

	"tickwire/fanout/wire"
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
// notice, states, and one frame of data of each of its channels.
func (sh *shard) flush(s *Subscriber) {
	s.unschedule()
	if s.reply != nil && s.ready() {
		sh.deliver(s, sh.assembly.message(s.encoding, s.reply, s.begins))
		s.answered()
	}
	if s.warn && s.ready() {
		s.warn = false
		sh.send(s, sh.policy.notice())
	}
	if s.notice != nil && s.ready() {
		sh.send(s, wire.Marshal(s.notice))
		s.notice = nil
	}
	sh.flushData(s)
	sh.tellStates(s)
	if s.gone && s.reply != nil {
		s.answered() // nobody will read it: let the one that waits go on
	}
}

// flushData gives each channel its frame. When the client can take no more, the
// channel that came too late is the first the next time.
func (sh *shard) flushData(s *Subscriber) {
	for i := range channels {
		v := sh.views[(s.turn+i)%channels]
		if v == nil || !s.watchlist.has(v) {
			continue
		}
		if !s.solvent() {
			s.turn = v.channel
			return
		}
		if v.channel.tellsAll() {
			sh.tell(s, v)
		} else if !sh.snapshot(s, v) {
			sh.update(s, v)
		}
	}
}

// ready reports whether s can take a frame.
func (s *Subscriber) ready() bool { return !s.blocked && !s.gone }

// solvent reports whether s can take a frame of data.
func (s *Subscriber) solvent() bool { return s.ready() && !s.broke }

// answered lets the one that asked go on.
func (s *Subscriber) answered() {
	close(s.replied)
	s.reply, s.begins, s.replied = nil, "", nil
}

// snapshot sends the values of the fresh symbols that have one, as many as a
// frame takes. It does not read those beyond: see segment.stale.
func (sh *shard) snapshot(s *Subscriber, v *view) bool {
	sh.assembly.begin(s.maxFrame())
	full := false
	for _, p := range s.watchlist.parts {
		if p == nil || p.view != v {
			continue
		}
		p.fresh.drain(func(at uint32) bool {
			if full {
				return false
			}
			seg := v.segment(p, at)
			full = sh.assembly.full(seg)
			if full || seg.ordinal == 0 {
				return false // the next frame's, or no tick yet
			}
			p.pending.clear(at) // this is its newest value
			sh.assembly.add(seg)
			return true
		})
	}
	sent := sh.sendData(s, v, true)
	if sent {
		sh.touch(s) // for the rest of the snapshot, and what is pending
	}
	return sent
}

// update sends the values of what is pending in the lanes that may send now. The
// other lanes wait in the due list.
func (sh *shard) update(s *Subscriber, v *view) {
	sh.assembly.begin(s.maxFrame())
	whole := true // all that is pending goes out
	for _, p := range s.watchlist.parts {
		if p == nil || p.view != v {
			continue
		}
		p.pending.visit(func(at uint32) {
			if s.lanes[p.laneOf(at)].due >= 0 {
				whole = false
			} else {
				sh.assembly.add(v.segment(p, at))
			}
		})
	}
	switch {
	case len(sh.assembly.segments) == 0:
	case sh.assembly.size > sh.assembly.most:
		sh.pickLongest(s, v)
		sh.touch(s) // for the rest
	default:
		sh.takeAll(s, v, whole)
	}
	sh.sendData(s, v, false)
}

// takeAll notes that everything pending in the lanes that may send goes out.
func (sh *shard) takeAll(s *Subscriber, v *view, whole bool) {
	for _, p := range s.watchlist.parts {
		switch {
		case p == nil || p.view != v:
		case whole && (p.roster != nil || len(s.lanes) == 1):
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
		s.waiting.forget(s.watchlist.parts, v)
	}
	sh.advance(s)
}

// pickLongest picks as many as a frame takes, those first that waited longest.
// A lane of which some are left may send again at once.
func (sh *shard) pickLongest(s *Subscriber, v *view) {
	sh.assembly.begin(s.maxFrame())
	var left [256]bool // by lane
	full := false
	kept := s.waiting[:0]
	for _, one := range s.waiting {
		p := s.watchlist.parts[one.part]
		if p == nil || p.log != nil || !p.pending.has(one.at) {
			continue
		}
		if p.view != v {
			kept = append(kept, one)
			continue
		}
		n, seg := p.laneOf(one.at), v.segment(p, one.at)
		waits := s.lanes[n].due >= 0
		full = full || !waits && sh.assembly.full(seg) // a shorter one must not slip in
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
	s.resend(&left)
	sh.advance(s)
}

// resend has the lanes of which some are left send again at once.
func (s *Subscriber) resend(left *[256]bool) {
	for n, l := range s.lanes {
		if l != nil && left[n] {
			l.sends = false
		}
	}
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

// sendData sends what was assembled, if there is something.
func (sh *shard) sendData(s *Subscriber, v *view, snapshot bool) bool {
	n := len(sh.assembly.segments)
	if n == 0 {
		return false
	}
	sh.updates.Add(uint64(n))
	sh.texts.Add(uint64(sh.assembly.size))
	sh.markEvent(s)
	sh.deliver(s, sh.assembly.frame(v.channel, snapshot, s.encoding, sh.now))
	return true
}

// send sends a message that is not data.
func (sh *shard) send(s *Subscriber, message []byte) {
	sh.deliver(s, sh.assembly.message(s.encoding, message, ""))
}

func (sh *shard) deliver(s *Subscriber, frame []byte) {
	switch s.out.TryFrame(frame) {
	case Blocked:
		s.block(sh.now)
	case Gone:
		s.gone = true
		return
	}
	s.sent = sh.now
	s.pay(len(frame))
	s.bytes += uint64(len(frame))
	sh.frames.Add(1)
	sh.bytes.Add(uint64(len(frame)))
}
