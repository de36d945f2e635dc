package kafkatest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// say runs the script of this folder and returns all that it said. status is its exit status.
func say(tb testing.TB, env []string, args ...string) (said string, status int) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "/bin/bash", append([]string{"./kafka"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		tb.Error(err)
		return "", -1
	}
	return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
}

func TestScriptStartsAndEndsAServerInTheBackground(t *testing.T) {
	Require(t)
	port, err := freePair()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "a folder")
	addr := "127.0.0.1:" + strconv.Itoa(port)
	t.Cleanup(func() { _ = exec.Command("bash", "./kafka", "down", "--data", dir).Run() })

	steps := []struct {
		name   string
		args   []string
		want   string
		status int
	}{
		{"nothing is up yet", []string{"status"}, "not up", 1},
		{"down with nothing up is fine", []string{"down"}, "not up", 0},
		{"up answers with the address", []string{"up", "--port", strconv.Itoa(port)}, addr, 0},
		{"up again is the same server", []string{"up"}, addr, 0},
		{"run on the same folder is refused", []string{"run"}, "already up at " + addr, 1},
		{"status tells the address", []string{"status"}, "up at " + addr, 0},
		{"down ends it", []string{"down"}, "kafka: down", 0},
		{"then nothing is up", []string{"status"}, "not up", 1},
	}
	for _, step := range steps {
		said, status := say(t, nil, append(step.args, "--data", dir)...)
		if !strings.Contains(said, step.want) || status != step.status {
			t.Fatalf("%s: got %q and status %d, want %q and %d", step.name, said, status, step.want, step.status)
		}
	}
	if !free(port) {
		t.Errorf("port %d is still taken", port)
	}
}

func TestScriptLeavesAForeignProcessAlone(t *testing.T) {
	dir := t.TempDir()
	foreign := exec.Command("sleep", "600")
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	stale := strconv.Itoa(foreign.Process.Pid) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "kafka.pid"), []byte(stale), 0o600); err != nil {
		t.Error(err)
	}
	if said, status := say(t, nil, "down", "--data", dir); !strings.Contains(said, "not up") || status != 0 {
		t.Errorf("down with a stale pid file: got %q and status %d, want \"not up\" and 0", said, status)
	}
	_ = foreign.Process.Kill()
	_ = foreign.Wait()
	if got := foreign.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGKILL {
		t.Errorf("what ended the foreign process: got %v, want this test's own %v", got, syscall.SIGKILL)
	}
}

// machine makes a machine of which only these programs are known: the script's own and the given fakes.
func machine(tb testing.TB, fakes map[string]string) (env []string, cache string) {
	tb.Helper()
	bin, cache := tb.TempDir(), tb.TempDir()
	for _, name := range []string{"bash", "cat", "chmod", "dirname", "flock", "grep", "mkdir", "mktemp", "mv", "rm", "sed", "sleep", "tail"} {
		if path, err := exec.LookPath(name); err == nil {
			if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	for name, text := range fakes {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/usr/bin/env bash\n"+text), 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	return []string{"PATH=" + bin, "JAVA_HOME=", "XDG_CACHE_HOME=" + cache}, cache
}

const (
	java17 = `echo 'openjdk version "17.0.15" 2025-04-15' >&2`
	java11 = `echo 'openjdk version "11.0.2" 2019-01-15' >&2`
	java8  = `echo 'java version "1.8.0_352"' >&2`

	// A Maven that puts one jar where it is told, not at once, and notes the call.
	slowMaven = `for arg; do case $arg in -DoutputDirectory=*) out=${arg#*=};; esac; done
echo called >>"$XDG_CACHE_HOME/calls"; sleep 0.3; echo jar >"$out/a.jar"`
	lonelyMaven = `echo '[ERROR] Could not transfer artifact'; echo '[ERROR] more'; exit 1`
)

func TestScriptSaysInOneLineWhatIsMissing(t *testing.T) {
	tests := []struct {
		name  string
		fakes map[string]string
		args  []string
		want  string
	}{
		{"no Java", nil, []string{"jars"}, "no java found"},
		{"a Java that does not run", map[string]string{"java": "exit 1"}, []string{"jars"}, "does not run"},
		{"Java 11", map[string]string{"java": java11}, []string{"jars"}, "is Java 11, Kafka needs 17"},
		{"Java 8", map[string]string{"java": java8}, []string{"jars"}, "Kafka needs 17"},
		{"no Maven", map[string]string{"java": java17}, []string{"jars"}, "no mvn to fetch them"},
		{"no way to the jars", map[string]string{"java": java17, "mvn": lonelyMaven}, []string{"jars"}, "could not fetch Kafka's jars: Could not transfer artifact"},
		{"port 0", nil, []string{"up", "--port", "0"}, "--port 0 is not a port"},
		{"a port that is a word", nil, []string{"run", "--port", "http"}, "--port http is not a port"},
		{"no port for the controller", nil, []string{"up", "--port", "65535"}, "65536 is not a port"},
		{"one port for both", nil, []string{"up", "--port", "5", "--controller-port", "5"}, "are both 5"},
		{"a flag without its value", nil, []string{"up", "--data"}, "--data wants a value"},
		{"an unknown flag", nil, []string{"up", "--prot", "1"}, "unknown argument --prot"},
		{"an unknown verb", nil, []string{"start"}, "unknown verb start"},
		{"a folder that Kafka cannot take", nil, []string{"up", "--data", "a,b"}, "no comma"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env, cache := machine(t, test.fakes)
			env = append(env, "XDG_STATE_HOME="+t.TempDir())
			said, status := say(t, env, test.args...)
			lines := strings.Split(said, "\n")
			if last := lines[len(lines)-1]; status != 1 || !strings.HasPrefix(last, "kafka: ") || !strings.Contains(last, test.want) {
				t.Errorf("got %q and status %d, want a last line with %q and status 1", said, status, test.want)
			}
			if left, _ := filepath.Glob(filepath.Join(cache, "tickwire", "*kafka*")); len(left) != 0 {
				t.Errorf("left in the cache: %v", left)
			}
		})
	}
}

func TestScriptFetchesTheJarsOnceWhenManyStartAtOnce(t *testing.T) {
	env, cache := machine(t, map[string]string{"java": java17, "mvn": slowMaven})
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("without flock each of them fetches, and only the result is one")
	}
	fetchAtOnce(t, env, cache)
	calls, err := os.ReadFile(filepath.Join(cache, "calls"))
	if got := strings.Count(string(calls), "called"); err != nil || got != 1 {
		t.Errorf("calls of mvn: got %d (%v), want 1", got, err)
	}
}

func TestScriptKeepsOneResultWithoutFlock(t *testing.T) {
	env, cache := machine(t, map[string]string{"java": java17, "mvn": slowMaven})
	bin := strings.TrimPrefix(env[0], "PATH=")
	if err := os.Remove(filepath.Join(bin, "flock")); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	fetchAtOnce(t, env, cache)
}

func fetchAtOnce(tb testing.TB, env []string, cache string) {
	tb.Helper()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if said, status := say(tb, env, "jars"); status != 0 {
				tb.Errorf("got %q and status %d, want status 0", said, status)
			}
		})
	}
	all.Wait()

	jars, _ := filepath.Glob(filepath.Join(cache, "tickwire", "kafka-*", "*"))
	if len(jars) != 1 || filepath.Base(jars[0]) != "a.jar" {
		tb.Errorf("in the cache: got %v, want one folder with a.jar alone", jars)
	}
	if parts, _ := filepath.Glob(filepath.Join(cache, "tickwire", ".part*")); len(parts) != 0 {
		tb.Errorf("left in the cache: %v", parts)
	}
}
