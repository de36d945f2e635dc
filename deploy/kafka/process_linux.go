package kafkatest

import (
	"os"
	"os/exec"
	"syscall"
)

// bind makes the child die with its parent, and gives it a process group: until the script becomes the server,
// its own children must end with it.
func bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func signal(p *os.Process, s syscall.Signal) error { return syscall.Kill(-p.Pid, s) }
