package client

import (
	"time"

	"tickwire/fanout/wire"
)

// states are those that were told last, of the feed and of the symbols that are
// not live. They last from one connection to the next.
type states struct {
	feed    wire.State
	symbols map[string]bool
}

func newStates() states { return states{feed: wire.Live, symbols: map[string]bool{}} }

// feed takes what hello or a heartbeat says of the feed, and tells a change.
func (s *session) feed(state wire.State, ageMS int64) {
	if state != "" && state != s.client.states.feed {
		s.status(&wire.Status{Type: wire.TypeStatus, Scope: wire.ScopeFeed, State: state, AgeMS: ageMS})
	}
}

func (s *session) status(m *wire.Status) {
	known := &s.client.states
	switch {
	case m.Scope == wire.ScopeFeed:
		known.feed = m.State
	case m.State == wire.Live:
		delete(known.symbols, m.Symbol)
	default:
		known.symbols[m.Symbol] = true
	}
	s.client.config.OnStatus(*m)
}

// recovered takes a symbol of a snapshot for live, as the server says otherwise
// behind it. That it recovered may have been said while there was no connection.
func (s *session) recovered(u *wire.Update) {
	if s.client.states.symbols[u.Symbol] {
		age := max(0, time.Since(time.UnixMicro(u.Time)))
		s.status(&wire.Status{Type: wire.TypeStatus, Scope: wire.ScopeSymbol, Symbol: u.Symbol, State: wire.Live, AgeMS: age.Milliseconds()})
	}
}
