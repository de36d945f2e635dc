package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tickwire/deploy/needs"
)

func TestDemoShowsItsMarketInABrowser(t *testing.T) {
	chromium := browser(t)
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--symbols", "200", "--rate", "5000")
	addr := demo.says(`^dashboard http://(\S+)/`)
	said := saw(t, script(t, chromium, "page.mjs", "http://"+addr+"/"))
	var page struct{ Symbols, Changed int }
	if err := json.Unmarshal([]byte(said), &page); err != nil || page.Symbols != 200 || page.Changed == 0 {
		t.Errorf("the page shows %s (%v), want 200 symbols, some of them changed", said, err)
	}
	demo.interrupt()
}

// browser is the path of Chromium. Without it, or the dashboard and what
// drives it, the test is skipped or fails: see needs.Have.
func browser(t *testing.T) string {
	t.Helper()
	path, err := findBrowser()
	needs.Have(t, "browser", err)
	return path
}

func findBrowser() (string, error) {
	if err := findBuilt("dist/app/index.html", "node_modules/playwright-core"); err != nil {
		return "", err
	}
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium: install it, or name it in CHROMIUM")
}

// findBuilt says what is missing of Node and of what go generate leaves in the
// dashboard's folder.
func findBuilt(paths ...string) error {
	if _, err := exec.LookPath("node"); err != nil {
		return err
	}
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(dashboardFolder, path)); err != nil {
			return fmt.Errorf("there is no %s: go generate ./dashboard makes it", path)
		}
	}
	return nil
}

func TestDemoEndsWhenAskedAndLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	addr := demo.says(`^subscribe ws://(\S+)/v1/ws`)
	until(t, "a hundred symbols", func() bool {
		page, ok := get("http://" + addr + "/v1/symbols")
		return ok && strings.Count(page, ",") >= 100
	})
	deaf := neverRead(t, addr)
	defer deaf.Close()
	demo.interrupt()
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind in the temporary folder: %v (%v)", left, err)
	}
	if said := demo.stderr.text(); strings.Contains(said, "ERROR") || strings.Contains(said, "WARN") {
		t.Errorf("it complained: %s", said)
	}
}

func TestDemoKeepsItsLastValues(t *testing.T) {
	files := recordings(t)
	want := outcomes(t, files[:1])
	dir := t.TempDir()
	final := func(args ...string) string {
		demo := start(t, append([]string{"demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", dir}, args...)...)
		addr := demo.says(`^dashboard http://(\S+)/`)
		page := ""
		until(t, "the last tick of the recording", func() bool {
			page, _ = get("http://" + addr + "/v1/snapshot")
			for symbol, o := range want {
				var m struct {
					Data []struct {
						S string
						N uint64
					}
				}
				if json.Unmarshal([]byte(page), &m) != nil || len(m.Data) != 1 || m.Data[0].S != symbol || m.Data[0].N != o.ordinal {
					return false
				}
			}
			return strings.Contains(page, `"feed":{"state":"live"`) // the age of a recording says nothing
		})
		time.Sleep(100 * time.Millisecond) // a server that ended with its source would be gone by now
		if _, ok := get("http://" + addr + "/v1/symbols"); !ok {
			t.Error("the server ended with the replay")
		}
		demo.interrupt()
		values, _, _ := strings.Cut(page, `"feed":`)
		return values
	}
	first := final("--source", "replay", "--speed", "0", files[0])
	if again := final("--source", "replay", "--speed", "0", emptyRecording(t)); again != first {
		t.Errorf("on the same data directory:\n got %s\nwant %s", again, first)
	}
}

// emptyRecording holds one frame that is no tick.
func emptyRecording(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, []byte("1723161255030314667 {\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161256299,\"s\":\"BTCUSDT\",\"b\":[],\"a\":[]}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
