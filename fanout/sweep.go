package fanout

import (
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// sweep looks after the subscribers that nothing happened to.
func (sh *shard) sweep() {
	sh.swept = sh.now
	sh.watchStates()
	sh.closeBars()
	condition, heard, _ := sh.fresh.of(sh.now)
	beat := wire.Heartbeat{Type: wire.TypeHeartbeat, Time: sh.now.UnixMicro(), LagMS: heard.Behind.Milliseconds(),
		State: condition.state.wire(), AgeMS: condition.age.Milliseconds()}
	for i := len(sh.subs) - 1; i >= 0; i-- { // backwards, as shut takes from the end
		s := sh.subs[i]
		if s.watchlist.terms() == 0 && sh.now.Sub(s.unwatched) >= sh.policy.Idle {
			sh.shut(s, Idle)
			continue
		}
		if s.stalled(sh.now) {
			sh.shut(s, Slow)
			continue
		}
		if !s.blocked && !s.gone && sh.now.Sub(s.sent) >= sh.policy.Heartbeat/2 {
			beat.Conflated = s.conflatedTicks()
			sh.heartbeats.Add(1)
			sh.send(s, wire.Marshal(beat))
		}
	}
}

// grace is how long after its end a bar is closed that no later trade has
// closed: trades of it may still be on their way.
const grace = time.Second

// closeBars has bars told as closed whose symbol had no trade since.
func (sh *shard) closeBars() {
	now := sh.now.Add(-grace - sh.fresh.delay).UnixMicro()
	for _, v := range sh.active {
		if v.channel.step() == 0 {
			continue
		}
		for id := range v.interest.symbols {
			if v.interest.symbols[id].none() {
				continue
			}
			if slot := sh.book.slot(feed.SymbolID(id)); slot.closeBars(now) {
				sh.markAll(feed.SymbolID(id), slot)
			}
		}
	}
}
