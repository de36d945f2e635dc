package fanout

// flush gives s the frames that it can take now: the answer to its request, a
// notice, snapshots, updates.
func (sh *shard) flush(s *Subscriber) {
	for !s.blocked && !s.gone {
		switch {
		case s.reply != nil:
			sh.send(s, sh.assembly.message(s.reply))
			s.reply = nil
			s.replied <- struct{}{} // room for the one that waits
		case s.warn:
			s.warn = false
			sh.send(s, sh.assembly.message(sh.policy.notice()))
		case sh.snapshot(s):
		case sh.update(s):
		default:
			return
		}
	}
	if s.gone && s.reply != nil { // nobody will read it: let the one that waits go on
		s.reply = nil
		s.replied <- struct{}{}
	}
}

// snapshot sends the values of the fresh symbols that have one, as many as a
// frame takes.
func (sh *shard) snapshot(s *Subscriber) bool {
	sh.assembly.begin()
	for _, p := range s.watchlist.parts {
		if p == nil {
			continue
		}
		p.fresh.drain(func(at uint32) bool {
			seg := &sh.segments[p.symbol(at)]
			if seg.ordinal == 0 || sh.full(seg) {
				return false // no tick yet, or the next frame's
			}
			p.pending.clear(at) // this is its newest value
			sh.assembly.add(seg)
			return true
		})
	}
	return sh.sendData(s, snapshotHead)
}

// update sends the values of what is pending in the lanes that may send now,
// and has the other lanes wait in the due list.
func (sh *shard) update(s *Subscriber) bool {
	sh.assembly.begin()
	whole := true // all that is pending goes out
	for _, p := range s.watchlist.parts {
		if p == nil {
			continue
		}
		p.pending.visit(func(at uint32) {
			if l := s.lanes[p.laneOf(at)]; l.next.After(sh.now) {
				sh.due.push(l)
				whole = false
			} else {
				sh.assembly.add(&sh.segments[p.symbol(at)])
			}
		})
	}
	switch {
	case len(sh.assembly.segments) == 0:
		return false
	case sh.assembly.size > sh.policy.MaxFrame:
		sh.pickLongest(s)
	default:
		sh.takeAll(s, whole)
	}
	return sh.sendData(s, tickerHead)
}

// takeAll notes that everything pending in the lanes that may send goes out.
func (sh *shard) takeAll(s *Subscriber, whole bool) {
	for _, p := range s.watchlist.parts {
		switch {
		case p == nil:
		case whole && p.roster != nil:
			if !p.pending.empty() {
				s.lanes[p.lane].sends = true
				clear(p.pending)
			}
		default:
			p.pending.drain(func(at uint32) bool {
				l := s.lanes[p.laneOf(at)]
				if l.next.After(sh.now) {
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
	kept := s.waiting[:0]
	for _, one := range s.waiting {
		p := s.watchlist.parts[one.part]
		if p == nil || !p.pending.has(one.at) {
			continue
		}
		n, seg := p.laneOf(one.at), &sh.segments[p.symbol(one.at)]
		if s.lanes[n].next.After(sh.now) || sh.full(seg) {
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
			l.next, l.sends = sh.now.Add(l.every), false
		}
	}
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
