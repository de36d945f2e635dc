package gateway

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	measure "runtime/metrics"
	"runtime/pprof"
	"slices"
	"strconv"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/feed"
)

// memory is what objects on the heap and stacks of goroutines take, in bytes.
type memory struct{ heap, stacks int }

func (m memory) all() int { return m.heap + m.stacks }

func (m memory) since(before memory, shares int) memory {
	return memory{(m.heap - before.heap) / shares, (m.stacks - before.stacks) / shares}
}

// inUse is the memory of this process when what is garbage has gone. Pools
// give their content up in two collections, and a stack is halved in each.
func inUse() memory {
	for range 5 {
		runtime.GC()
	}
	samples := []measure.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	measure.Read(samples)
	return memory{int(samples[0].Value.Uint64()), int(samples[1].Value.Uint64())}
}

// raced tells whether the race detector is on, which has memory of its own.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// bigMarket gives a server that many symbols, and then rounds of ticks of all.
type bigMarket struct {
	*server
	symbols int
	names   [][]byte
	offset  int64
}

func openMarket(tb testing.TB, s *server, symbols int) *bigMarket {
	m := &bigMarket{server: s, symbols: symbols}
	for i := range symbols {
		m.names = append(m.names, []byte(symbol(i)))
	}
	m.round()
	return m
}

// tick trades symbol i; its event time is the moment it was planned for.
func (m *bigMarket) tick(i int, planned time.Time) {
	var price [24]byte
	cents := 6_700_000 + m.offset%100_000
	p := append(strconv.AppendInt(price[:0], cents/100, 10), '.', byte('0'+cents/10%10), byte('0'+cents%10))
	m.hub.Apply(&feed.Tick{Symbol: m.names[i], Time: planned.UnixMicro(), Price: p, Size: []byte("0.0123"), Bid: p, Ask: p}, feed.Position{Offset: m.offset})
	m.offset++
}

func (m *bigMarket) round() {
	now := time.Now()
	for i := range m.symbols {
		m.tick(i, now)
	}
}

// settle waits until the shards have given out what there is, and so many clients
// are blocked: the others must have read it, however late.
func (m *bigMarket) settle(blocked int) {
	for before := uint64(0); ; {
		for range 2 { // between two looks every shard has pulsed
			m.hub.Census(0)
		}
		time.Sleep(100 * time.Millisecond)
		now := m.hub.Stats().Updates
		if now == before && drains() == blocked {
			return
		}
		before = now
	}
}

// connectionsEnv asks for more than the small default: 18,000 connections are
// about what 20,000 open files of a process allow.
const connectionsEnv = "TICKWIRE_CONNECTIONS"

// aloneEnv tells the test binary that it runs one test and was started by itself.
const aloneEnv = "TICKWIRE_ALONE"

// alone runs the test in a process of its own, in which no test before it has
// left stacks and heap that are used again. It reports whether this is it.
func alone(t *testing.T) bool {
	if os.Getenv(aloneEnv) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), aloneEnv+"=1")
	said, err := c.CombinedOutput()
	t.Logf("in a process of its own:\n%s", said)
	if err != nil {
		t.Errorf("it failed: %v", err)
	}
	return false
}

// TestMemoryOfAConnection holds a connection with 20 symbols of 2,000 to 8 KiB of
// heap and stack. TICKWIRE_CONNECTIONS=18000 is the full size.
func TestMemoryOfAConnection(t *testing.T) {
	if raced() {
		t.Skip("the race detector's memory would be counted")
	}
	if !alone(t) {
		return
	}
	connections := 2000
	if n, err := strconv.Atoi(os.Getenv(connectionsEnv)); err == nil {
		connections = n
	}
	const limit = 8 << 10
	each := memoryOf(t, 2000, order{Members: connections, Listed: 20, Deflate: true})
	if each.all() > limit {
		t.Errorf("a connection takes %d bytes of heap and %d of stack, %d in all; want at most %d", each.heap, each.stacks, each.all(), limit)
	}
}

// TestMemoryOfAClientOfEverything: `*` with 10,000 symbols is not 10,000 entries
// of a map.
func TestMemoryOfAClientOfEverything(t *testing.T) {
	if raced() {
		t.Skip("the race detector's memory would be counted")
	}
	memoryOf(t, 10_000, order{Members: 20, Deflate: true})
}

// memoryOf is what each member costs the server when all have had updates.
func memoryOf(t *testing.T, symbols int, o order) memory {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := openMarket(t, serveOn(t, ln, Config{}, fanout.Config{Shards: 2, History: shortHistory}), symbols)
	clients := startSwarm(t)
	// A client of everything in each shard, so that what all share is there already.
	const first = 2
	for i := range first { // one after the other, or both might go to one shard
		clients.do(order{Do: "join", Group: fmt.Sprint("first ", i), Addr: m.addr, Members: 1, Deflate: o.Deflate})
		until(t, "it is there", func() bool { return m.hub.Stats().Subscribers == i+1 })
	}
	m.round()
	m.settle(0)
	base, resident := inUse(), residentSet()
	writeHeapProfile(t, ".before")
	o.Do, o.Group, o.Addr, o.Symbols, o.Seed = "join", "all", m.addr, symbols, rand.Uint64()
	t.Logf("seed %d", o.Seed)
	clients.do(o)
	for range 3 {
		m.round()
		m.settle(0)
	}
	each := inUse().since(base, o.Members)
	t.Logf("%d connections, bytes each: heap %d, stacks %d, together %d; resident set %d", o.Members, each.heap, each.stacks, each.all(), (residentSet()-resident)/o.Members)
	writeHeapProfile(t, ".after")
	if got := m.hub.Stats().Subscribers; got != first+o.Members {
		t.Errorf("at the end there are %d subscribers, want %d", got, first+o.Members)
	}
	return each
}

// heapProfileEnv asks for heap profiles, to be read with go tool pprof -base. They
// are exact with -memprofilerate 1.
const heapProfileEnv = "TICKWIRE_HEAP_PROFILE"

func writeHeapProfile(t *testing.T, suffix string) {
	path := os.Getenv(heapProfileEnv)
	if path == "" {
		return
	}
	f, err := os.Create(path + suffix)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		t.Error(err)
	}
}

// residentSet is what the process has in memory, in bytes, where the system
// tells it; see proc(5), statm.
func residentSet() int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int
	fmt.Sscan(string(statm), &size, &resident)
	return resident * os.Getpagesize()
}
