package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// The market has this many symbols; those from early on come up while the
// clients are there. The last one's updates are too long to be spliced.
const (
	symbols = 50
	early   = 40
)

// Symbols have names of several groups. Clients drop and take up again the
// one of churn, which the last symbol belongs to.
func symbolName(i int) string {
	if i == symbols-1 {
		return "T-1-A-NAME-OF-THIRTY-TWO-LETTERS"
	}
	return fmt.Sprintf("T-%d-%02d", i%5, i)
}

var (
	steady = []string{"T-0*", "T-2*", "T-3*", "T-4*"}
	churn  = []string{churned + "*"}
)

const churned = "T-1"

// exchange is a market and a server of it.
type exchange struct {
	t      *testing.T
	random *rand.Rand
	offset int64
	newest map[string]int64 // seq by symbol
	truth  *truth

	mu   sync.Mutex  // protects what follows
	past []feed.Tick // by offset

	hub  *fanout.Hub // of the last server; nil: there was none
	addr string
	stop func() // ends the server and returns when it has
}

const matrixHeartbeat = 200 * time.Millisecond

// roomy holds all trades of the market, so that nobody is told a gap.
var roomy = history.Limits{Trades: 8 << 10}

// hurried lets clients talk without a pause, and be slow to come in.
var hurried = gateway.Limits{Requests: 1e6, Burst: 1e6, Handshake: patience}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	const seed = 7
	t.Logf("seed %d", seed)
	return &exchange{t: t, random: rand.New(rand.NewPCG(seed, 0)), newest: make(map[string]int64), truth: newTruth()}
}

// serve runs a server on ln that knows all of the market so far.
func (x *exchange) serve(ln net.Listener, c gateway.Config) {
	x.t.Helper()
	hub := fanout.New(fanout.Config{Shards: 2, History: roomy, Archive: x, Policy: fanout.Policy{Heartbeat: matrixHeartbeat}})
	for offset := range x.past {
		hub.Apply(&x.past[offset], feed.Position{Offset: int64(offset)})
	}
	c.Hub, c.Node, c.Log = hub, "matrix", slog.New(slog.NewTextHandler(io.Discard, nil))
	c.Limits = hurried
	x.hub, x.addr = hub, ln.Addr().String()
	var err error
	if c.Limits.Origins, err = gateway.ParseOrigins("http://" + x.addr); err != nil {
		x.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := gateway.New(c).Run(ctx, ln); err != nil {
			x.t.Errorf("the gateway: %v", err)
		}
	}()
	x.stop = func() { cancel(); <-ended }
	x.t.Cleanup(x.stop)
}

// Replay makes x the archive of its server, which holds everything.
func (x *exchange) Replay(_ context.Context, _ int32, from, to int64, each func(*feed.Tick, int64) bool) (begun, reached int64, err error) {
	x.mu.Lock()
	past := x.past[:min(to, int64(len(x.past)))]
	x.mu.Unlock()
	for offset := from; offset < int64(len(past)); offset++ {
		if !each(&past[offset], offset) {
			return from, offset + 1, nil
		}
	}
	return from, max(from, int64(len(past))), nil
}

// open gives the symbols from first to last their first ticks.
func (x *exchange) open(first, last int) {
	for i := first; i < last; i++ {
		x.tick(i)
	}
}

// burst is some ticks of the first n symbols.
func (x *exchange) burst(n, ticks int) {
	for range ticks {
		x.tick(x.random.IntN(n))
	}
}

// start is the event time of the first tick, and tickEvery lies between two but
// for the late ones.
const (
	marketStart = 1_732_242_000_000_000
	tickEvery   = 997
)

// tick is one tick of symbol i: a trade, a quote or both.
func (x *exchange) tick(i int) {
	name := symbolName(i)
	t := feed.Tick{Symbol: []byte(name), Time: marketStart + tickEvery*x.offset}
	if x.random.IntN(20) == 0 {
		t.Time -= x.random.Int64N(1_500_000)
	}
	kind := x.random.IntN(3)
	if kind != 0 {
		t.Price, t.Size = x.number(i, 2000), x.number(i, 10)
		t.Side = [...]feed.Side{feed.NoSide, feed.Buy, feed.Sell}[x.random.IntN(3)]
	}
	if kind != 1 {
		t.Bid, t.Ask = x.number(i, 2000), x.number(i, 2000)
	}
	x.truth.tick(&t, x.offset)
	x.mu.Lock()
	x.past = append(x.past, t)
	x.mu.Unlock()
	if x.hub != nil {
		x.hub.Apply(&t, feed.Position{Offset: x.offset})
	}
	x.newest[name] = x.offset
	x.offset++
}

// number is near a power of i, with decimals that are the symbol's own. The
// last symbol has as many digits as a number can have.
func (x *exchange) number(i, about int) feed.Number {
	if i == symbols-1 {
		digits := make([]byte, feed.MaxNumber-1)
		for d := range digits {
			digits[d] = byte('1' + x.random.IntN(9))
		}
		return digits
	}
	n := int64(about*(i*i+1) + x.random.IntN(about))
	return feed.Number(decimal.New(n, -int32(i%9)).String())
}

// ask gets the data of an answer of the server.
func ask[E any](x *exchange, path string) []E {
	x.t.Helper()
	page, ok := get("http://" + x.addr + path)
	var answer struct{ Data []E }
	if err := json.Unmarshal([]byte(page), &answer); !ok || err != nil {
		x.t.Fatalf("%s: got %.500s (%v)", path, page, err)
	}
	return answer.Data
}

// values are what must have been told, once the server itself says the same of
// the newest values and of the bars.
func (x *exchange) values() sums {
	x.t.Helper()
	want := x.truth.sums()
	if got := hashOf(rowsOf(ask[update](x, "/v1/snapshot"))); got != want.Hash {
		x.t.Errorf("/v1/snapshot: got the hash %s, want %s", got, want.Hash)
	}
	for name := range x.newest {
		got := rowsOf(ask[bar](x, "/v1/bars?channel="+wire.Bars1s+"&symbol="+name))
		if want := x.truth.barsOf(name); !slices.Equal(got, want) {
			x.t.Errorf("/v1/bars of %s:\n got %v\nwant %v", name, got, want)
		}
	}
	return want
}
