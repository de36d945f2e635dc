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
	batch  *batch        // of the due list, while it is in it
	due    int           // place in batch; -1: not in the due list, it may send
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

// dueList is the lanes that have sent and must wait for their rate, by the time
// that they wait for. Lanes of one rate have few such times, see grid: so one comes into the
// list, and out of it, without being compared with the others.
type dueList struct {
	batches []*batch // a heap, the earliest first
	at      map[time.Duration]*batch
	last    *batch // that a lane was put into
	spare   []*batch
}

// batch is the lanes that may send again from one time on.
type batch struct {
	at    time.Duration // since the shard began
	lanes []*lane
	place int // in dueList.batches
}

// keptBatches bounds the batches that are kept to be used again.
const keptBatches = 64

func newDueList() dueList { return dueList{at: make(map[time.Duration]*batch)} }

// push puts l in, unless it is there.
func (d *dueList) push(l *lane) {
	if l.due >= 0 {
		return
	}
	b := d.last
	if b == nil || b.at != l.next {
		b = d.batch(l.next)
	}
	d.last, l.batch, l.due = b, b, len(b.lanes)
	b.lanes = append(b.lanes, l)
}

// batch is the one at that time.
func (d *dueList) batch(at time.Duration) *batch {
	b := d.at[at]
	if b != nil {
		return b
	}
	if last := len(d.spare) - 1; last >= 0 {
		b, d.spare = d.spare[last], d.spare[:last]
	} else {
		b = new(batch)
	}
	b.at = at
	d.at[at] = b
	heap.Push((*heapOfBatches)(&d.batches), b)
	return b
}

// remove takes l out, if it is there.
func (d *dueList) remove(l *lane) {
	if l.due < 0 {
		return
	}
	b, last := l.batch, len(l.batch.lanes)-1
	b.lanes[l.due] = b.lanes[last]
	b.lanes[l.due].due = l.due
	b.lanes[last] = nil
	b.lanes = b.lanes[:last]
	l.batch, l.due = nil, -1
	if last == 0 {
		d.end(b)
	}
}

// end takes a batch out that has no lanes any more.
func (d *dueList) end(b *batch) {
	heap.Remove((*heapOfBatches)(&d.batches), b.place)
	delete(d.at, b.at)
	if d.last == b {
		d.last = nil
	}
	if len(d.spare) < keptBatches {
		d.spare = append(d.spare, b)
	}
}

// popDue takes a lane of the earliest batch out, if its time has come.
func (d *dueList) popDue(now time.Duration) *lane {
	next, waits := d.next()
	if !waits || next > now {
		return nil
	}
	lanes := d.batches[0].lanes
	l := lanes[len(lanes)-1]
	d.remove(l)
	return l
}

// next is when the earliest batch comes, if there is one.
func (d *dueList) next() (at time.Duration, waits bool) {
	if len(d.batches) == 0 {
		return 0, false
	}
	return d.batches[0].at, true
}

// heapOfBatches is dueList.batches for container/heap.
type heapOfBatches []*batch

func (h heapOfBatches) Len() int           { return len(h) }
func (h heapOfBatches) Less(i, j int) bool { return h[i].at < h[j].at }
func (h heapOfBatches) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *heapOfBatches) Push(x any) {
	b := x.(*batch)
	b.place = len(*h)
	*h = append(*h, b)
}

func (h *heapOfBatches) Pop() any {
	last := len(*h) - 1
	b := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return b
}
