package gateway

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// swarm is a process of clients, so that what is measured here is the server's
// alone, and each process has its own limit of open files. It is this test
// binary again, in TestSwarm; orders and answers are JSON on its stdin and
// stdout, one after the other.
type swarm struct {
	tb    testing.TB
	stdin io.Closer
	order *json.Encoder
	reply *json.Decoder
}

// order is what a swarm shall do next.
type order struct {
	Do    string // join, leave, ages, churn, visits, calm
	Group string // of members
	Addr  string // of the gateway

	Members int
	Listed  int // symbols a member subscribes to, at random; 0: `*`
	Symbols int // that there are
	Deflate bool
	Deaf    bool // members stop reading once they have subscribed
	Narrow  bool // and take little before that
	Seed    uint64

	Rate int // connects and disconnects a second, of churn
}

// answer is how it went.
type answer struct {
	Error string
	Ages  ages // of "ages"
	Done  int  // of "visits" and "calm": connects, each with its subscription and snapshot
}

// ages are how old updates were on arrival: from the planned moment of the tick
// to its frame's arrival, both by this machine's clock.
type ages struct {
	Updates             int
	P50, P99, P999, Max time.Duration
}

const swarmEnv = "TICKWIRE_TEST_SWARM"

func startSwarm(tb testing.TB) *swarm {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	c := exec.Command(self, "-test.run=^TestSwarm$", "-test.timeout=0")
	c.Env = append(os.Environ(), swarmEnv+"=1")
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stdin.Close() // it ends with its orders
		io.Copy(io.Discard, stdout)
		if err := c.Wait(); err != nil {
			tb.Errorf("the swarm: %v", err)
		}
	})
	return &swarm{tb: tb, stdin: stdin, order: json.NewEncoder(stdin), reply: json.NewDecoder(stdout)}
}

// do gives an order and waits until it is carried out.
func (s *swarm) do(o order) answer {
	s.tb.Helper()
	if err := s.order.Encode(o); err != nil {
		s.tb.Fatalf("%s: %v", o.Do, err)
	}
	var a answer
	if err := s.reply.Decode(&a); err != nil {
		s.tb.Fatalf("%s: the swarm does not answer: %v", o.Do, err)
	}
	if a.Error != "" {
		s.tb.Fatalf("%s: %s", o.Do, a.Error)
	}
	return a
}

// TestSwarm is the other process: see swarm.
func TestSwarm(t *testing.T) {
	if os.Getenv(swarmEnv) == "" {
		t.Skip("it is the client process of other tests")
	}
	crowd := &crowd{groups: make(map[string][]*member)}
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			break
		}
		a, err := crowd.obey(o)
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			t.Fatal(err)
		}
	}
	crowd.calm()
	for group := range crowd.groups {
		crowd.leave(group)
	}
}

// crowd is the members that a swarm has.
type crowd struct {
	groups map[string][]*member
	churn  struct {
		stop context.CancelFunc
		wait func() error
		done atomic.Int64
	}
}

func (c *crowd) obey(o order) (a answer, err error) {
	switch o.Do {
	case "join":
		err = c.join(o)
	case "leave":
		c.leave(o.Group)
	case "ages":
		a.Ages = c.ages(o.Group)
	case "churn":
		c.begin(o)
	case "visits":
		a.Done = int(c.churn.done.Load())
	case "calm":
		a.Done, err = c.calm()
	default:
		err = fmt.Errorf("an unknown order, %q", o.Do)
	}
	return a, err
}

// join connects members and returns when each has its first snapshot.
func (c *crowd) join(o order) error {
	members := make([]*member, o.Members)
	var g errgroup.Group
	g.SetLimit(64)
	for i := range members {
		g.Go(func() (err error) {
			members[i], err = enlist(o, i)
			return err
		})
	}
	err := g.Wait()
	c.groups[o.Group] = append(c.groups[o.Group], slices.DeleteFunc(members, func(m *member) bool { return m == nil })...)
	return err
}

func (c *crowd) leave(group string) {
	for _, m := range c.groups[group] {
		m.conn.Close()
	}
	for _, m := range c.groups[group] {
		<-m.ended
	}
	delete(c.groups, group)
}

// ages takes what the group has measured since the last time.
func (c *crowd) ages(group string) ages {
	var all []time.Duration
	for _, m := range c.groups[group] {
		m.mu.Lock()
		all = append(all, m.ages...)
		m.ages = m.ages[:0]
		m.mu.Unlock()
	}
	if len(all) == 0 {
		return ages{}
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))] }
	return ages{Updates: len(all), P50: at(0.5), P99: at(0.99), P999: at(0.999), Max: at(1)}
}

// begin connects and disconnects at a rate until calm.
func (c *crowd) begin(o order) {
	var ctx context.Context
	ctx, c.churn.stop = context.WithCancel(context.Background())
	c.churn.done.Store(0)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(256)
	c.churn.wait = g.Wait
	g.Go(func() error {
		start := time.Now()
		for i := 0; ctx.Err() == nil; i++ {
			time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(o.Rate))))
			g.Go(func() error {
				m, err := enlist(o, i)
				if err != nil {
					return err
				}
				m.conn.Close()
				<-m.ended
				c.churn.done.Add(1)
				return nil
			})
		}
		return nil
	})
}

func (c *crowd) calm() (done int, err error) {
	if c.churn.stop == nil {
		return 0, nil
	}
	c.churn.stop()
	c.churn.stop = nil
	err = c.churn.wait()
	return int(c.churn.done.Load()), err
}

// member is one client.
type member struct {
	conn  net.Conn
	r     *bufio.Reader
	buf   []byte
	ended chan struct{}

	mu   sync.Mutex // protects ages
	ages []time.Duration
}

// enlist connects, subscribes and reads to the first data message.
func enlist(o order, i int) (*member, error) {
	const homes = 8 // source addresses, for each has 28,000 ports at most
	d := net.Dialer{Timeout: patience}
	home := "127.0.0."
	if o.Narrow {
		home, d.Control = narrowHome, narrowReceive
	}
	d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(home + strconv.Itoa(2+i%homes))}
	conn, err := d.Dial("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	m := &member{conn: conn, r: bufio.NewReaderSize(conn, 1<<10), ended: make(chan struct{})}
	conn.SetDeadline(time.Now().Add(patience))
	if err := m.begin(o, i); err != nil {
		conn.Close()
		return nil, fmt.Errorf("member %d: %w", i, err)
	}
	conn.SetDeadline(time.Time{})
	if o.Deaf {
		close(m.ended)
	} else {
		go m.read()
	}
	return m, nil
}

func (m *member) begin(o order, i int) error {
	offer := ""
	if o.Deflate {
		offer = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
	}
	fmt.Fprintf(m.conn, "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", offer)
	answer, err := http.ReadResponse(m.r, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("handshake: %s", answer.Status)
	}
	request := fmt.Appendf(nil, `{"op":"subscribe","channel":"ticker","symbols":[%s]}`, wanted(o, i))
	frame := binary.BigEndian.AppendUint16([]byte{textFrame, 0x80 | 126}, uint16(len(request)))
	if _, err := m.conn.Write(append(append(frame, 0, 0, 0, 0), request...)); err != nil { // a mask of zeros
		return err
	}
	for {
		text, err := m.next()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(text, []byte(`{"type":"snapshot"`)) {
			return nil
		}
	}
}

// wanted is the list of symbols of member i.
func wanted(o order, i int) string {
	if o.Listed == 0 {
		return `"*"`
	}
	names := make([]string, 0, o.Listed)
	for _, n := range rand.New(rand.NewPCG(o.Seed, uint64(i))).Perm(o.Symbols)[:o.Listed] {
		names = append(names, `"`+symbol(n)+`"`)
	}
	return strings.Join(names, ",")
}

func symbol(n int) string { return fmt.Sprintf("SYM%05d-USD", n) }

// read notes the age of every update until the connection ends.
func (m *member) read() {
	defer close(m.ended)
	m.conn.SetReadDeadline(time.Time{})
	for {
		text, err := m.next()
		if err != nil {
			return
		}
		m.note(text, time.Now().UnixMicro())
	}
}

// note finds the updates' times, `"t":1732242000123456`.
func (m *member) note(text []byte, now int64) {
	if !bytes.HasPrefix(text, []byte(`{"type":"ticker"`)) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := []byte(`,"t":`)
	for at := bytes.Index(text, key); at >= 0; at = bytes.Index(text, key) {
		text = text[at+len(key):]
		t := int64(0)
		for _, c := range text {
			if c < '0' || c > '9' {
				break
			}
			t = 10*t + int64(c-'0')
		}
		m.ages = append(m.ages, time.Duration(now-t)*time.Microsecond)
	}
}

// next is the text of the next message, good until the one after it.
func (m *member) next() ([]byte, error) {
	head, err := m.r.Peek(2)
	if err != nil {
		return nil, err
	}
	first, size, skip := head[0], int(head[1]), 2
	switch size {
	case 126:
		if head, err = m.r.Peek(4); err != nil {
			return nil, err
		}
		size, skip = int(binary.BigEndian.Uint16(head[2:])), 4
	case 127:
		if head, err = m.r.Peek(10); err != nil {
			return nil, err
		}
		size, skip = int(binary.BigEndian.Uint64(head[2:])), 10
	}
	m.r.Discard(skip)
	if size > cap(m.buf) {
		m.buf = make([]byte, size)
	}
	payload := m.buf[:size]
	if _, err := io.ReadFull(m.r, payload); err != nil {
		return nil, err
	}
	switch first {
	case textFrame:
		return payload, nil
	case textFrame | 0x40:
		tail := strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff") // RFC 7692, section 7.2.2
		return io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), tail)))
	}
	return nil, fmt.Errorf("a frame of kind %#x: %q", first, payload)
}
