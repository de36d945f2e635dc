package gateway

import (
	"context"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// A session without a grant waits in the lobby: it has had hello, and has the
// time of a handshake for op auth. Then it becomes a subscriber of the hub that
// its token grants. With a grant, op auth prolongs: a fresh token must be of the
// same subject and grant no less, so that what is subscribed still fits.

// await waits for a token.
func (s *session) await() {
	if !s.gateway.lobby.enter(s) {
		s.Shut(fanout.ServerEnds)
		return
	}
	s.deadline = time.AfterFunc(s.gateway.config.Limits.Handshake, func() {
		s.shut(fanout.Unauthorized, "no token came in time: send op auth after hello")
	})
}

// authenticate carries out op auth.
func (s *session) authenticate(r wire.Request) {
	ctx, cancel := context.WithTimeout(context.Background(), s.gateway.config.Limits.Handshake)
	defer cancel()
	c, refused := s.gateway.identify(ctx, r.Token)
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op}
	switch {
	case s.sub != nil:
		s.prolong(r, c, refused, ack)
	case refused == nil:
		if s.deadline.Stop() { // else it is being shut
			s.gateway.lobby.leave(s)
			s.caller = c
			ack.Operator = c.operator
			s.begin(ack)
		}
	case refused.after > 0:
		s.shut(fanout.NotReady, refused.message)
	default:
		s.gateway.metrics.turnedAway.WithLabelValues(refused.why).Inc()
		s.shut(fanout.Unauthorized, refused.message)
	}
}

// prolong takes a fresh token on. If it is refused, the one before stays in
// force.
func (s *session) prolong(r wire.Request, c caller, refused *refusal, ack wire.Ack) {
	switch {
	case refused != nil:
		s.refuse(&wire.Error{Type: wire.TypeError, ID: r.ID, Code: refused.code, Message: refused.message, Retry: refused.after > 0})
	case !c.grant.Replaces(s.grant):
		s.refuse(&wire.Error{Type: wire.TypeError, ID: r.ID, Code: wire.NotEntitled,
			Message: "a fresh token must have the subject and the delay of the one before and grant no less: reconnect to use this one"})
	default:
		s.grant = c.grant
		s.operator = s.operator || c.operator // without Access it is not the token that makes one
		ack.Operator = s.operator
		s.watchExpiry()
		s.sub.Answer(ack)
	}
}

// watchExpiry has the session end with its token.
func (s *session) watchExpiry() {
	if s.expiry == nil {
		if s.grant.Expires.IsZero() {
			return
		}
		s.expiry = &expiry{end: func() { s.Shut(fanout.Expired) }, warn: func(in time.Duration) {
			s.sub.Notify(wire.Notice{Type: wire.TypeNotice, Code: wire.NoticeExpires, InMS: in.Milliseconds()})
		}}
	}
	s.expiry.set(s.grant.Expires)
}

// within takes out of a request what the grant does not cover.
func (c caller) within(r *wire.Request) (fanout.Within, *wire.Error) {
	w := fanout.Within{Terms: c.grant.Terms}
	if r.Op != wire.OpSubscribe || r.SetsBudgetOnly() {
		return w, nil
	}
	if !c.grant.Channel(r.Channel) {
		return w, &wire.Error{Type: wire.TypeError, ID: r.ID, Code: wire.NotEntitled, Message: "the token does not grant channel " + r.Channel}
	}
	r.Rate = c.grant.Cap(r.Rate)
	kept := r.Symbols[:0]
	for _, term := range r.Symbols {
		if wire.ValidTerm(term) && !c.grant.Symbol(term) {
			w.Denied = append(w.Denied, wire.Denied{Symbol: term, Code: wire.NotEntitled})
		} else {
			kept = append(kept, term)
		}
	}
	r.Symbols = kept
	return w, nil
}
