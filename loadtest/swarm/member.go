package swarm

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"tickwire/fanout/client"
	"tickwire/loadtest/verify"
)

// member is a light subscriber. It is with one at a time: a dialer, which
// connects it; then its own goroutine, which waits until the socket can be read;
// in each turn a seat, for which that goroutine waits; and after the end that
// goroutine again, until it is time to come again.
type member struct {
	cohort *cohort
	number int32
	phase  phase
	next   next
	tries  uint8 // in a row that failed, or did not last
	been   bool  // connected before
	seen   bool  // a snapshot, on this connection
	visit  func()
	growth *growth               // waits for the first attempt; nil: it is over
	turn   func(fd uintptr) bool // m.takeTurn
	served sync.WaitGroup        // of the turn
	rest   []byte                // of what was read: a frame begun and not complete
	began  time.Duration         // of this connection: see since
	asked  time.Duration         // for a seat
	quiet  time.Duration         // after which the connection is dead
	fresh  time.Duration         // when the deadline for that was set last

	mu       sync.Mutex // protects what follows
	leaving  bool
	stalls   bool  // from now on
	expiring bool  // the token: a fresh one must be sent
	finished bool  // its Watch is
	deflate  bool  // was agreed
	acks     int16 // that are still to come; -1: nothing was asked for, or there is no connection
	watch    *verify.Watch
	socket   *socket
	secure   *tls.Conn // nil: plain
	parts    *parts    // of a fragmented message; nil: there is none
	end      error     // of this connection, if it was not the network's
}

// next is what a member does after a turn.
type next uint8

const (
	wait  next = iota // until there is more to read
	again             // there is more already
	over              // nothing: the connection has ended, or is not read any more
)

// parts are the fragments of a message so far, RFC 6455 section 5.4.
type parts struct {
	first byte
	bytes []byte
}

// farewell is how long a server may take to answer a close frame.
const farewell = time.Second

func newMember(c *cohort, g *growth) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &member{cohort: c, number: int32(c.made), growth: g}
	c.made++
	c.members = append(c.members, m)
	m.turn = m.takeTurn
	return m
}

// enter comes to a phase.
func (m *member) enter(p phase) { m.phase = m.cohort.move(m.phase, p) }

// tried tells who waits for the first attempt how it went.
func (m *member) tried(err error) {
	if m.growth != nil {
		m.growth.tried(err)
		m.growth = nil
	}
}

// live is the member's goroutine: it is in one RawConn.Read for as long as the
// connection lasts, so that a wake-up costs no more than what comes.
func (m *member) live() {
	err := m.socket.raw.Read(m.turn)
	if err == nil && m.stalls {
		m.stall()
	}
	m.mu.Lock()
	m.acks = -1
	m.mu.Unlock()
	m.socket.Close()
	m.after(err)
}

// takeTurn has a seat read what there is. It reports true when that was all.
func (m *member) takeTurn(fd uintptr) bool {
	m.socket.fd = fd
	for {
		before := m.socket.took
		m.served.Add(1)
		m.asked = since()
		m.cohort.swarm.turns <- m
		m.served.Wait()
		if m.expiring {
			m.renew()
		}
		if m.cohort.name == Slow {
			m.dawdle(m.socket.took - before)
		}
		if m.next != again {
			return m.next == over
		}
	}
}

// dawdle takes its time over what was read.
func (m *member) dawdle(n uint64) {
	s := m.cohort.swarm
	sleep(s.ctx, time.Duration(n)*time.Second/time.Duration(s.config.SlowRate))
}

// after is the end of a connection: it is counted, and the member comes again,
// or not.
func (m *member) after(err error) {
	m.mu.Lock()
	why, leaving := m.end, m.leaving
	m.mu.Unlock()
	switch {
	case m.visit != nil && m.seen:
		m.cohort.count(func(s *Stats) { s.Visits++ })
		m.done()
		return
	case leaving || m.cohort.swarm.ctx.Err() != nil:
		m.done()
		return
	case why == nil:
		why = silent(err, m.quiet)
	}
	if since()-m.began >= steady {
		m.tries = 0
	}
	m.failed(why)
}

// steady is how long a connection must last for what was before to be forgotten.
const steady = time.Minute

// failed is the end of an attempt, or of a connection, that the member did not
// want.
func (m *member) failed(why error) {
	if closed := (*client.CloseError)(nil); errors.As(why, &closed) {
		m.cohort.count(func(s *Stats) { tell(s.Evicted, evicted(closed)) })
	} else {
		m.cohort.fail(why)
	}
	m.tried(why)
	atOnce, never, asked := advice(why)
	switch {
	case m.visit != nil:
		m.done()
		return
	case never:
		m.enter(lost)
		return
	}
	m.enter(waiting)
	s := m.cohort.swarm
	if !atOnce || m.tries > 0 {
		sleep(s.ctx, min(asked, s.config.Backoff.Max)+rand.N(s.backoff(int(m.tries))))
	}
	m.tries = min(m.tries+1, 100)
	if m.isLeaving() || !s.send(s.ctx, errand{member: m}) {
		m.done()
	}
}

func evicted(e *client.CloseError) string {
	if e.Code == 0 {
		return "without a close code"
	}
	if e.Reason == "" {
		return strconv.Itoa(int(e.Code))
	}
	return fmt.Sprintf("%d %s", e.Code, e.Reason)
}

// done is the member's end.
func (m *member) done() {
	m.enter(absent)
	m.tried(errors.New("the swarm was closed"))
	if m.visit != nil {
		m.cohort.remove(m)
		m.visit()
	}
}

func (m *member) isLeaving() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.leaving
}

func (m *member) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hangUp()
}

// hangUp says good-bye; the server then has a moment to answer. It is called
// with m.mu held.
func (m *member) hangUp() {
	if m.leaving {
		return
	}
	m.leaving = true
	switch {
	case m.socket == nil:
	case m.stalls || !m.socket.tries || m.say(appendClose(nil, closeNormal)) != nil:
		m.socket.Close()
	default:
		m.socket.SetReadDeadline(time.Now().Add(farewell))
	}
}

// say sends a frame. It is called with m.mu held, when the socket only tries.
func (m *member) say(frame []byte) error {
	_, err := m.stream().Write(frame)
	return err
}

// stream is the connection, above TLS if there is any.
func (m *member) stream() net.Conn {
	if m.secure != nil {
		return m.secure
	}
	return m.socket
}

func (m *member) complete() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.isOpen() && m.watch.Complete()
}

func (m *member) finish(t *tally) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.finished || m.watch == nil {
		return
	}
	m.finished = true
	t.end(m.watch, m.isOpen())
}

// isOpen reports whether it is connected and subscribed. It is called with m.mu
// held.
func (m *member) isOpen() bool { return m.socket != nil && m.acks == 0 && m.end == nil }

// alive gives the server the time of its silence again. It is called with m.mu
// held. The deadline is moved now and then only, as it costs as much as a frame.
func (m *member) alive() {
	now := since()
	if now-m.fresh >= m.quiet/8 && !m.leaving && m.visit == nil {
		m.fresh = now
		m.socket.SetReadDeadline(time.Now().Add(m.quiet))
	}
}

// epoch is when this program began, about.
var epoch = time.Now()

func since() time.Duration { return time.Since(epoch) }

// probe is how often a stalled member looks whether its connection is still there.
const probe = time.Second

// stall reads nothing any more. That the server has closed the connection cannot be
// seen behind what is unread, so a pong that nobody asked for (RFC 6455 section
// 5.5.3) is sent now and then: it fails when there is nobody any more. What is unread
// is then looked through for the close frame.
func (m *member) stall() {
	s := m.cohort.swarm
	for {
		sleep(s.ctx, probe)
		m.mu.Lock()
		left := m.leaving || s.ctx.Err() != nil
		gone := !left && m.say(appendFrame(nil, opPong, nil)) != nil
		m.mu.Unlock()
		if left {
			return
		}
		if gone {
			break
		}
	}
	end := m.lastWords()
	m.mu.Lock()
	m.end = end
	m.mu.Unlock()
}

// lastWords is the close frame in what is unread. A server whose side of the
// connection is full as well has none there: that it gave up is all that is known.
func (m *member) lastWords() error {
	m.socket.tries = false
	m.socket.SetReadDeadline(time.Now().Add(farewell))
	text, _ := io.ReadAll(io.LimitReader(m.stream(), int64(m.cohort.swarm.config.MaxMessage)))
	text = slices.Concat(m.rest, text)
	for {
		f, used, _, bad := cut(text, len(text))
		if bad != nil || used == 0 {
			return &client.CloseError{}
		}
		if f.op() == opClose {
			return closing(f.payload)
		}
		text = text[used:]
	}
}
