package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tickwire/deploy/needs"
	"tickwire/fanout/wire"
)

var dashboardFolder = filepath.Join("..", "..", "dashboard")

// interpreter runs a script: a program, and what the script needs in its
// environment.
type interpreter struct {
	program     string
	environment []string
}

// scriptsToRun says which scripts can run on this machine. What cannot is a
// skipped test of its own, or a failed one: see needs.Have.
func scriptsToRun(t *testing.T) map[string]interpreter {
	can := make(map[string]interpreter)
	for script, module := range map[string]string{"ws.mjs": "ws", "undici.mjs": "undici"} {
		t.Run("Node with "+module, func(t *testing.T) {
			needs.Have(t, "browser", findBuilt("node_modules/"+module))
			can[script] = interpreter{program: "node"}
		})
	}
	t.Run("Chromium", func(t *testing.T) {
		can["socket.mjs"] = interpreter{"node", []string{"CHROMIUM=" + browser(t)}}
	})
	t.Run("Python with websockets", func(t *testing.T) {
		can["visit.py"] = interpreter{program: python(t)}
	})
	return can
}

// program is another program that runs in the background until it ends or the
// test does. After ended is closed err is how it ended.
type program struct {
	*exec.Cmd
	stderr lines
	ended  chan struct{}
	err    error
}

// startProgram starts what is made ready, and has out get what it prints.
func startProgram(t *testing.T, run *exec.Cmd, out io.Writer) *program {
	t.Helper()
	p := &program{Cmd: run, ended: make(chan struct{})}
	run.WaitDelay = time.Second // for a browser that outlives its script
	run.Stdout, run.Stderr = out, &p.stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = run.Wait()
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends it at once.
func (p *program) kill() {
	p.Process.Kill()
	<-p.ended
}

// startScript starts a script beside the dashboard.
func startScript(t *testing.T, by interpreter, name string, task any, out io.Writer) *program {
	t.Helper()
	run := exec.Command(by.program, filepath.Join("e2e", name), string(wire.Marshal(task)))
	run.Dir, run.Env = dashboardFolder, append(os.Environ(), by.environment...)
	return startProgram(t, run, out)
}

// visitInScript carries out the tasks of one script in the background. Each is
// reported when it ends; a script that ends without the report of a task gets
// one that says so.
func visitInScript(t *testing.T, name string, by interpreter, tasks []task, reports chan<- account) {
	t.Helper()
	var telling sync.WaitGroup
	t.Cleanup(telling.Wait)
	printed, out := io.Pipe()
	s := startScript(t, by, name, tasks, out)
	telling.Go(func() {
		<-s.ended
		out.Close()
	})
	telling.Go(func() {
		said := make(map[string]bool)
		for d := json.NewDecoder(printed); ; {
			var r account
			if d.Decode(&r) != nil {
				break
			}
			said[r.Name] = true
			reports <- r
		}
		io.Copy(io.Discard, printed)
		for _, task := range tasks {
			if !said[task.Name] {
				reports <- account{Name: task.Name, Faults: []string{name + " ended without a report (" + errorText(s.err) + "): " + s.stderr.text()}}
			}
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return "as if all were well"
	}
	return err.Error()
}
