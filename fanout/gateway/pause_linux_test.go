package gateway

import (
	"syscall"
	"time"
)

// pause sleeps as exactly as the kernel can. time.Sleep is up to a millisecond
// late when nothing else runs, which is more than what is measured.
func pause(d time.Duration) {
	if d > 0 {
		left := syscall.NsecToTimespec(int64(d))
		syscall.Nanosleep(&left, nil)
	}
}
