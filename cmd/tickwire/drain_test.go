package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSIGTERMDrains(t *testing.T) {
	demo := start(t, onFreePorts("--drain", "8s")...)
	addr := demo.says(`^subscribe ws://(\S+)/v1/ws`)
	admin := demo.says(`^admin +http://(\S+)/`)
	until(t, "the feed is ready", func() bool { _, ok := get("http://" + admin + "/readyz"); return ok })
	for range 8 { // each goes at a moment of its own
		defer neverRead(t, addr).Close()
	}
	until(t, "all are there", func() bool { return metric(t, admin, "tickwire_subscribers") == "8" })
	demo.cmd.Process.Signal(syscall.SIGTERM)
	until(t, "it says that it drains", func() bool { page, _ := get("http://" + admin + "/readyz"); return strings.Contains(page, "draining") })
	select {
	case <-demo.ended:
		if demo.err != nil {
			t.Errorf("it ended with %v", demo.err)
		}
	case <-time.After(patience):
		t.Fatal("it did not end")
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // nobody cleans up behind it
	demo := start(t, onFreePorts("--drain", "1h")...)
	addr := demo.says(`^subscribe ws://(\S+)/v1/ws`)
	admin := demo.says(`^admin +http://(\S+)/`)
	until(t, "the feed is ready", func() bool { _, ok := get("http://" + admin + "/readyz"); return ok })
	client := neverRead(t, addr)
	defer client.Close()
	until(t, "it is there", func() bool { return metric(t, admin, "tickwire_subscribers") == "1" })
	demo.cmd.Process.Signal(syscall.SIGINT)
	until(t, "it says that it drains", func() bool { page, _ := get("http://" + admin + "/readyz"); return strings.Contains(page, "draining") })
	demo.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-demo.ended:
		if got := demo.cmd.ProcessState.ExitCode(); got != interrupted {
			t.Errorf("it ended with %d, want %d", got, interrupted)
		}
	case <-time.After(patience):
		t.Fatal("it did not end")
	}
}

func TestAnAdminAddressForAllIsWarnedOf(t *testing.T) {
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0")
	demo.says(`^(admin)`)
	if said := demo.stderr.text(); strings.Count(said, "admin address") != 1 {
		t.Errorf("got %q, want one line about the admin address", said)
	}
	demo.interrupt()
}
