package kafkatest

import (
	"bufio"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive tells whether a process with this number exists.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestStopKillsAProcessThatDoesNotListen(t *testing.T) {
	cmd := exec.Command("bash", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("wait until the process is deaf: %v", err)
	}
	if err := p.stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("stop a process that ignores SIGTERM: got %v, want that it was killed", err)
	}
	if alive(cmd.Process.Pid) {
		t.Errorf("process %d is still there", cmd.Process.Pid)
	}
	if err := p.stop(time.Minute); err != nil {
		t.Errorf("stop it again: got %v, want none", err)
	}
}

func TestLaunchOfAMissingProgramFailsAndLeavesNoGoroutine(t *testing.T) {
	if _, err := launch(exec.Command("/no/such/program")); err == nil {
		t.Error("got no error, want one")
	}
}
