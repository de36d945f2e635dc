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
	next   time.Duration // since the shard began: no update of this lane before, while it is in the due list
	turn   *turn         // of the due list, while it is in it
	due    int           // place in turn; -1: not in the due list, it may send
	sends  bool          // the frame under assembly has updates of this lane
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

// dueList is the lanes that have sent and must wait for their rate, by when their
// turn comes. Lanes of one rate have few turns, see grid: so one comes into the
// list, and out of it, without being compared with the others.
type dueList struct {
	turns []*turn // a heap, the earliest first
	at    map[time.Duration]*turn
	last  *turn // that a lane was put into
	spare []*turn
}

// turn is the lanes that may send again from one time on.
type turn struct {
	at    time.Duration // since the shard began
	lanes []*lane
	place int // in dueList.turns
}

// keptTurns bounds the turns that are kept to be used again.
const keptTurns = 16

func newDueList() dueList { return dueList{at: make(map[time.Duration]*turn)} }

// push puts l in, unless it is there.
func (d *dueList) push(l *lane) {
	if l.due >= 0 {
		return
	}
	t := d.last
	if t == nil || t.at != l.next {
		t = d.turn(l.next)
	}
	d.last, l.turn, l.due = t, t, len(t.lanes)
	t.lanes = append(t.lanes, l)
}

// turn is the one at that time.
func (d *dueList) turn(at time.Duration) *turn {
	t := d.at[at]
	if t != nil {
		return t
	}
	if last := len(d.spare) - 1; last >= 0 {
		t, d.spare = d.spare[last], d.spare[:last]
	} else {
		t = new(turn)
	}
	t.at = at
	d.at[at] = t
	heap.Push((*heapOfTurns)(&d.turns), t)
	return t
}

// remove takes l out, if it is there.
func (d *dueList) remove(l *lane) {
	if l.due < 0 {
		return
	}
	t, last := l.turn, len(l.turn.lanes)-1
	t.lanes[l.due] = t.lanes[last]
	t.lanes[l.due].due = l.due
	t.lanes[last] = nil
	t.lanes = t.lanes[:last]
	l.turn, l.due = nil, -1
	if last == 0 {
		d.end(t)
	}
}

// end takes a turn out that has no lanes any more.
func (d *dueList) end(t *turn) {
	heap.Remove((*heapOfTurns)(&d.turns), t.place)
	delete(d.at, t.at)
	if d.last == t {
		d.last = nil
	}
	if len(d.spare) < keptTurns {
		d.spare = append(d.spare, t)
	}
}

// popDue takes a lane of the earliest turn out, if its time has come.
func (d *dueList) popDue(now time.Duration) *lane {
	next, waits := d.next()
	if !waits || next > now {
		return nil
	}
	lanes := d.turns[0].lanes
	l := lanes[len(lanes)-1]
	d.remove(l)
	return l
}

// next is when the earliest turn comes, if there is one.
func (d *dueList) next() (at time.Duration, waits bool) {
	if len(d.turns) == 0 {
		return 0, false
	}
	return d.turns[0].at, true
}

// heapOfTurns is dueList.turns for container/heap.
type heapOfTurns []*turn

func (h heapOfTurns) Len() int           { return len(h) }
func (h heapOfTurns) Less(i, j int) bool { return h[i].at < h[j].at }
func (h heapOfTurns) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *heapOfTurns) Push(x any) {
	t := x.(*turn)
	t.place = len(*h)
	*h = append(*h, t)
}

func (h *heapOfTurns) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
