package main

import (
	"os"
	"os/exec"
	"testing"
)

func TestAPersonUsesTheDashboard(t *testing.T) {
	chromium := quickBrowser(t)
	play := script(t, chromium, "person.mjs", os.Args[0])
	play.Env = append(play.Env, asMain+"=1") // it starts what it looks at
	t.Log(saw(t, play))
}

func TestAPersonBringsTheDashboardAToken(t *testing.T) {
	chromium := quickBrowser(t)
	play := script(t, chromium, "token.mjs", os.Args[0])
	play.Env = append(play.Env, asMain+"=1")
	t.Log(saw(t, play))
}

func TestTheDashboardIsForEveryoneAndLight(t *testing.T) {
	chromium := quickBrowser(t)
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--symbols", "300", "--rate", "2000")
	url := "http://" + demo.says(`^dashboard http://(\S+)/`) + "/"
	for _, name := range []string{"axe.mjs", "weight.mjs", "operator.mjs"} {
		t.Log(saw(t, script(t, chromium, name, url)))
	}
	demo.interrupt()
}

// The figures are printed, not judged, but for the heap: a machine has other
// work to do.
func TestTheDashboardRunsUnderLoad(t *testing.T) {
	chromium := quickBrowser(t)
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--symbols", "2000", "--rate", "20000")
	url := "http://" + demo.says(`^dashboard http://(\S+)/`) + "/"
	t.Log(saw(t, script(t, chromium, "perf.mjs", url, "10")))
	demo.interrupt()
}

// quickBrowser is browser, for what a person sees while the server keeps up.
func quickBrowser(t *testing.T) string {
	t.Helper()
	if raced {
		t.Skip("under the race detector the server is too slow for a page that a person watches; other tests have it and Chromium together")
	}
	return browser(t)
}

// script is one of the dashboard's that looks at the page in a browser.
func script(t *testing.T, chromium, name string, args ...string) *exec.Cmd {
	t.Helper()
	look := exec.CommandContext(t.Context(), "node", append([]string{"e2e/" + name}, args...)...)
	look.Dir = dashboardFolder
	look.Env = append(os.Environ(), "CHROMIUM="+chromium)
	return look
}

// saw is what a script printed of what it saw.
func saw(t *testing.T, look *exec.Cmd) string {
	t.Helper()
	said, err := look.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return string(said)
}
