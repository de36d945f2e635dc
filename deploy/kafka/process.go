package kafkatest

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is one life of the server. Its one goroutine ends when the child has ended.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child has ended
}

func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	bind(cmd)
	started := make(chan error)
	go func() {
		// Linux ends a bound child with the thread that started it, not with the process, so this thread waits with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a server that is told to end does not exit with 0
			close(p.done)
		}
	}()
	return p, <-started
}

// stop asks the child to end and, when it has not done so within the given time, kills it and says so.
func (p *process) stop(within time.Duration) error {
	if p.ended() {
		return nil
	}
	_ = signal(p.cmd.Process, syscall.SIGTERM) // fails only for a child that has ended just now
	select {
	case <-p.done:
		return nil
	case <-time.After(within):
	}
	_ = signal(p.cmd.Process, syscall.SIGKILL)
	<-p.done
	return fmt.Errorf("process %d did not end within %v of SIGTERM and was killed", p.cmd.Process.Pid, within)
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
