package fanout

import "tickwire/fanout/wire"

// sweep looks after the subscribers that nothing happened to.
func (sh *shard) sweep() {
	sh.swept = sh.now
	beat := wire.Heartbeat{Type: wire.TypeHeartbeat, Time: sh.now.UnixMicro(), LagMS: sh.lag().Milliseconds()}
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
			beat.Conflated = s.conflated
			sh.heartbeats.Add(1)
			sh.send(s, sh.assembly.message(wire.Marshal(beat)))
		}
	}
}
