package fanout

import (
	"container/heap"
	"time"
)

// lane is one of a subscriber's rates in a channel, and when it may send next.
// One more is for its budget: it waits until that is no longer overdrawn.
type lane struct {
	sub    *Subscriber
	view   *view
	budget bool
	rate   float64 // updates a second of each symbol; 0: every change
	every  time.Duration
	next   time.Time // no update of this lane before, while it is in the due list
	due    int       // place in the shard's due list, -1: not in it, it may send
	sends  bool      // the frame under assembly has updates of this lane
}

func newLane(sub *Subscriber, v *view, rate float64) *lane {
	l := &lane{sub: sub, view: v, rate: rate, due: -1}
	if rate > 0 {
		l.every = time.Duration(float64(time.Second) / rate)
	}
	return l
}

// grid is what a lane's times are multiples of: 10 ms, and an eighth of its
// interval at most. So clients of one rate are served together, which costs them
// and the server far fewer wake-ups. A time is rounded down, and as it is counted
// from one that was, a lane keeps its rate.
func (l *lane) grid() time.Duration { return min(l.every/8, 10*time.Millisecond) }

// dueList is the lanes that have sent and must wait for their rate, the earliest
// first.
type dueList []*lane

// push puts l in, unless it is there.
func (d *dueList) push(l *lane) {
	if l.due < 0 {
		heap.Push((*heapOfLanes)(d), l)
	}
}

// remove takes l out, if it is there.
func (d *dueList) remove(l *lane) {
	if l.due >= 0 {
		heap.Remove((*heapOfLanes)(d), l.due)
	}
}

// popDue takes the earliest lane out, if its time has come.
func (d *dueList) popDue(now time.Time) *lane {
	if len(*d) == 0 || (*d)[0].next.After(now) {
		return nil
	}
	return heap.Pop((*heapOfLanes)(d)).(*lane)
}

// heapOfLanes is dueList for container/heap.
type heapOfLanes []*lane

func (h heapOfLanes) Len() int           { return len(h) }
func (h heapOfLanes) Less(i, j int) bool { return h[i].next.Before(h[j].next) }
func (h heapOfLanes) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].due, h[j].due = i, j
}

func (h *heapOfLanes) Push(x any) {
	l := x.(*lane)
	l.due = len(*h)
	*h = append(*h, l)
}

func (h *heapOfLanes) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	l.due = -1
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}
