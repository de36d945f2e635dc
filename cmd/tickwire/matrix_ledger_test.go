package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"tickwire/feed"
)

// update is an update as any client would read it, without this program's own
// packages.
type update struct {
	S          string
	Q, N, T    int64
	P, Z, B, A string
	V          string
}

func (u update) String() string {
	return fmt.Sprintf("%s|%d|%d|%d|%s|%s|%s|%s|%s", u.S, u.Q, u.N, u.T, u.P, u.Z, u.B, u.A, u.V)
}

// hashOf is a hash of updates in the order of their symbols. The scripts
// compute the same.
func hashOf(updates []update) string {
	rows := make([]string, len(updates))
	for i, u := range updates {
		rows[i] = u.String() + "\n"
	}
	slices.Sort(rows)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(rows, ""))))
}

// message is any message of the server.
type message struct {
	Type string
	ID   int
	Data []update
}

// report is what a client saw, by its own account.
type report struct {
	Name                 string
	Hash                 string // of its last updates
	Stream               uint32 // hash of all its updates, FNV-1a
	Symbols              int
	Messages             int
	Answers              int // to requests after the first ones
	Pings, Pongs         int // frames
	Protocol, Extensions string
	Code                 int // of the close frame
	Faults               []string
}

// ledger is the newest update of every symbol that a client has got.
type ledger struct {
	latest map[string]update
	stream hash.Hash32 // of all updates, in order
	report report
}

func newLedger(name string) *ledger {
	return &ledger{latest: make(map[string]update), stream: fnv.New32a(), report: report{Name: name}}
}

func (l *ledger) fault(format string, args ...any) {
	if len(l.report.Faults) < 10 {
		l.report.Faults = append(l.report.Faults, fmt.Sprintf(format, args...))
	}
}

// take reads one message and returns the number of the request that it
// answers, 0: none.
func (l *ledger) take(text []byte) (answers int) {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		l.fault("%v: %.500q", err, text)
		return 0
	}
	l.report.Messages++
	if (l.report.Messages == 1) != (m.Type == "hello") {
		l.fault("message %d is %s", l.report.Messages, text)
	}
	switch m.Type {
	case "snapshot", "ticker":
		for _, u := range m.Data {
			l.takeUpdate(m.Type, u)
		}
	case "ack", "pong":
		return m.ID
	case "hello", "heartbeat", "notice":
	default:
		l.fault("unexpected: %s", text)
	}
	return 0
}

func (l *ledger) takeUpdate(kind string, u update) {
	before, known := l.latest[u.S]
	switch {
	case !known && kind == "ticker":
		l.fault("%v: an update before its snapshot", u)
	case known && (u.Q < before.Q || u.N < before.N || kind == "ticker" && u.Q == before.Q):
		l.fault("%s: %v after %v", kind, u, before)
	}
	l.latest[u.S] = u
	fmt.Fprintln(l.stream, u)
}

func (l *ledger) close() report {
	l.report.Symbols, l.report.Stream = len(l.latest), l.stream.Sum32()
	l.report.Hash = hashOf(slices.Collect(maps.Values(l.latest)))
	return l.report
}

// truth is every update that there can be: each symbol's state after each of
// its ticks, computed apart from the server.
type truth struct {
	mu     sync.Mutex // protects what follows
	states map[string]*state
	rows   map[int64]string // by seq
}

// state is a symbol's newest update, and its volume as a number.
type state struct {
	update
	volume decimal.Decimal
}

func newTruth() *truth {
	return &truth{states: make(map[string]*state), rows: make(map[int64]string)}
}

func (h *truth) tick(t *feed.Tick, seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.states[string(t.Symbol)]
	if s == nil {
		s = &state{update: update{S: string(t.Symbol)}}
		h.states[s.S] = s
	}
	s.Q, s.T = seq, t.Time
	s.N++
	for of, n := range map[*string]feed.Number{&s.P: t.Price, &s.Z: t.Size, &s.B: t.Bid, &s.A: t.Ask} {
		if len(n) > 0 {
			*of = string(n)
		}
	}
	if len(t.Size) > 0 {
		s.volume = s.volume.Add(decimal.RequireFromString(string(t.Size)))
	}
	s.V = s.volume.StringFixed(max(0, -s.volume.Exponent())) // as many places as the finest size had
	h.rows[seq] = s.String()
}

// check says what is wrong with an update.
func (h *truth) check(u update) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if want := h.rows[u.Q]; u.String() != want {
		return fmt.Errorf("an update that never was: got %v, want %s", u, want)
	}
	return nil
}
