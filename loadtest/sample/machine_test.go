package sample

import (
	"runtime"
	"testing"
)

func TestTheMachineIsNamed(t *testing.T) {
	m := Machine(t.Context())
	if m.OS != runtime.GOOS || m.CPUs < 1 || m.Memory < 1<<20 || m.Kernel == "" {
		t.Errorf("got %+v, want its system, CPUs, memory and kernel", m)
	}
}
