package fanout

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"tickwire/fanout/wire"
)

// leaving is a subscriber that has been told when it will be shut.
type leaving struct {
	sub *Subscriber
	at  time.Time
}

// Drain sends every client away within that time: each is told by a notice when
// its connection will end, at a moment of its own so that they do not all come
// back at once, and is then shut with Drained. One that attaches meanwhile is
// sent away too. Drain returns when all are gone or ctx ends.
func (h *Hub) Drain(ctx context.Context, over time.Duration) {
	end := time.Now().Add(over)
	for ctx.Err() == nil {
		turn := h.dismissAll(time.Until(end))
		if len(turn) == 0 {
			return
		}
		for _, l := range turn {
			if !sleep(ctx, time.Until(l.at)) {
				return
			}
			l.sub.shard.post(func() { l.sub.shard.shut(l.sub, Drained) })
		}
	}
}

// dismissAll tells everyone when to go, and returns them in that order.
func (h *Hub) dismissAll(over time.Duration) []leaving {
	var all []leaving
	for _, sh := range h.shards {
		told := make(chan []leaving, 1)
		if !sh.post(func() { told <- sh.dismissSubs(over) }) {
			continue // it has ended, and nobody is left
		}
		all = append(all, <-told...)
	}
	slices.SortFunc(all, func(a, b leaving) int { return a.at.Compare(b.at) })
	return all
}

func (sh *shard) dismissSubs(over time.Duration) []leaving {
	all := make([]leaving, len(sh.subs))
	for i, s := range sh.subs {
		in := time.Duration(0)
		if over > 0 {
			in = rand.N(over)
		}
		all[i] = leaving{s, sh.now.Add(in)}
		sh.notify(s, wire.Notice{Type: wire.TypeNotice, Code: wire.NoticeDrain, InMS: in.Milliseconds()})
	}
	return all
}

// sleep reports whether ctx went on all the time.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
