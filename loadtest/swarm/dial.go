package swarm

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

// errand is what a member has a dialer do: connect it, or send a fresh token.
type errand struct {
	member *member
	renew  bool
}

// send gives an errand to a dialer, unless ctx or the swarm ends first.
func (s *Swarm) send(ctx context.Context, e errand) bool {
	if s.ctx.Err() != nil {
		return false
	}
	select {
	case s.errands <- e:
		return true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return false
}

// dialer connects members, one after the other. It has the stack and the buffers
// that this takes.
type dialer struct {
	swarm    *Swarm
	reader   *bufio.Reader
	buf      []byte
	inflater inflater
}

func newDialer(s *Swarm) *dialer { return &dialer{swarm: s, reader: bufio.NewReaderSize(nil, 4<<10)} }

func (d *dialer) run() {
	for {
		select {
		case e := <-d.swarm.errands:
			if e.renew {
				e.member.showToken()
			} else {
				d.join(e.member)
			}
		case <-d.swarm.ctx.Done():
			return
		}
	}
}

// join connects a member, and leaves it to its goroutine.
func (d *dialer) join(m *member) {
	m.enter(connecting)
	err := d.connect(m)
	if err == nil {
		d.swarm.work.Go(m.live)
		return
	}
	if m.socket != nil {
		m.socket.Close()
	}
	m.mu.Lock()
	m.socket, m.secure = nil, nil
	left := m.leaving || d.swarm.ctx.Err() != nil
	m.mu.Unlock()
	if left {
		m.done()
		return
	}
	d.swarm.work.Go(func() { m.failed(err) }) // it waits
}

// connect brings a member as far as its subscriptions, whose acknowledgements
// are still to come.
func (d *dialer) connect(m *member) (err error) {
	config := &d.swarm.config
	m.began, m.seen, m.rest = since(), false, nil
	ctx, cancel := context.WithTimeout(d.swarm.ctx, config.Handshake)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() == context.DeadlineExceeded {
			err = fmt.Errorf("there was no hello within %v", config.Handshake)
		}
	}()
	token, err := d.token(ctx)
	if err != nil {
		return err
	}
	conn, err := d.swarm.target.dial(ctx, m.cohort.narrow())
	if err != nil {
		return err
	}
	s, err := newSocket(conn)
	if err != nil {
		conn.Close()
		return err
	}
	m.begin(s)
	stop := context.AfterFunc(ctx, func() { s.SetDeadline(time.Unix(1, 0)) })
	if d.swarm.url.Scheme == "wss" {
		m.secure = tls.Client(s, d.tls())
		if err := m.secure.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
	}
	hello, rest, err := d.greet(m, token)
	if err != nil {
		return err
	}
	if err := d.subscribe(m, hello); err != nil {
		return err
	}
	if !stop() {
		return ctx.Err()
	}
	return m.settle(s, hello, slices.Clone(rest))
}

// begin gives the member its next connection.
func (m *member) begin(s *socket) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.socket, m.secure, m.parts, m.end = s, nil, nil, nil
	m.stalls, m.expiring = false, false
	m.acks = -1 // none was asked for yet
}

// settle makes the connection one that is read in turns.
func (m *member) settle(s *socket, hello *wire.Hello, rest []byte) error {
	m.quiet = silence(hello)
	if m.visit != nil {
		m.quiet = m.cohort.swarm.config.Handshake
	}
	m.fresh, m.rest = since(), rest
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leaving || m.cohort.swarm.ctx.Err() != nil {
		return errors.New("the member has left")
	}
	s.tries = true
	return s.SetReadDeadline(time.Now().Add(m.quiet))
}

// silence is how long the server may send nothing, which it does in every half
// of its heartbeat interval.
func silence(hello *wire.Hello) time.Duration {
	interval := time.Duration(hello.HeartbeatMS) * time.Millisecond
	if interval <= 0 || interval > time.Hour {
		interval = 5 * time.Second
	}
	return interval * 5 / 2
}

func (d *dialer) token(ctx context.Context) (string, error) {
	if d.swarm.config.Token == nil {
		return "", nil
	}
	token, err := d.swarm.config.Token(ctx)
	if err != nil {
		return "", fmt.Errorf("no token: %w", err)
	}
	return token, nil
}

func (d *dialer) tls() *tls.Config {
	config := d.swarm.config.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = d.swarm.url.Hostname()
	}
	return config
}

// greet makes a WebSocket and reads the server's hello. rest is what came behind
// it, good until the dialer's next connection.
func (d *dialer) greet(m *member, token string) (hello *wire.Hello, rest []byte, err error) {
	stream := m.stream()
	k := newKnock(d.swarm.url, token, d.swarm.config.Compression)
	if _, err := stream.Write(k.request()); err != nil {
		return nil, nil, err
	}
	d.reader.Reset(io.LimitReader(stream, maxHeader))
	if m.deflate, err = k.answer(d.reader); err != nil {
		return nil, nil, err
	}
	early, err := d.reader.Peek(d.reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	d.buf = append(d.buf[:0], early...)
	for {
		f, used, _, err := cut(d.buf, maxHeader)
		if err != nil {
			return nil, nil, err
		}
		if used > 0 {
			hello, err := d.hello(f)
			return hello, d.buf[used:], err
		}
		d.buf = slices.Grow(d.buf, 1<<10)
		n, err := stream.Read(d.buf[len(d.buf):cap(d.buf)])
		if err != nil {
			return nil, nil, err
		}
		d.buf = d.buf[:len(d.buf)+n]
	}
}

// hello decodes the first frame of a connection.
func (d *dialer) hello(f frame) (*wire.Hello, error) {
	text := f.payload
	switch {
	case f.op() == opClose:
		return nil, closing(f.payload)
	case f.op() != opText || !f.final():
		return nil, errors.New("the server did not begin with hello")
	case f.compressed():
		var err error
		if text, err = d.inflater.inflate(text, maxHeader); err != nil {
			return nil, err
		}
	}
	message, err := wire.Parse(text)
	if err != nil {
		return nil, err
	}
	hello, ok := message.(*wire.Hello)
	switch {
	case !ok:
		return nil, errors.New("the server did not begin with hello")
	case hello.V != wire.Version:
		return nil, &client.VersionError{Version: hello.V}
	}
	return hello, nil
}

// subscribe sends all that the member asks for, in as many requests as the
// server's limit makes necessary.
func (d *dialer) subscribe(m *member, hello *wire.Hello) error {
	c, config := m.cohort, &d.swarm.config
	requests := split(c.names(int(m.number)), room(hello))
	m.mu.Lock()
	if m.watch == nil {
		m.watch = config.Truth.Watch(c.nameOf(int(m.number)), config.Channel, c.listed(int(m.number)))
	}
	m.watch.Connect(hello.Node, false)
	m.acks = int16(len(requests))
	m.mu.Unlock()
	c.count(func(s *Stats) {
		s.Connections++
		if m.been {
			s.Reconnects++
		}
		c.connect.note(since() - m.began)
	})
	m.been = true
	var out []byte
	for i, names := range requests {
		r := wire.Request{Op: wire.OpSubscribe, ID: wire.ID(strconv.Itoa(i + 1)), Channel: config.Channel, Symbols: names, Rate: config.Rate}
		out = appendFrame(out, opText, wire.Marshal(r))
	}
	_, err := m.stream().Write(out)
	return err
}

// room is how many bytes of names a request has room for.
func room(hello *wire.Hello) int {
	limit := hello.Limits.MessageBytes
	if limit <= 0 {
		limit = 64 << 10
	}
	const others = 256 // members of the request
	return max(others, limit-others)
}

// split makes lists of names that have room in one request each.
func split(names []string, room int) (all [][]string) {
	begin, size := 0, 0
	for i, name := range names {
		if size += len(name) + len(`"",`); size > room && i > begin {
			all = append(all, names[begin:i])
			begin, size = i, len(name)+len(`"",`)
		}
	}
	return append(all, names[begin:])
}

// renew has a dialer send a fresh token.
func (m *member) renew() {
	m.mu.Lock()
	m.expiring = false
	m.mu.Unlock()
	m.cohort.swarm.send(m.cohort.swarm.ctx, errand{member: m, renew: true})
}

// showToken sends a fresh token. If there is none the connection ends when the
// server ends it.
func (m *member) showToken() {
	s := m.cohort.swarm
	ctx, cancel := context.WithTimeout(s.ctx, s.config.Handshake)
	defer cancel()
	token, err := s.config.Token(ctx)
	if err != nil {
		m.cohort.fail(fmt.Errorf("no fresh token: %w", err))
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isOpen() && !m.leaving {
		m.say(appendFrame(nil, opText, wire.Marshal(wire.Request{Op: wire.OpAuth, Token: token})))
	}
}
