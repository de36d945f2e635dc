package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// asMain makes the test binary be tickwire: the tests run the real program in
// processes of its own.
const asMain = "TICKWIRE_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// patience is for what must happen; only a failure takes that long.
const patience = 4 * time.Minute

// process is a running tickwire, or another program.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout lines
	stderr lines
	ended  chan struct{} // closed when it has
	err    error         // how it ended
}

// start runs tickwire with args until it ends or the test does.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	return launch(t, "tickwire", cmd)
}

// launch runs a program until it ends or the test does.
func launch(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s %s\nstdout: %s\nstderr: %s", name, strings.Join(cmd.Args[1:], " "), p.stdout.text(), p.stderr.text())
		}
		p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// says waits for a line on standard output that matches, and returns what the
// first parentheses hold.
func (p *process) says(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	var found []string
	until(p.t, "the line "+pattern, func() bool {
		select {
		case <-p.ended:
			p.t.Fatalf("tickwire ended (%v) without a line %s: %s", p.err, pattern, p.stderr.text())
		default:
		}
		found = re.FindStringSubmatch(p.stdout.text())
		return found != nil
	})
	return found[1]
}

// interrupt sends what Ctrl-C does and waits for a clean end.
func (p *process) interrupt() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.ended:
		if p.err != nil {
			p.t.Errorf("after Ctrl-C: %v: %s", p.err, p.stderr.text())
		}
	case <-time.After(patience):
		p.cmd.Process.Signal(syscall.SIGQUIT) // shows the goroutines
		<-p.ended
		p.t.Fatalf("it did not end: %s", p.stderr.text())
	}
}

// lines collects output.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// until polls for a condition that must come true; why says what is missing.
func until(t *testing.T, why string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", why)
		}
	}
}

// get fetches a page, or reports false.
func get(url string) (string, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return "", false
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err == nil && answer.StatusCode == http.StatusOK
}

// metric is the value of a metric without labels, as text.
func metric(t *testing.T, admin, name string) string {
	t.Helper()
	page, ok := get("http://" + admin + "/metrics")
	if !ok {
		t.Fatalf("no metrics at %s", admin)
	}
	for s := bufio.NewScanner(strings.NewReader(page)); s.Scan(); {
		if value, ok := strings.CutPrefix(s.Text(), name+" "); ok {
			return value
		}
	}
	t.Fatalf("no metric %s", name)
	return ""
}
