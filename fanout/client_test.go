package fanout

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// client is an Outbox that reads what it is given and holds it to the
// protocol: one frame in flight, a snapshot before the updates of a symbol,
// seqs that rise, ordinals that rise. What it finds wrong it reports at once.
type client struct {
	t   *testing.T
	sub *Subscriber

	mu       sync.Mutex
	slow     bool // TryFrame answers Blocked
	inFlight bool
	gone     bool
	shut     []Reason
	got      []any                  // messages, in order
	last     map[string]wire.Update // by symbol
	merged   uint64                 // ticks that came only as part of a later update
	updates  int
	frames   int
	progress time.Time // as Outbox tells it

	compressed int    // frames
	bytes      uint64 // of all frames
}

// attached makes every second client one that takes compressed frames.
var attached int

func attach(t *testing.T, h *Hub) *client {
	attached++
	return attachAs(t, h, Encoding(attached%2)) // Plain or Deflate
}

func attachAs(t *testing.T, h *Hub, encoding Encoding) *client {
	c := &client{t: t, last: make(map[string]wire.Update)}
	c.sub = h.NewSubscriber(c, encoding)
	c.sub.Attach(wire.Marshal(wire.Hello{Type: wire.TypeHello, V: wire.Version}))
	return c
}

func (c *client) TryFrame(frame []byte) Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := uint64(len(frame))
	defer func() { c.bytes += size }()
	for len(frame) > 0 {
		var message []byte
		message, frame = c.open(frame)
		if c.inFlight {
			c.t.Errorf("a frame while one is in flight: %s", message)
		}
		if len(c.shut) > 0 {
			c.t.Errorf("a frame after shut: %s", message)
		}
		if c.gone {
			return Gone
		}
		c.take(message)
	}
	if c.slow {
		c.inFlight = true
		c.progress = time.Now()
		return Blocked
	}
	return Sent
}

func (c *client) Shut(why Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = append(c.shut, why)
}

// open takes the first frame apart the way RFC 6455 section 5.2 and RFC 7692
// section 7.2.2 say.
func (c *client) open(frame []byte) (text, rest []byte) {
	payload := frame[2:]
	size := uint64(frame[1])
	switch size {
	case 126:
		size, payload = uint64(binary.BigEndian.Uint16(payload)), payload[2:]
	case 127:
		size, payload = binary.BigEndian.Uint64(payload), payload[8:]
	}
	if size > uint64(len(payload)) {
		c.t.Fatalf("a frame says %d bytes and has %d", size, len(payload))
	}
	payload, rest = payload[:size], payload[size:]
	if frame[0] == plainText {
		return payload, rest
	}
	if frame[0] != deflatedText || c.sub.encoding != Deflate {
		c.t.Errorf("a frame of kind %#x to a client that takes compressed ones: %v", frame[0], c.sub.encoding == Deflate)
	}
	c.compressed++
	text, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
	if err != nil {
		c.t.Errorf("inflate: %v", err)
	}
	return text, rest
}

func (c *client) Progress() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.progress
}

func (c *client) take(message []byte) {
	m, err := wire.Parse(message)
	if err != nil || m == nil {
		c.t.Errorf("not a message: %v: %s", err, message)
		return
	}
	c.frames++
	c.got = append(c.got, m)
	if data, ok := m.(*wire.Data); ok {
		c.takeData(data)
	}
}

func (c *client) takeData(data *wire.Data) {
	if len(data.Data) == 0 {
		c.t.Error("a data message without data")
	}
	for _, u := range data.Data {
		before, known := c.last[u.Symbol]
		switch {
		case data.Type == wire.TypeSnapshot:
		case !known:
			c.t.Errorf("%s: an update before its snapshot: %+v", u.Symbol, u)
		case u.Seq <= before.Seq || u.Ordinal <= before.Ordinal:
			c.t.Errorf("%s: seq %d after %d, ordinal %d after %d", u.Symbol, u.Seq, before.Seq, u.Ordinal, before.Ordinal)
		default:
			c.merged += u.Ordinal - before.Ordinal - 1
		}
		c.last[u.Symbol] = u
		c.updates++
	}
}

// stall makes the client stop reading after the next frame; read lets it go on.
func (c *client) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slow = true
}

// read takes what is in flight; the client stays as slow as it is.
func (c *client) read() {
	c.mu.Lock()
	was := c.inFlight
	c.inFlight = false
	c.mu.Unlock()
	if was {
		c.sub.Writable()
	}
}

func (c *client) recover() {
	c.mu.Lock()
	c.slow = false
	c.mu.Unlock()
	c.read()
}

// messages takes what has come since the last call.
func (c *client) messages() []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = nil
	return got
}

// ended is what it was shut for.
func (c *client) ended() []Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.shut)
}

// value is the newest update of symbol, as JSON without its name.
func (c *client) value(symbol string) wire.Update {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last[symbol]
}

// subscribe asks and waits for the verdict. The client must be reading.
func (c *client) subscribe(rate float64, symbols ...string) *wire.Ack {
	return c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: symbols, Rate: rate})
}

func (c *client) unsubscribe(symbols ...string) *wire.Ack {
	return c.ask(wire.Request{Op: wire.OpUnsubscribe, Channel: wire.Ticker, Symbols: symbols})
}

var asked atomic.Int64

func (c *client) ask(r wire.Request) *wire.Ack {
	r.ID = wire.ID(fmt.Sprint(asked.Add(1)))
	c.sub.Do(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.got {
		if ack, ok := m.(*wire.Ack); ok && string(ack.ID) == string(r.ID) {
			return ack
		}
	}
	c.t.Errorf("no ack for %s", wire.Marshal(r))
	return &wire.Ack{}
}

// kinds are the types of messages, without those of control.
func kinds(messages []any) []string {
	var all []string
	for _, m := range messages {
		if data, ok := m.(*wire.Data); ok {
			all = append(all, data.Type)
		}
	}
	return all
}

// market makes ticks for a hub, one partition, offsets from 0.
type market struct {
	hub    *Hub
	offset int64
}

// trade applies a trade of size 1.
func (m *market) trade(symbol, price string) {
	m.hub.Apply(&feed.Tick{Symbol: []byte(symbol), Time: 1 + m.offset, Price: feed.Number(price), Size: feed.Number("1")},
		feed.Position{Offset: m.offset})
	m.offset++
}

// inBubble runs a test in virtual time with a hub of two shards.
func inBubble(t *testing.T, test func(t *testing.T, h *Hub, m *market)) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Shards: 2, Symbols: 1000})
		defer h.Close()
		test(t, h, &market{hub: h})
		synctest.Wait()
	})
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
