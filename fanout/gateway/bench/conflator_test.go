//go:build linux

package bench

import (
	"sync"
	"sync/atomic"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// conflator is conflation as one would put it on a WebSocket library that can
// send a message: the newest text of every symbol, made once a tick, and a few
// goroutines that give each subscriber one message an interval, of what
// changed since its last one.
type conflator struct {
	mu     sync.RWMutex // protects what follows
	texts  [symbols][]byte
	newest [symbols]int64 // seq of the text

	sent    atomic.Int64 // updates
	ended   chan struct{}
	workers sync.WaitGroup
}

// follower is one subscriber.
type follower struct {
	sender
	places []int
	seen   int64 // seq up to which it has everything
}

func newConflator(senders []sender, interval time.Duration) *conflator {
	c := &conflator{ended: make(chan struct{})}
	for part := range shards {
		var mine []*follower
		for i := part; i < len(senders); i += shards {
			mine = append(mine, &follower{sender: senders[i], places: watchlist(i)})
		}
		c.workers.Go(func() { c.serve(mine, interval) })
	}
	return c
}

// stop ends the workers; what failed to be sent is only missed by the clients.
func (c *conflator) stop() {
	close(c.ended)
	c.workers.Wait()
}

func (c *conflator) updates() int { return int(c.sent.Load()) }

func (c *conflator) apply(place int, t *feed.Tick, at feed.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts[place] = appendUpdate(c.texts[place][:0], t, at)
	c.newest[place] = at.Offset
}

// serve sends to all of followers every interval, or as often as it can.
func (c *conflator) serve(followers []*follower, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var buf []byte
	for {
		select {
		case <-ticker.C:
		case <-c.ended:
			return
		}
		for _, f := range followers {
			var n int
			if buf, n = c.message(buf[:0], f); n == 0 {
				continue
			}
			if f.send(buf) != nil {
				return // the clients have hung up
			}
			c.sent.Add(int64(n))
		}
	}
}

// message is what changed for f, and how many updates that is.
func (c *conflator) message(dst []byte, f *follower) ([]byte, int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n, newest := 0, f.seen
	dst = append(dst, wire.TickerHead...)
	for _, place := range f.places {
		if c.newest[place] <= f.seen {
			continue
		}
		newest = max(newest, c.newest[place])
		if n > 0 {
			dst = append(dst, ',')
		}
		n++
		dst = append(dst, c.texts[place]...)
	}
	f.seen = newest
	return append(dst, wire.DataFoot...), n
}
