//go:build unix

package gateway

import (
	"math"
	"syscall"
)

// openFiles is how many files, sockets among them, the process may open.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}
