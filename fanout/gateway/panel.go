package gateway

import (
	"net/http"
	runtime "runtime/metrics"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"tickwire/fanout"
	"tickwire/feed"
)

// Partition is how far the node is in one partition of its topic. Config has a
// func that tells it, as the gateway does not know where ticks come from.
type Partition struct {
	ID     int32
	Next   int64       // offset of the next record wanted
	End    int64       // offset that the next new record will get, as last heard
	Lag    int64       // records between the two
	Ticks  int64       // read since the start
	Health feed.Health // how well it is heard
}

// panelAnswer is how the server does, for operators. Counters begin with the
// process and never fall: rates are differences between two answers, by their
// times.
type panelAnswer struct {
	Node        string            `json:"node"`
	Version     string            `json:"version"`
	Time        int64             `json:"time"` // when this was so, microseconds since 1970
	UpMS        int64             `json:"up_ms"`
	Connections connectionsAnswer `json:"connections"`
	Terms       int               `json:"terms"`   // names and patterns that are subscribed
	Symbols     int               `json:"symbols"` // in the Book
	Watched     int               `json:"watched"` // of those, by somebody
	Ticks       uint64            `json:"ticks"`   // that became their symbol's newest value
	Skipped     uint64            `json:"skipped"` // that did not
	Frames      uint64            `json:"frames"`  // messages that were given to sockets
	Updates     uint64            `json:"updates"` // in those
	TextBytes   uint64            `json:"text_bytes"`
	Bytes       uint64            `json:"bytes"`
	Conflated   uint64            `json:"conflated"`
	Gaps        uint64            `json:"gaps"`
	Shards      int               `json:"shards"`
	Pulses      uint64            `json:"pulses"`
	PulseUS     int64             `json:"pulse_us"` // spent in pulses, by all shards
	Feed        feedAnswer        `json:"feed"`
	Partitions  []partitionAnswer `json:"partitions"`
	HeapBytes   uint64            `json:"heap_bytes"`
	Goroutines  uint64            `json:"goroutines"`
	Slowest     []clientAnswer    `json:"slowest"`
}

// connectionsAnswer counts connections by what they are. All has besides those
// that are no stream, such as a browser's that has just loaded the page.
type connectionsAnswer struct {
	All     int `json:"all"`
	Plain   int `json:"plain"`   // WebSockets
	Deflate int `json:"deflate"` // WebSockets that get compressed frames
	Events  int `json:"events"`
	Waiting int `json:"waiting"` // WebSockets that have still to bring a token
	Delayed int `json:"delayed"` // of the streams, those that get delayed values
}

type partitionAnswer struct {
	Partition int32 `json:"partition"`
	Next      int64 `json:"next"`
	End       int64 `json:"end"`
	Lag       int64 `json:"lag"`
	Ticks     int64 `json:"ticks"`
	BehindMS  int64 `json:"behind_ms"`
	DownMS    int64 `json:"down_ms"`
}

// clientAnswer is one of the slowest clients.
type clientAnswer struct {
	Conn      string `json:"conn"` // as hello told it
	Kind      string `json:"kind"` // plain, deflate or events
	Subject   string `json:"subject,omitempty"`
	Remote    string `json:"remote,omitempty"` // on the admin address alone
	DelayMS   int64  `json:"delay_ms"`
	Since     int64  `json:"since"`      // it is connected, microseconds since 1970
	BlockedMS int64  `json:"blocked_ms"` // 0: it is not
	Pending   int    `json:"pending"`
	Conflated uint64 `json:"conflated"`
	Bytes     uint64 `json:"bytes"`
}

// panel finds out how the server does, at most once in a while however many ask.
type panel struct {
	gateway *Gateway
	began   time.Time
	asking  singleflight.Group
	newest  atomic.Pointer[looked]
}

type looked struct {
	at     time.Time
	answer panelAnswer
}

const (
	panelEvery = time.Second // an answer is good for so long
	slowest    = 10          // clients that it names
)

// servePanel answers GET /v1/server on the address of clients. Where a client is
// stays between it and the admin address.
func (g *Gateway) servePanel(w http.ResponseWriter, r *http.Request) {
	if !callerOf(r).operator {
		g.refuse(w, &noOperator)
		return
	}
	answer := g.panel.answer()
	for i := range answer.Slowest {
		answer.Slowest[i].Remote = ""
	}
	answerJSON(w, http.StatusOK, answer)
}

// serveWholePanel answers it on the admin address.
func (g *Gateway) serveWholePanel(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, g.panel.answer())
}

// answer is the caller's to change.
func (p *panel) answer() panelAnswer {
	p.asking.Do("", func() (any, error) {
		if last := p.newest.Load(); last == nil || time.Since(last.at) >= panelEvery {
			p.newest.Store(&looked{time.Now(), p.look()})
		}
		return nil, nil
	})
	answer := p.newest.Load().answer
	answer.Slowest = append([]clientAnswer{}, answer.Slowest...)
	return answer
}

func (p *panel) look() panelAnswer {
	g, now := p.gateway, time.Now()
	clients, delayed := p.census() // first, so that no client has more than the counters of all
	did, feed := g.hubs.stats(), g.hub.Feed()
	a := panelAnswer{
		Node: g.config.Node, Version: g.config.Version, Time: now.UnixMicro(), UpMS: now.Sub(p.began).Milliseconds(),
		Terms: clients.Terms, Symbols: did.Symbols, Watched: clients.Watched, Ticks: clients.Ticks, Skipped: did.Repeated + did.Astray + did.Refused,
		Frames: did.Frames, Updates: did.Updates, TextBytes: did.Text, Bytes: did.Bytes, Conflated: did.Conflated, Gaps: did.Gaps,
		Shards: did.Shards, Pulses: did.Pulses, PulseUS: did.PulseTime.Microseconds(),
		Feed:       feedAnswer{State: feed.State, AgeMS: feed.Age.Milliseconds(), LagMS: feed.Behind.Milliseconds()},
		Partitions: partitionsOf(g.config.Partitions()), Slowest: []clientAnswer{},
		Connections: connectionsAnswer{
			All: g.seats.count(), Waiting: g.lobby.count(), Delayed: delayed,
			Plain: clients.Subscribers[fanout.Plain], Deflate: clients.Subscribers[fanout.Deflate], Events: clients.Subscribers[fanout.Events],
		},
	}
	for _, one := range clients.Slowest {
		a.Slowest = append(a.Slowest, clientOf(one))
	}
	a.takeRuntime()
	return a
}

// census is that of all hubs, and how many subscribers get delayed values.
func (p *panel) census() (all fanout.Census, delayed int) {
	for i, hub := range p.gateway.hubs.list() {
		one := hub.Census(slowest)
		if i > 0 {
			for _, n := range one.Subscribers {
				delayed += n
			}
		}
		all = all.Plus(one, slowest)
	}
	return all, delayed
}

// client is what an outbox of the gateway tells of who is behind it.
type client interface{ client() clientAnswer }

func clientOf(s fanout.Straggler) (a clientAnswer) {
	if c, ok := s.Outbox.(client); ok {
		a = c.client()
	}
	a.Since, a.Pending, a.Conflated, a.Bytes = s.Attached.UnixMicro(), s.Pending, s.Conflated, s.Bytes
	if s.Blocked > 0 {
		a.BlockedMS = max(1, s.Blocked.Milliseconds())
	}
	return a
}

// kinds are the encodings' names.
var kinds = [...]string{fanout.Plain: "plain", fanout.Deflate: "deflate", fanout.Events: "events"}

func (s *session) client() clientAnswer {
	return clientAnswer{Conn: connName(s.id), Kind: kinds[s.encoding], Subject: s.first.Subject,
		Remote: s.socket.RemoteAddr().String(), DelayMS: s.first.Delay.Milliseconds()}
}

func (s *eventStream) client() clientAnswer {
	return clientAnswer{Conn: s.id, Kind: kinds[fanout.Events], Subject: s.grant.Subject, Remote: s.remote, DelayMS: s.grant.Delay.Milliseconds()}
}

func partitionsOf(all []Partition) []partitionAnswer {
	answer := make([]partitionAnswer, 0, len(all))
	for _, p := range all {
		answer = append(answer, partitionAnswer{p.ID, p.Next, p.End, p.Lag, p.Ticks, p.Health.Behind.Milliseconds(), p.Health.Down.Milliseconds()})
	}
	return answer
}

// takeRuntime puts in what the Go runtime knows without stopping anything, see
// https://pkg.go.dev/runtime/metrics.
func (a *panelAnswer) takeRuntime() {
	samples := []runtime.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	runtime.Read(samples)
	a.HeapBytes, a.Goroutines = samples[0].Value.Uint64(), samples[1].Value.Uint64()
}
