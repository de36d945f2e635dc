//go:build !linux

package kafkatest

import (
	"os"
	"os/exec"
	"syscall"
)

// bind has nothing to bind with here: the child shares the terminal's process group, so that Ctrl-C reaches it.
func bind(*exec.Cmd) {}

func signal(p *os.Process, s syscall.Signal) error { return p.Signal(s) }
