package history

import "sort"

// bar is how a Bar is held. That of a series' newest interval lacks what is in
// the newest bars of the shorter intervals, and its seq and version are those of
// its last late trade.
type bar struct {
	start           int64
	seq             int64
	version         uint64
	openAt, closeAt uint32 // when Open and Close were, from start
	amounts
}

// series is the bars of one interval, by rising start.
type series struct {
	ring[bar]
	exact  map[int64]*exact // of the bars that are big, by start
	late   uint64           // version of the last change of a bar that was not the newest
	closed uint64           // version of the last closing of the newest bar by Close
	left   uint64           // trades that were older than all of it
}

// search is the place of the first bar that starts at or after start.
func (s *series) search(start int64) int {
	return sort.Search(s.n, func(i int) bool { return s.at(i).start >= start })
}

// unchanged is how many of the oldest bars surely have versions up to after.
// Without late trades versions rise from bar to bar; the newest bar's is not in
// it alone.
func (s *series) unchanged(after uint64) int {
	if s.late > after || s.n == 0 {
		return 0
	}
	n := s.n - 1
	for n > 0 && s.at(n-1).version > after {
		n--
	}
	return n
}

// begin opens a bar behind all others.
func (s *series) begin(start int64, limit int) {
	s.forget(limit)
	*s.push(limit) = bar{start: start}
}

// reach is the bar of a start before the newest one's, made if it is not there;
// nil if the series does not reach back to it.
func (s *series) reach(start int64, limit int) *bar {
	i := s.search(start)
	if b := s.at(i); b.start == start {
		return b
	}
	if i == 0 && s.n == limit {
		return nil
	}
	s.forget(limit)
	b := s.insert(i, limit)
	*b = bar{start: start}
	return b
}

// forget drops what a full series keeps elsewhere of the bar that it is about to
// give up.
func (s *series) forget(limit int) {
	if s.n == limit && s.at(0).big {
		delete(s.exact, s.at(0).start)
	}
}

// add counts a trade in the bar of its time.
func (s *series) add(b *bar, d *deal) {
	at := uint32(d.time - b.start)
	opens, closes := b.count == 0 || at < b.openAt, b.count == 0 || at >= b.closeAt
	if opens {
		b.openAt = at
	}
	if closes {
		b.closeAt = at
	}
	if !b.big && d.fits && b.amounts.add(d.packed, opens, closes) {
		return
	}
	f := s.figures(b)
	f.addExact(d, opens, closes)
	s.keep(b, f)
}

// absorb merges into b, a bar of s, what the newest bar of the next shorter
// interval has.
func (s *series) absorb(b *bar, finer *series) {
	over := finer.last()
	if b.count == 0 {
		b.openAt = uint32(over.start-b.start) + over.openAt
	}
	b.closeAt = uint32(over.start-b.start) + over.closeAt
	if b.amounts.merge(&over.amounts) {
		return
	}
	f := s.figures(b)
	finer.mergeInto(&f, over)
	s.keep(b, f)
}

// mergeInto adds b, a bar of s whose trades are all later, to f.
func (s *series) mergeInto(f *Figures, b *bar) {
	if f.amounts.merge(&b.amounts) {
		return
	}
	later := s.figures(b)
	f.mergeExact(&later)
}

func (s *series) figures(b *bar) Figures {
	f := Figures{amounts: b.amounts}
	if b.big {
		f.exact = s.exact[b.start]
	}
	return f
}

func (s *series) keep(b *bar, f Figures) {
	b.amounts = f.amounts
	if f.big {
		if s.exact == nil {
			s.exact = make(map[int64]*exact)
		}
		s.exact[b.start] = f.exact
	}
}
