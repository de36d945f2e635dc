package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/pprof/profile"
	"go.uber.org/goleak"
)

// pyroscopeServer takes pushes as Pyroscope does: profiles in pprof's format,
// in the parts of a form, at /ingest.
type pyroscopeServer struct {
	t *testing.T
	*httptest.Server
	hold func() bool // answers wait while it is true; nil: none do

	mu     sync.Mutex
	pushed []push
}

// push is one profile with what its request says about it.
type push struct {
	name           string
	tags           map[string]string
	user, password string
	*profile.Profile
}

func startPyroscope(t *testing.T) *pyroscopeServer {
	s := &pyroscopeServer{t: t}
	s.Server = httptest.NewServer(http.HandlerFunc(s.ingest))
	t.Cleanup(s.Close)
	return s
}

func (s *pyroscopeServer) ingest(w http.ResponseWriter, r *http.Request) {
	for s.hold != nil && s.hold() {
		time.Sleep(5 * time.Millisecond)
	}
	p, err := readPush(r)
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushed = append(s.pushed, p)
}

func readPush(r *http.Request) (p push, err error) {
	if r.Method != http.MethodPost || r.URL.Path != "/ingest" {
		return p, errors.New("this is no push")
	}
	p.user, p.password, _ = r.BasicAuth()
	if p.name, p.tags, err = readName(r.URL.Query().Get("name")); err != nil {
		return p, err
	}
	file, _, err := r.FormFile("profile")
	if err != nil {
		return p, err
	}
	defer file.Close()
	p.Profile, err = profile.Parse(file)
	return p, err
}

// readName takes name{tag=value,tag=value} apart.
func readName(s string) (name string, tags map[string]string, err error) {
	name, rest, ok := strings.Cut(s, "{")
	rest, closed := strings.CutSuffix(rest, "}")
	if !ok || !closed || strings.ContainsAny(rest, "{}") {
		return "", nil, fmt.Errorf("the name %q is not name{tag=value}", s)
	}
	tags = make(map[string]string)
	for tag := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(tag, "=")
		if !ok {
			return "", nil, fmt.Errorf("the name %q has a tag without a value", s)
		}
		tags[key] = value
	}
	return name, tags, nil
}

// has reports whether a profile was pushed that has the sample type and, in a
// sample that is not zero, the function.
func (s *pyroscopeServer) has(sample, function string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pushed {
		if i, err := p.SampleIndexByName(sample); err == nil && shows(p.Profile, i, function) {
			return true
		}
	}
	return false
}

func shows(p *profile.Profile, sample int, function string) bool {
	for _, s := range p.Sample {
		for _, at := range s.Location {
			for _, line := range at.Line {
				if s.Value[sample] != 0 && strings.HasSuffix(line.Function.Name, function) {
					return true
				}
			}
		}
	}
	return false
}

func (s *pyroscopeServer) pushes() []push {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]push(nil), s.pushed...)
}

// testProfiler pushes often.
func testProfiler(server, node string, log io.Writer) *profiler {
	u, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	p := newProfiler(u, node)
	p.every = 100 * time.Millisecond
	p.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return p
}

// running runs p until stop is called or the test ends; stop waits for its end
// and for that of all goroutines.
func running(t *testing.T, p *profiler) (stop func()) {
	others := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the profiler: %v", err)
			}
		case <-time.After(patience):
			t.Fatal("the profiler does not end")
		}
		goleak.VerifyNone(t, others)
	})
	t.Cleanup(stop)
	return stop
}

// work is what the profiles are to show, until stop is called.
func work(t *testing.T) (stop func()) {
	var workers sync.WaitGroup
	var mu sync.Mutex
	ended := make(chan struct{})
	for range 2 {
		workers.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					workUnderLock(&mu)
				}
			}
		})
	}
	workers.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.GC() // a heap profile is as of the last one
			}
		}
	})
	stop = sync.OnceFunc(func() { close(ended); workers.Wait() })
	t.Cleanup(stop)
	return stop
}

var workDone []byte

//go:noinline
func workUnderLock(mu *sync.Mutex) {
	mu.Lock()
	defer mu.Unlock()
	workDone = bytes.Repeat([]byte("work"), 64<<10)
	runtime.Gosched() // the other one comes, and waits
}

func TestProfilesArePushed(t *testing.T) {
	server := startPyroscope(t)
	at := strings.Replace(server.URL, "http://", "http://user:secret@", 1)
	var log lines
	done := work(t)
	stop := running(t, testProfiler(at, "node,1}", &log))
	for _, want := range []struct{ sample, function string }{
		{"cpu", "workUnderLock"},
		{"alloc_objects", "workUnderLock"}, {"alloc_space", "workUnderLock"}, {"inuse_objects", "workUnderLock"}, {"inuse_space", "workUnderLock"},
		{"goroutine", "(*profiler).run"},
		{"contentions", "workUnderLock"}, {"delay", "workUnderLock"},
	} {
		until(t, fmt.Sprintf("a profile of %s with %s: %s", want.sample, want.function, log.text()), func() bool { return server.has(want.sample, want.function) })
	}
	done()
	stop()
	for _, p := range server.pushes() {
		if p.name != "tickwire" || p.tags["node"] != "node_1_" || p.tags["version"] != version() {
			t.Errorf("got %s with tags %v, want tickwire with node node_1_ and version %s", p.name, p.tags, version())
		}
		if p.user != "user" || p.password != "secret" {
			t.Errorf("got user %q and password %q, want those of the URL", p.user, p.password)
		}
	}
	if said := log.text(); strings.Contains(said, "WARN") || strings.Contains(said, "secret") {
		t.Errorf("it complained, or told a secret: %s", said)
	}
	if before := runtime.SetMutexProfileFraction(-1); before != 0 {
		t.Errorf("waits for locks are still measured: one in %d", before)
	}
}

func TestAtTheEndEverythingIsPushedThatWaits(t *testing.T) {
	server := startPyroscope(t)
	var log lines
	says := func(what string) bool { return strings.Contains(log.text(), what) }
	server.hold = func() bool { return !says("cpu profile collector stopped") }
	p := testProfiler(server.URL, "n", &log)
	p.answer, p.grace = time.Hour, time.Hour
	stop := running(t, p)
	until(t, "three pushes", func() bool { return strings.Count(log.text(), "session reset") > 3 })
	stop()
	pushed := server.pushes()
	if len(pushed) < 6 {
		t.Fatalf("got %d profiles, want those of three pushes, of locks and goroutines at least: %s", len(pushed), log.text())
	}
	if _, err := pushed[len(pushed)-1].SampleIndexByName("cpu"); err != nil {
		t.Errorf("the last profile is not that of the CPU: %v", err)
	}
	if says("WARN") {
		t.Errorf("it complained: %s", log.text())
	}
}

func TestTheEndDoesNotWaitForASilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes connections, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var log lines
	p := testProfiler("http://"+silent.Addr().String(), "n", &log)
	p.answer, p.grace = time.Hour, time.Millisecond
	stop := running(t, p)
	until(t, "an upload", func() bool { return strings.Contains(log.text(), "uploading at") })
	stop()
	if want := errLate.Error(); !strings.Contains(log.text(), want) {
		t.Errorf("got %s, want it to say %q", log.text(), want)
	}
}

func TestAServerThatCannotTakeProfilesIsToldOnce(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, strings.Repeat("full ", 10_000), http.StatusInsufficientStorage)
	}))
	defer full.Close()
	moved := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusMovedPermanently))
	defer moved.Close()
	for _, tc := range []struct{ scenario, url, says string }{
		{"nobody listens", gone.URL, "connection refused"},
		{"it has no room", full.URL, "507"},
		{"it is elsewhere", moved.URL, "301"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var log lines
			stop := running(t, testProfiler(tc.url, "n", &log))
			until(t, "three uploads", func() bool { return strings.Count(log.text(), "uploading at") > 3 })
			stop()
			var warnings []string
			for line := range strings.Lines(log.text()) {
				if strings.Contains(line, "WARN") {
					warnings = append(warnings, line)
				}
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], tc.says) || len(warnings[0]) > 1000 {
				t.Errorf("got %d warnings, %q, want one that says %q in a line", len(warnings), warnings, tc.says)
			}
		})
	}
}

func TestWarningsOfThePyroscopeLogAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lines
		log := &pyroscopeLog{log: slog.New(slog.NewTextHandler(&out, nil)), interval: time.Minute}
		for range 3 {
			log.Errorf("lost %d", 1)
			log.Infof("started")
		}
		time.Sleep(time.Minute)
		log.Errorf("lost %d", 2)
		said := out.text()
		if strings.Count(said, "\n") != 2 || !strings.Contains(said, `error="lost 1" left_out=0`) || !strings.Contains(said, `error="lost 2" left_out=2`) {
			t.Errorf("got %s, want the first, and that two were left out", said)
		}
	})
}

func TestPyroscopeURL(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:4040": "http://127.0.0.1:4040", "https://u:p@host/path/": "https://u:p@host/path/", "": "",
	} {
		var u pyroscopeURL
		if err := u.UnmarshalText([]byte(text)); err != nil || want != "" && u.server.String() != want || want == "" && u.server != nil {
			t.Errorf("%q: got %v (%v), want %q", text, u.server, err, want)
		}
	}
	for _, text := range []string{"host:4040", "127.0.0.1:4040", "ftp://host", "http://", "http://:4040", "http:host", "http://u:secret@ho st", "/ingest"} {
		var u pyroscopeURL
		if err := u.UnmarshalText([]byte(text)); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want an error in one line that tells no secret", text, err)
		}
	}
}

// TestOperatorsAndPyroscopeShareTheCPUProfile has the demo asked for one while
// it pushes its own, and ended in the middle of another.
func TestOperatorsAndPyroscopeShareTheCPUProfile(t *testing.T) {
	server := startPyroscope(t)
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--node", "node-1", "--pyroscope", server.URL)
	clients, admin := demo.says(`^dashboard http://(\S+)/`), demo.says(`^admin +http://(\S+)/`)
	short := "http://" + admin + "/debug/pprof/profile?seconds=1"
	until(t, "a CPU profile that both get", func() bool {
		page, ok := get(short)
		if p, err := profile.ParseData([]byte(page)); !ok || err != nil || len(p.Sample) == 0 {
			t.Fatalf("the operators got %.200q (%v), want a profile that is not empty", page, err)
		}
		return server.has("cpu", "")
	})
	long := make(chan struct{})
	go func() {
		defer close(long)
		for refused(admin) {
		}
	}()
	until(t, "the long profile keeps others out", func() bool { _, ok := get(short); return !ok })
	if page, ok := get("http://" + clients + "/debug/pprof/heap"); ok {
		t.Errorf("clients get profiles: %.200q", page)
	}
	demo.interrupt()
	<-long
	for _, p := range server.pushes() {
		if p.name != "tickwire" || p.tags["node"] != "node-1" {
			t.Errorf("got a profile of %s with tags %v, want tickwire of node-1", p.name, p.tags)
		}
	}
	if said := demo.stderr.text(); strings.Contains(said, "ERROR") || strings.Contains(said, "WARN") {
		t.Errorf("it complained: %s", said)
	}
}

// refused asks for a CPU profile of an hour. It returns when that is refused,
// as another one is being taken, or, with false, when the server has ended.
func refused(admin string) bool {
	r, err := http.NewRequest("GET", "http://"+admin+"/debug/pprof/profile?seconds=3600", nil)
	if err != nil {
		return false
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusInternalServerError
}
