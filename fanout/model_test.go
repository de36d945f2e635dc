package fanout

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/feed"
)

// TestEveryClientEndsWithTheFinalValues drives random clients and random ticks
// and compares what every client ends with, for every symbol its terms cover,
// with a plain map of what was applied. On the way each client checks order,
// snapshots and frames in flight (client.TryFrame), and the ordinals must
// account for every tick that the hub says it conflated.
func TestEveryClientEndsWithTheFinalValues(t *testing.T) {
	compressed := 0
	for range 30 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { compressed += runModel(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
	if compressed == 0 {
		t.Error("no frame was compressed")
	}
}

// modelClient is a client and the terms it should have.
type modelClient struct {
	*client
	terms map[string]bool
}

// runModel returns how many frames came compressed: one schedule may subscribe
// so little that none did.
func runModel(t *testing.T, r *rand.Rand) int {
	h := New(Config{Shards: 1 + r.IntN(3), Symbols: 100, Policy: Policy{MaxFrame: [...]int{0, 300, 2000}[r.IntN(3)]}})
	defer h.Close()
	final := make(map[string]feed.Tick) // by symbol, the last applied
	var clients []*modelClient
	for i := range 12 {
		clients = append(clients, &modelClient{attachAs(t, h, Encoding(i%2)), make(map[string]bool)})
	}
	synctest.Wait()
	offset := int64(0)
	for range 400 {
		switch c := clients[r.IntN(len(clients))]; r.IntN(12) {
		case 0:
			subscribeSome(r, c)
		case 1:
			unsubscribeSome(r, c)
		case 2:
			c.stall()
		case 3:
			c.recover()
		case 4:
			c.read()
		case 5:
			time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
		default:
			offset = tickSome(r, h, final, offset)
		}
	}
	for _, c := range clients {
		c.recover()
	}
	time.Sleep(2 * time.Second) // the slowest rate is one a second
	synctest.Wait()
	merged, compressed := uint64(0), 0
	for i, c := range clients {
		c.compare(fmt.Sprintf("client %d", i), final)
		merged += c.merged
		compressed += c.compressed
	}
	if got := h.Stats().Conflated; got < merged && !t.Failed() {
		t.Errorf("conflated: the hub says %d, the ordinals say %d", got, merged)
	}
	return compressed
}

var modelTerms = []string{"*", "AA-*", "AB-*", "AA-0", "AA-1", "AB-0", "AB-1", "B-0", "B-1", "B-*"}

// tickSome applies a burst from two goroutines, a partition each: a symbol is
// always of the same one.
func tickSome(r *rand.Rand, h *Hub, final map[string]feed.Tick, offset int64) int64 {
	type event struct {
		tick feed.Tick
		at   feed.Position
	}
	var bursts [2][]event
	for range 1 + r.IntN(20) {
		partition := r.IntN(2)
		symbol := fmt.Sprintf("%s-%d", [...]string{"AA", "AB", "B"}[r.IntN(3)], partition+2*r.IntN(3))
		tick := feed.Tick{Symbol: []byte(symbol), Time: offset + 1, Price: feed.Number(fmt.Sprint(offset))}
		final[symbol] = tick
		bursts[partition] = append(bursts[partition], event{tick, feed.Position{Partition: int32(partition), Offset: offset}})
		offset++
	}
	var loops sync.WaitGroup
	for _, burst := range bursts {
		loops.Go(func() {
			for _, e := range burst {
				h.Apply(&e.tick, e.at)
			}
		})
	}
	loops.Wait()
	return offset
}

func subscribeSome(r *rand.Rand, c *modelClient) {
	if c.stalled() {
		return
	}
	rate := [...]float64{0, 0, 1, 5, 20}[r.IntN(5)]
	ack := c.subscribe(rate, modelTerms[r.IntN(len(modelTerms))], modelTerms[r.IntN(len(modelTerms))])
	for _, term := range ack.Symbols {
		c.terms[term] = true
	}
}

func unsubscribeSome(r *rand.Rand, c *modelClient) {
	if c.stalled() {
		return
	}
	ack := c.unsubscribe(modelTerms[r.IntN(len(modelTerms))])
	for _, term := range ack.Symbols {
		delete(c.terms, term)
	}
	// What is no longer covered is forgotten, so that a new subscription must
	// bring a new snapshot.
	c.mu.Lock()
	defer c.mu.Unlock()
	for symbol := range c.last {
		if !c.covers(symbol) {
			delete(c.last, symbol)
		}
	}
}

// stalled: a client that does not read gets no ack, and asking would block.
func (c *client) stalled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slow
}

func (c *modelClient) covers(symbol string) bool {
	for term := range c.terms {
		if prefix, pattern := strings.CutSuffix(term, "*"); term == symbol || pattern && strings.HasPrefix(symbol, prefix) {
			return true
		}
	}
	return false
}

func (c *modelClient) compare(name string, final map[string]feed.Tick) {
	for symbol, tick := range final {
		got, has := c.last[symbol]
		switch {
		case has != c.covers(symbol):
			c.t.Errorf("%s, %s: has it: %v, subscribed: %v (terms %v)", name, symbol, has, c.covers(symbol), c.terms)
		case has && (string(got.Price) != string(tick.Price) || got.Time != tick.Time):
			c.t.Errorf("%s, %s: ends with %s, want price %s", name, symbol, text(got), tick.Price)
		}
	}
}
