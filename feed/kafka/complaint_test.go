package kafka

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestComplaintsAreBoundedAndSayHowManyWereLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logbook
		c := complaint{log: log.logger(), interval: time.Second}
		for range 5 {
			c.warn("odd")
		}
		if got := log.count("odd"); got != 1 {
			t.Errorf("lines at once: got %d, want 1", got)
		}
		time.Sleep(time.Second)
		c.warn("odd")
		if log.count("odd") != 2 || log.count("left_out=4") != 1 {
			t.Errorf("after the interval: got %s, want a second line with left_out=4", log.text.String())
		}
	})
}

func TestWatchCallsAPartitionStalledOnlyWhenNothingOfWhatIsThereComes(t *testing.T) {
	now := time.Unix(1000, 0)
	tr := newTracker(0, now, time.Second)
	step := func(after time.Duration, next, end int64, want bool, why string) {
		t.Helper()
		now = now.Add(after)
		tr.tell(Progress{Next: next, End: end})
		if got := tr.stalled(end, now, 30*time.Second); got != want {
			t.Errorf("%s: got %v, want %v", why, got, want)
		}
	}
	step(time.Hour, 5, 5, false, "quiet at the end")
	step(time.Hour, 5, 9, false, "something there for the first time")
	step(30*time.Second, 5, 9, true, "and not read")
	step(10*time.Second, 5, 9, false, "just made anew")
	step(30*time.Second, 6, 99, false, "slow, but moving")
	step(20*time.Second, 6, 99, false, "still for less than the time")
	step(10*time.Second, 6, 99, true, "still for the time")
}
