package fanout

import (
	"context"
	"math"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Archive has the ticks that the Book no longer holds. It is Kafka.
type Archive interface {
	// Replay calls each for the ticks of a partition from an offset up to but
	// not including another one, in order, until each returns false or ctx
	// ends. It returns from which offset on it had all there was, and up to
	// which.
	Replay(ctx context.Context, partition int32, from, to int64, each func(t *feed.Tick, offset int64) bool) (begun, reached int64, err error)
}

// What one request can have replayed, at most. What is beyond is told as a gap.
const (
	replayTime   = 5 * time.Second
	replayTrades = 20_000
)

// parked is the version of a cursor that waits for a replay: nothing is after it.
const parked = math.MaxUint64

// missed is a symbol of which the slot has not all that a client asks for.
type missed struct {
	view      *view
	id        feed.SymbolID
	symbol    string
	partition int32
	since     int64 // the client has all up to it
	held      int64 // from there on the slot tells it
}

// misses has what came since a seq replayed before the symbol goes on, if there
// is an archive. Otherwise its cursor is where a gap comes of it. All that there
// is now is replayed, also what the slot holds: so it goes on with the newest, and
// a whole ring of trades may come meanwhile before one of them is lost.
func (s *Subscriber) misses(p *part, at uint32, since int64) {
	if s.shard.archive == nil {
		return
	}
	id := p.symbol(at)
	last, _ := s.shard.book.slot(id).lastTrade()
	s.parked++
	p.log.set(at, cursor{version: parked, last: since})
	s.resume.missed = append(s.resume.missed, &missed{view: p.view, id: id, symbol: s.shard.book.symbols.Name(id), partition: last.Partition,
		since: since, held: last.Offset + 1})
}

// replayAll sends what was missed, and lets the symbols go on. It runs in the
// goroutine of who asked, which waits for the client to take every message: so
// what is replayed is no queue either.
func (s *Subscriber) replayAll(all []*missed) {
	ctx, cancel := context.WithTimeout(context.Background(), replayTime)
	defer cancel()
	left := replayTrades
	for behind := all; len(behind) > 0; behind = s.overtaken(behind) {
		byPartition := make(map[int32]map[string]*missed)
		for _, m := range behind {
			if byPartition[m.partition] == nil {
				byPartition[m.partition] = make(map[string]*missed)
			}
			byPartition[m.partition][m.symbol] = m
		}
		for partition, symbols := range byPartition {
			r := replay{s: s, symbols: symbols, left: &left}
			r.run(ctx, partition)
		}
	}
	s.shard.post(func() {
		s.parked -= len(all)
		for _, m := range all {
			s.goOn(m)
		}
	})
}

// overtaken are those of all of which everything was replayed, but meanwhile more
// came than the slot holds. That is to be replayed too.
func (s *Subscriber) overtaken(all []*missed) (behind []*missed) {
	for _, m := range all {
		slot := s.shard.book.slot(m.id)
		if _, held := s.shard.book.tradeUpTo(slot, m.since); held || m.since < m.held-1 {
			continue
		}
		last, _ := slot.lastTrade()
		if m.held = last.Offset + 1; m.since < m.held-1 {
			behind = append(behind, m)
		}
	}
	return behind
}

// goOn has a symbol continue behind what was replayed of it, with a gap if the
// slot does not hold all that comes after.
func (s *Subscriber) goOn(m *missed) {
	for _, p := range s.watchlist.parts {
		if p == nil || p.view != m.view {
			continue
		}
		at, has := p.find(m.id)
		if !has || p.hidden.has(at) || p.log.of(at).version != parked {
			continue
		}
		version, held := s.shard.book.tradeUpTo(s.shard.book.slot(m.id), m.since)
		p.log.set(at, cursor{version: version, last: m.since, torn: !held})
		p.pending.set(at)
		s.shard.touch(s)
	}
}

// replay is the replay of some symbols of one partition, in rounds: as much as
// one client may have this process hold is read, and sent before the next round.
type replay struct {
	s        *Subscriber
	symbols  map[string]*missed
	stamped  bool
	left     *int // trades
	full     bool // the round is
	messages [][]byte
	size     int
}

// roundBytes bounds the text of a round.
const roundBytes = 256 << 10

func (r *replay) run(ctx context.Context, partition int32) {
	from, to := int64(math.MaxInt64), int64(0)
	for _, m := range r.symbols {
		from, to = min(from, m.since+1), max(to, m.held)
		r.stamped = m.view.channel.stamped()
	}
	for from < to && !r.s.detached() {
		r.messages, r.size, r.full = nil, 0, false
		begun, reached, err := r.s.shard.archive.Replay(ctx, partition, from, to, r.add)
		if err == nil || reached > from {
			r.tellGaps(from, begun)
		}
		r.send()
		for _, m := range r.symbols { // up to there nothing of it is missing
			m.since = max(m.since, min(reached, m.held)-1)
		}
		if err != nil || !r.full || reached <= from || *r.left == 0 {
			return
		}
		from = reached
	}
}

// add takes one tick, and reports whether the round may have more.
func (r *replay) add(t *feed.Tick, offset int64) bool {
	m := r.symbols[string(t.Symbol)]
	if m == nil || offset <= m.since || offset >= m.held || len(t.Price) == 0 {
		return !r.s.detached()
	}
	*r.left--
	r.s.shard.replayed.Add(1)
	trade := wire.Trade{Symbol: m.symbol, Seq: offset, Time: t.Time, Price: t.Price, Size: t.Size, Side: sideText(t.Side)}
	if r.stamped {
		trade.Received = t.Received
	}
	message := r.open()
	before := len(*message)
	*message = wire.AppendTrade(*message, &trade)
	r.size += len(*message) - before
	r.full = r.size >= roundBytes || *r.left == 0
	return !r.full && !r.s.detached()
}

// open is the message to put the next trade into.
func (r *replay) open() *[]byte {
	if last := len(r.messages) - 1; last >= 0 && len(r.messages[last]) < r.s.shard.policy.MaxFrame {
		r.messages[last] = append(r.messages[last], ',')
		return &r.messages[last]
	}
	sent := int64(0)
	if r.stamped {
		sent = time.Now().UnixMicro()
	}
	r.messages = append(r.messages, []byte(wire.Head(wire.Trades, false, sent)))
	return &r.messages[len(r.messages)-1]
}

// send sends the round, a message when the outbox has the one before.
func (r *replay) send() {
	for _, message := range r.messages {
		r.s.ask(func() []byte { return append(message, wire.DataFoot...) })
	}
}

// tellGaps tells what the archive has no longer.
func (r *replay) tellGaps(from, begun int64) {
	for _, m := range r.symbols {
		if end := min(begun, m.held); m.since+1 < end && from < begun {
			r.s.shard.gaps.Add(1)
			text := wire.Marshal(wire.Gap{Type: wire.TypeGap, Channel: wire.Trades, Symbol: m.symbol, From: m.since + 1, To: end - 1})
			r.s.ask(func() []byte { return text })
		}
	}
}
