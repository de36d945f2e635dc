package fanout

import (
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// watchStates finds out whose state has changed since the last sweep, and has
// those told that watch it.
func (sh *shard) watchStates() {
	was := sh.feed.state
	var partitions map[int32]state
	sh.feed, _, partitions = sh.fresh.of(sh.now)
	if sh.feed.state != was {
		for _, s := range sh.subs {
			sh.touch(s)
		}
	}
	for _, v := range sh.active {
		for id := range v.interest.symbols {
			if who := &v.interest.symbols[id]; !who.none() {
				sh.watchState(feed.SymbolID(id), partitions)
			}
		}
	}
}

func (sh *shard) watchState(id feed.SymbolID, partitions map[int32]state) {
	for int(id) >= len(sh.states) {
		sh.states = append(sh.states, live)
	}
	now := sh.fresh.symbol(id, sh.now, partitions).state
	if now == sh.states[id] {
		return
	}
	sh.states[id] = now
	for _, v := range sh.active {
		v.interest.of(id).restate(id)
	}
}

// restate has every watcher told of the symbol's state.
func (s *symbolInterest) restate(id feed.SymbolID) {
	for _, w := range s.named {
		w.part.sub.restateSymbol(id)
	}
	for _, on := range s.rosters {
		for _, p := range on.roster.members {
			p.sub.restateSymbol(id)
		}
	}
}

// watchSymbol has s told of a symbol that is not live when it comes to watch it.
func (s *Subscriber) watchSymbol(id feed.SymbolID) {
	if states := s.shard.states; int(id) < len(states) && states[id] != live {
		s.restateSymbol(id)
	}
}

func (s *Subscriber) restateSymbol(id feed.SymbolID) {
	if s.restate == nil {
		s.restate = new(bitset)
	}
	s.restate.set(uint32(id))
	s.shard.touch(s)
}

// statesAtOnce bounds the states that go out in one write.
const statesAtOnce = 64

// tellStates sends the states that s does not know yet.
func (sh *shard) tellStates(s *Subscriber) {
	if !s.ready() || s.told == sh.feed.state && s.restate == nil {
		return
	}
	var texts [][]byte
	if s.told != sh.feed.state {
		s.told = sh.feed.state
		texts = append(texts, wire.Marshal(wire.Status{Type: wire.TypeStatus, Scope: wire.ScopeFeed, State: sh.feed.state.wire(), AgeMS: sh.feed.age.Milliseconds()}))
	}
	if s.restate != nil {
		s.restate.drain(func(id uint32) bool {
			if len(texts) == statesAtOnce {
				return false
			}
			texts = append(texts, sh.stateOf(feed.SymbolID(id)))
			return true
		})
		if s.restate.empty() {
			s.restate = nil
		} else {
			sh.touch(s)
		}
	}
	sh.deliver(s, sh.assembly.messages(s.encoding, texts))
}

func (sh *shard) stateOf(id feed.SymbolID) []byte {
	last, _ := sh.book.slot(id).last()
	return wire.Marshal(wire.Status{Type: wire.TypeStatus, Scope: wire.ScopeSymbol, Symbol: sh.book.symbols.Name(id),
		State: sh.states[id].wire(), AgeMS: sh.fresh.age(last, sh.now).Milliseconds()})
}
