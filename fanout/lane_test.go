package fanout

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTheDueListGivesEveryLaneAtItsTime drives a list with random lanes, many of
// them due together, and compares what it gives with a plain set of lanes.
func TestTheDueListGivesEveryLaneAtItsTime(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	list, now := newDueList(), time.Duration(0)
	lanes := make([]*lane, 200)
	for i := range lanes {
		lanes[i] = &lane{due: -1}
	}
	in := make(map[*lane]bool)
	for range 20_000 {
		switch l := lanes[r.IntN(len(lanes))]; r.IntN(4) {
		case 0:
			list.remove(l)
			delete(in, l)
		case 1:
			now += time.Duration(r.IntN(3))
			for l := list.popDue(now); l != nil; l = list.popDue(now) {
				if !in[l] || l.next > now {
					t.Fatalf("at %d: got a lane of %d that is in the list: %t", now, l.next, in[l])
				}
				delete(in, l)
			}
		default:
			if l.due < 0 {
				l.next = now + time.Duration(r.IntN(20))
			}
			list.push(l)
			in[l] = true
		}
		if err := compareDue(&list, lanes, in); err != nil {
			t.Fatalf("at %d: %v", now, err)
		}
	}
}

// compareDue says how the list differs from what should be in it.
func compareDue(list *dueList, lanes []*lane, in map[*lane]bool) error {
	earliest, waits := time.Duration(0), false
	for i, l := range lanes {
		if (l.due >= 0) != in[l] {
			return fmt.Errorf("lane %d: due %d, in the list: %t", i, l.due, in[l])
		}
		if in[l] && (!waits || l.next < earliest) {
			earliest, waits = l.next, true
		}
	}
	if at, some := list.next(); at != earliest || some != waits {
		return fmt.Errorf("next: got %d, %t; want %d, %t", at, some, earliest, waits)
	}
	if len(list.batches) != len(list.at) || len(list.spare) > keptBatches {
		return fmt.Errorf("%d batches, %d by time, %d spare", len(list.batches), len(list.at), len(list.spare))
	}
	return nil
}
