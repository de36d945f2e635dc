package swarm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/loadtest/verify"
)

const (
	connectionsEnv = "TICKWIRE_CONNECTIONS" // asks for more than the small default; 18,000 is about what 20,000 open files allow
	aloneEnv       = "TICKWIRE_ALONE"       // this test binary runs one test, and was started by itself
	serverEnv      = "TICKWIRE_TEST_SERVER" // it is the server
)

// memory is what objects on the heap and stacks of goroutines take, in bytes.
type memory struct{ heap, stacks int }

// inUse is the memory of this process when what is garbage has gone. Pools give
// their content up in two collections, and a stack is halved in each.
func inUse() memory {
	for range 5 {
		runtime.GC()
	}
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return memory{int(samples[0].Value.Uint64()), int(samples[1].Value.Uint64())}
}

// raced tells whether the race detector is on, which has memory of its own.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// runAgain runs this test in a process of its own.
func runAgain(tb testing.TB, env string) *exec.Cmd {
	name := "^" + strings.Split(tb.Name(), "/")[0] + "$"
	what := []string{"-test.run", name, "-test.v"}
	if strings.HasPrefix(tb.Name(), "Benchmark") {
		what = []string{"-test.run", "^$", "-test.bench", name, "-test.benchtime", "1x"}
	}
	c := exec.Command(os.Args[0], append(what, "-test.timeout=0")...)
	c.Env = append(os.Environ(), env+"=1")
	return c
}

// TestMemoryOfASubscriber holds a member with 20 symbols of 2,000, of which it
// gets compressed frames, to 6 KiB of heap and stack. TICKWIRE_CONNECTIONS=18000
// is the full size.
func TestMemoryOfASubscriber(t *testing.T) {
	if raced() {
		t.Skip("the race detector's memory would be counted")
	}
	const symbols = 2000
	if os.Getenv(serverEnv) != "" {
		serveOrders(t, symbols)
		return
	}
	if os.Getenv(aloneEnv) == "" {
		said, err := runAgain(t, aloneEnv).CombinedOutput()
		t.Logf("in a process of its own:\n%s", said)
		if err != nil {
			t.Errorf("it failed: %v", err)
		}
		return
	}
	members := 2000
	if n, err := strconv.Atoi(os.Getenv(connectionsEnv)); err == nil {
		members = n
	}
	server := startServer(t)
	truth, names := verify.Learn(time.Minute), symbolNames(symbols)
	for _, name := range names {
		truth.ID([]byte(name))
	}
	s, err := New(Config{URL: server.url, Truth: truth, Symbols: names, Compression: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	grow(t, s, Steady, 100, twenty(symbols)) // what all share is there then
	server.round()
	before := inUse()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := s.Grow(ctx, Steady, 100+members, twenty(symbols), 0); err != nil {
		t.Fatal(err)
	}
	until(t, "all have their snapshots", func() bool { return s.Stats()[Steady].Ledger.Snapshots == uint64(20*(100+members)) })
	told := func() uint64 {
		l := s.Stats()[Steady].Ledger
		return l.Updates + l.Conflated
	}
	for range 3 {
		before := told()
		server.round()
		until(t, "all have all of it", func() bool { return told()-before >= uint64(20*(100+members)) })
	}
	after := inUse()
	heap, stacks := (after.heap-before.heap)/members, (after.stacks-before.stacks)/members
	stats := s.Stats()[Steady]
	t.Logf("%d subscribers of 20 symbols, bytes each: heap %d, stacks %d, together %d; %d frames, %d updates, connects p50 %v p99 %v",
		members, heap, stacks, heap+stacks, stats.Ledger.Frames, stats.Ledger.Updates, stats.Connect.P50, stats.Connect.P99)
	if stats.Open != 100+members || stats.Ledger.Updates < uint64(20*members) {
		t.Errorf("got %d open and %d updates: this shows nothing", stats.Open, stats.Ledger.Updates)
	}
	const limit = 6 << 10
	if heap+stacks > limit {
		t.Errorf("a subscriber takes %d bytes, want at most %d", heap+stacks, limit)
	}
}

func symbolNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("LOAD-%05d", i))
	}
	return names
}

// twenty is a watchlist of 20 symbols at random, the same for the same member.
func twenty(symbols int) func(i int) []int32 {
	return func(i int) (ids []int32) {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		for len(ids) < 20 {
			if id := r.Int32N(int32(symbols)); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		return ids
	}
}

// server is a process that serves, and ticks all its symbols when it is told to.
type server struct {
	tb    testing.TB
	url   string
	stdin io.WriteCloser
	lines *bufio.Scanner
}

func startServer(tb testing.TB) *server {
	tb.Helper()
	c := runAgain(tb, serverEnv)
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stdin.Close()
		io.Copy(io.Discard, stdout)
		if err := c.Wait(); err != nil {
			tb.Errorf("the server: %v", err)
		}
	})
	s := &server{tb: tb, stdin: stdin, lines: bufio.NewScanner(stdout)}
	s.url = s.line("url ")
	return s
}

// line is what follows a prefix in the next line that has it.
func (s *server) line(prefix string) string {
	for s.lines.Scan() {
		if text, ok := strings.CutPrefix(s.lines.Text(), prefix); ok {
			return text
		}
	}
	s.tb.Fatalf("the server ended without a line %q", prefix)
	return ""
}

// round ticks every symbol.
func (s *server) round() {
	s.tb.Helper()
	if _, err := io.WriteString(s.stdin, "round\n"); err != nil {
		s.tb.Fatal(err)
	}
	s.line("done")
}

// serveOrders is the server's process.
func serveOrders(tb testing.TB, symbols int) {
	m := openMarket(tb, symbols, gateway.Config{}, fanout.Config{Shards: 2})
	fmt.Printf("url %s\n", m.url)
	for orders := bufio.NewScanner(os.Stdin); orders.Scan(); {
		m.round()
		fmt.Println("done")
	}
}
