package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/grafana/pyroscope-go"
	"github.com/grafana/pyroscope-go/upstream/remote"
)

// pyroscopeURL is the value of --pyroscope. Without a URL nothing is profiled.
type pyroscopeURL struct{ server *url.URL }

// UnmarshalText takes the URL of a server. The error does not repeat the text,
// which may hold a password.
func (u *pyroscopeURL) UnmarshalText(text []byte) error {
	u.server = nil
	if len(text) == 0 {
		return nil
	}
	parsed, err := url.Parse(string(text))
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		return errors.New("this is not the URL of a server; give one such as http://127.0.0.1:4040")
	}
	u.server = parsed
	return nil
}

// profiler pushes profiles of this process to a Pyroscope server: CPU, heap,
// goroutines, and waits for locks. A process can run one at a time.
type profiler struct {
	server *url.URL // its user and password, if any, are for basic authentication
	node   string
	log    *slog.Logger
	every  time.Duration // from one push to the next
	answer time.Duration // that the server has for one request
	grace  time.Duration // that all requests have after the end
}

func newProfiler(server *url.URL, node string) *profiler {
	return &profiler{server: server, node: node, log: slog.Default(), every: 15 * time.Second, answer: 10 * time.Second, grace: 2 * time.Second}
}

var errLate = errors.New("the process ends and does not wait any longer")

// mutexFraction has one in so many waits for a lock measured: enough to find
// the lock that is waited for, too few to be felt by those that wait.
const mutexFraction = 10

// run profiles until ctx ends and then pushes the last CPU profile. It returns
// within a little more than p.grace, whatever the server does.
func (p *profiler) run(ctx context.Context) error {
	before := runtime.SetMutexProfileFraction(mutexFraction)
	defer runtime.SetMutexProfileFraction(before)
	pushing, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	pushes := p.pushes(pushing)
	defer pushes.http.CloseIdleConnections()
	uploads, session, err := p.session(pushes)
	if err != nil {
		return fmt.Errorf("--pyroscope: %w", err)
	}
	p.log.Info("pushing profiles", "to", p.server.Redacted(), "every", p.every)
	uploads.Start()
	defer uploads.Stop()
	if err := session.Start(); err != nil {
		return fmt.Errorf("--pyroscope: %w", err)
	}
	<-ctx.Done()
	session.Stop()
	late := time.AfterFunc(p.grace, func() { giveUp(errLate) })
	defer late.Stop()
	uploads.Flush()
	return nil
}

// session puts pyroscope's parts together as pyroscope.Start does, which has no
// way to bound the time that the end takes.
func (p *profiler) session(client remote.HTTPClient) (*remote.Remote, *pyroscope.Session, error) {
	log := &pyroscopeLog{log: p.log, interval: time.Minute}
	server := *p.server
	server.User = nil // it would be in the log; credentials are with the client
	uploads, err := remote.NewRemote(remote.Config{Address: server.String(), Threads: 1, HTTPClient: client, Logger: log})
	if err != nil {
		return nil, nil, err
	}
	session, err := pyroscope.NewSession(pyroscope.SessionConfig{
		Upstream: uploads,
		Logger:   log,
		AppName:  "tickwire",
		Tags:     map[string]string{"node": tagValue(p.node), "version": tagValue(version())},
		ProfilingTypes: []pyroscope.ProfileType{
			pyroscope.ProfileCPU,
			pyroscope.ProfileAllocObjects, pyroscope.ProfileAllocSpace, pyroscope.ProfileInuseObjects, pyroscope.ProfileInuseSpace,
			pyroscope.ProfileGoroutines,
			pyroscope.ProfileMutexCount, pyroscope.ProfileMutexDuration,
		},
		UploadRate: p.every,
		// A heap profile is as of the last collection. Go has one every two
		// minutes at least, and more of them would change what is profiled.
		DisableGCRuns: true,
	})
	return uploads, session, err
}

// pushes makes the requests of one session.
type pushes struct {
	http *http.Client
	user *url.Userinfo
	ctx  context.Context // of all requests: the library gives them none
}

func (p *profiler) pushes(ctx context.Context) *pushes {
	return &pushes{user: p.server.User, ctx: ctx, http: &http.Client{
		Transport: http.DefaultTransport.(*http.Transport).Clone(),
		Timeout:   p.answer,
		// A POST that is sent elsewhere may get there as a GET, and be thanked for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answerBytes are as many as the library may read, and log, of an answer.
const answerBytes = 512

// Do sends one profile.
func (p *pushes) Do(r *http.Request) (*http.Response, error) {
	r = r.WithContext(p.ctx)
	if p.user != nil {
		password, _ := p.user.Password()
		r.SetBasicAuth(p.user.Username(), password)
	}
	answer, err := p.http.Do(r)
	if long := new(url.Error); errors.As(err, &long) {
		return nil, long.Err // without the URL, which is full of tags
	}
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, answerBytes), answer.Body}
	return answer, nil
}

// version is that of this build: of the module, or of the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return cmp.Or(info.Main.Version, "unknown")
}

// tagValue keeps a value from ending early: tags are pushed as {name=value,name=value}.
func tagValue(s string) string { return strings.NewReplacer(",", "_", "{", "_", "}", "_").Replace(s) }

// pyroscopeLog is a pyroscope.Logger. A server that cannot be reached is a
// warning with every push: most of them are left out. Safe for concurrent use.
type pyroscopeLog struct {
	log      *slog.Logger
	interval time.Duration // between warnings

	mu      sync.Mutex
	last    time.Time
	skipped int
}

// Debugf is for what pyroscope does.
func (l *pyroscopeLog) Debugf(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("pyroscope: " + fmt.Sprintf(format, args...))
	}
}

// Infof is for what pyroscope was started with.
func (l *pyroscopeLog) Infof(format string, args ...any) { l.Debugf(format, args...) }

// Errorf is for a profile that is lost. Profiling goes on.
func (l *pyroscopeLog) Errorf(format string, args ...any) {
	l.mu.Lock()
	now := time.Now()
	if !l.last.IsZero() && now.Sub(l.last) < l.interval {
		l.skipped++
		l.mu.Unlock()
		return
	}
	skipped := l.skipped
	l.last, l.skipped = now, 0
	l.mu.Unlock()
	l.log.Warn("a profile was lost: see whether the server of --pyroscope is well", "error", fmt.Sprintf(format, args...), "left_out", skipped)
}
