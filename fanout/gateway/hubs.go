package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"tickwire/fanout"
)

// hubs are the hubs that have clients of the gateway: that of now, and those of
// delayed values.
type hubs struct {
	mu     sync.Mutex // protects what follows
	all    []*fanout.Hub
	closed bool
}

// add notes a hub, or reports that it is too late.
func (h *hubs) add(hub *fanout.Hub) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.all {
		if one == hub {
			return nil
		}
	}
	if h.closed {
		return errors.New("the server ends")
	}
	h.all = append(h.all, hub)
	return nil
}

func (h *hubs) list() []*fanout.Hub {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[:len(h.all):len(h.all)]
}

// drain sends all clients away within that time.
func (h *hubs) drain(ctx context.Context, over time.Duration) {
	h.each(func(hub *fanout.Hub) { hub.Drain(ctx, over) })
}

// close ends all hubs.
func (h *hubs) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.each(func(hub *fanout.Hub) { hub.Close() })
}

// each does something with all hubs at once and waits.
func (h *hubs) each(do func(*fanout.Hub)) {
	var all sync.WaitGroup
	for _, hub := range h.list() {
		all.Go(func() { do(hub) })
	}
	all.Wait()
}

// stats is what all of them have done.
func (h *hubs) stats() fanout.Stats {
	all := h.list()
	s := all[0].Stats()
	for _, hub := range all[1:] {
		s = s.Plus(hub.Stats())
	}
	return s
}
