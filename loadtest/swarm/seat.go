package swarm

import (
	"errors"
	"slices"
	"time"

	"tickwire/fanout/wire"
	"tickwire/loadtest/verify"
)

// seat is what a member needs for a turn, and the goroutine that has the stack
// for it.
type seat struct {
	swarm    *Swarm
	buf      []byte
	inflater inflater
	tallies  []tally // by cohort
}

const (
	buffer   = 64 << 10
	maxReads = 4 // of a turn, so that one member does not keep the others waiting
)

func newSeat(s *Swarm) *seat {
	t := &seat{swarm: s, buf: make([]byte, buffer), tallies: make([]tally, len(s.cohorts))}
	for i := range t.tallies {
		t.tallies[i].ledger.Share = s.config.Share
	}
	return t
}

// run serves one member after the other until there are no more.
func (t *seat) run() {
	for m := range t.swarm.turns {
		if waited := t.swarm.config.Waited; waited != nil {
			waited(since() - m.asked)
		}
		t.serve(m)
		m.served.Done()
	}
}

// serve reads what there is and takes all whole frames of it.
func (t *seat) serve(m *member) {
	n := t.begin(m)
	reads, limit := maxReads, len(t.buf)
	if m.cohort.name == Slow {
		reads, limit = 1, min(limit, n+max(1<<10, t.swarm.config.SlowRate/16))
	}
	stream := m.stream()
	m.next = again
	for i := range reads {
		if n == len(t.buf) { // a long frame
			t.buf = slices.Grow(t.buf, n)[:2*n]
			limit = len(t.buf)
		}
		read, err := stream.Read(t.buf[n:max(limit, n+1)])
		received := time.Now()
		n += read
		if n > 0 && (read > 0 || i == 0) {
			used := t.take(m, t.buf[:n], received.UnixMicro())
			n = copy(t.buf, t.buf[used:n])
		}
		switch {
		case m.next == over:
		case err == errNotYet:
			m.next = wait
		case err != nil:
			m.fail(err)
		}
		if m.next != again {
			break
		}
	}
	if n > 0 {
		m.rest = append([]byte(nil), t.buf[:n]...)
	}
}

// begin puts in front what the member has of a frame.
func (t *seat) begin(m *member) int {
	if len(m.rest) >= len(t.buf) {
		t.buf = make([]byte, 2*len(m.rest))
	}
	n := copy(t.buf, m.rest)
	m.rest = nil
	return n
}

// fail ends the connection.
func (m *member) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveUp(err)
}

// giveUp is fail with m.mu held. The first cause counts.
func (m *member) giveUp(err error) {
	if m.end == nil {
		m.end = err
	}
	m.next = over
}

// take takes the whole frames of b and returns how many bytes they are.
func (t *seat) take(m *member, b []byte, received int64) (used int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tally := &t.tallies[m.cohort.number]
	tally.mu.Lock()
	defer tally.mu.Unlock()
	tally.bytes += m.socket.uncounted()
	if tally.ledger.Sampler == nil && t.swarm.config.Sampler != nil {
		tally.ledger.Sampler = t.swarm.config.Sampler(m.cohort.name)
	}
	m.alive()
	for m.next != over {
		f, n, _, err := cut(b[used:], t.swarm.config.MaxMessage)
		if err == nil && n == 0 {
			break
		}
		used += n
		if err == nil {
			err = t.frame(m, f, received, &tally.ledger)
		}
		if err != nil {
			m.giveUp(err)
		}
	}
	return used
}

// frame takes one frame.
func (t *seat) frame(m *member, f frame, received int64, l *verify.Ledger) error {
	if f.first&rsvBits != 0 && (!f.compressed() || f.first&rsvBits != rsv1Bit || !m.deflate || f.control() || f.op() == opContinuation) {
		return errors.New("the server set a reserved bit that was not agreed to")
	}
	switch f.op() {
	case opText:
		if m.parts != nil {
			return errors.New("the server began a message within a message")
		}
		if !f.final() {
			m.parts = &parts{f.first, slices.Clone(f.payload)}
			return nil
		}
		return t.message(m, f, received, l)
	case opContinuation:
		return t.fragment(m, f, received, l)
	case opPing:
		return m.say(appendFrame(nil, opPong, f.payload))
	case opPong:
		return nil
	case opClose:
		if !m.leaving {
			m.say(appendFrame(nil, opClose, f.payload)) // or it is too late
		}
		return closing(f.payload)
	case opBinary:
		return errors.New("the server sent a binary message")
	}
	return errors.New("the server sent a frame of an unknown kind")
}

// fragment takes a further fragment of a message.
func (t *seat) fragment(m *member, f frame, received int64, l *verify.Ledger) error {
	if m.parts == nil {
		return errors.New("the server went on with a message that it had not begun")
	}
	m.parts.bytes = append(m.parts.bytes, f.payload...)
	if len(m.parts.bytes) > t.swarm.config.MaxMessage {
		return errors.New("the server sent a message in fragments over the limit")
	}
	if !f.final() {
		return nil
	}
	whole := frame{m.parts.first, m.parts.bytes}
	m.parts = nil
	return t.message(m, whole, received, l)
}

// message takes a whole message.
func (t *seat) message(m *member, f frame, received int64, l *verify.Ledger) (err error) {
	text := f.payload
	if f.compressed() {
		if text, err = t.inflater.inflate(text, t.swarm.config.MaxMessage); err != nil {
			return err
		}
	}
	if m.leaving || m.finished {
		return nil
	}
	switch m.watch.Take(text, received, l) {
	case verify.Snapshot:
		m.snapshot()
	case verify.Ack, verify.Error, verify.Notice:
		return m.answer(text)
	}
	return nil
}

// snapshot notes the first one of a connection, with which a visit is over.
func (m *member) snapshot() {
	if m.seen {
		return
	}
	m.seen = true
	m.cohort.mu.Lock()
	m.cohort.first.note(since() - m.began)
	m.cohort.mu.Unlock()
	if m.visit != nil {
		m.hangUp()
	}
}

// answer looks at a message that is no data in full. What cannot be decoded the
// Watch has told already.
func (m *member) answer(text []byte) error {
	message, err := wire.Parse(text)
	if err != nil {
		return nil
	}
	switch a := message.(type) {
	case *wire.Ack:
		m.cohort.deny(a.Denied)
		if a.Op == wire.OpSubscribe && m.acks > 0 {
			m.acknowledged()
		}
	case *wire.Notice:
		m.cohort.count(func(s *Stats) { tell(s.Notices, a.Code) })
		m.expiring = m.expiring || a.Code == wire.NoticeExpires && m.cohort.swarm.config.Token != nil
	case *wire.Error:
		return errors.New("the server refused a request: " + a.Message + " (" + string(a.Code) + ")")
	}
	return nil
}

// acknowledged notes that one more subscription is in force.
func (m *member) acknowledged() {
	m.acks--
	if m.acks > 0 {
		return
	}
	m.enter(open)
	m.tried(nil)
	if m.cohort.name == Stalled {
		m.stalls, m.next = true, over
	}
}

// uncounted is how many bytes were read since it was asked last.
func (s *socket) uncounted() uint64 {
	n := s.took - s.counted
	s.counted = s.took
	return n
}
