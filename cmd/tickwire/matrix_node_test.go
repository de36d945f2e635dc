package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tickwire/fanout/wire"
)

var dashboardFolder = filepath.Join("..", "..", "dashboard")

// scriptsToRun says which scripts can run on this machine, and what each needs
// in its environment. What cannot is a skipped test of its own, or a failed one
// where TICKWIRE_REQUIRE asks for it.
func scriptsToRun(t *testing.T) map[string][]string {
	can := make(map[string][]string)
	for script, module := range map[string]string{"ws.mjs": "ws", "undici.mjs": "undici"} {
		t.Run("Node with "+module, func(t *testing.T) {
			needModule(t, module)
			can[script] = nil
		})
	}
	t.Run("Chromium", func(t *testing.T) {
		can["socket.mjs"] = []string{"CHROMIUM=" + browser(t)}
	})
	return can
}

// needModule skips the test without Node and the module; see browser.
func needModule(t *testing.T, module string) {
	missing := t.Skipf
	if slices.Contains(strings.Split(os.Getenv("TICKWIRE_REQUIRE"), ","), "browser") {
		missing = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing("needs Node: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dashboardFolder, "node_modules", module)); err != nil {
		missing("needs the npm package %s: go generate ./dashboard installs it", module)
	}
}

// visitInNode carries out the tasks of one script in the background. A script
// that ends without the report of a task gets one that says so.
func visitInNode(t *testing.T, script string, environment []string, tasks []task, reports chan<- report) {
	t.Helper()
	var stdout, stderr lines
	node := exec.Command("node", filepath.Join("e2e", script), string(wire.Marshal(tasks)))
	node.Dir = dashboardFolder
	node.Env = append(os.Environ(), environment...)
	node.WaitDelay = time.Second // for a browser that outlives its script
	node.Stdout, node.Stderr = &stdout, &stderr
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := node.Wait()
		said := make(map[string]report)
		for d := json.NewDecoder(strings.NewReader(stdout.text())); ; {
			var r report
			if d.Decode(&r) != nil {
				break
			}
			said[r.Name] = r
		}
		for _, task := range tasks {
			r, ok := said[task.Name]
			if !ok {
				r = report{Name: task.Name, Faults: []string{script + " ended without a report (" + errorText(err) + "): " + stderr.text()}}
			}
			reports <- r
		}
	}()
	t.Cleanup(func() {
		node.Process.Kill()
		<-ended
	})
}

func errorText(err error) string {
	if err == nil {
		return "as if all were well"
	}
	return err.Error()
}
