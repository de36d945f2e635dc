package access

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tickwire/fanout/wire"
)

// Grant is what a token lets its bearer have. The zero value grants all values
// to nobody in particular.
type Grant struct {
	Subject  string        // who it is
	Symbols  []string      // names, and patterns that end in a star; nil: all
	Channels []string      // nil: all
	Rate     float64       // most updates a second of each symbol; 0: no cap
	Terms    int           // most symbols and patterns of a connection; 0: as many as anybody
	Delay    time.Duration // how old values must be; 0: of now
	Operator bool          // may see how the server does, and who its clients are
	Expires  time.Time     // zero: never
}

// Symbol reports whether a term of a request, a name or a pattern, is within
// the grant. A pattern is when it covers nothing that is not granted.
func (g *Grant) Symbol(term string) bool {
	return g.Symbols == nil || slices.ContainsFunc(g.Symbols, func(granted string) bool { return covers(granted, term) })
}

// covers reports whether all that term stands for is what granted stands for.
func covers(granted, term string) bool {
	prefix, pattern := wire.Pattern(granted)
	return granted == term || pattern && strings.HasPrefix(strings.TrimSuffix(term, "*"), prefix)
}

// Channel reports whether a channel is granted.
func (g *Grant) Channel(name string) bool {
	return g.Channels == nil || slices.Contains(g.Channels, name)
}

// Cap is the rate that somebody gets who asks for one; 0 is every change.
func (g *Grant) Cap(rate float64) float64 {
	if g.Rate > 0 && (rate == 0 || rate > g.Rate) {
		return g.Rate
	}
	return rate
}

// Replaces reports whether g can take the place of a grant in use: it is of the
// same subject, with the same delay, and grants no less. So whatever is
// subscribed under the old one is still within the new.
func (g *Grant) Replaces(old *Grant) bool {
	all := func(mine, theirs []string, has func(string) bool) bool {
		return mine == nil || theirs != nil && !slices.ContainsFunc(theirs, func(one string) bool { return !has(one) })
	}
	return g.Subject == old.Subject && g.Delay == old.Delay &&
		all(g.Symbols, old.Symbols, g.Symbol) && all(g.Channels, old.Channels, g.Channel) &&
		(g.Rate == 0 || old.Rate != 0 && old.Rate <= g.Rate) &&
		(g.Terms == 0 || old.Terms != 0 && old.Terms <= g.Terms) &&
		(g.Operator || !old.Operator)
}

// channels are the channels that can be granted: a token may be older or newer
// than the server, but a misspelt one is an error.
var channels = []string{"ticker", "trades", "stats", "bars_1s", "bars_1m", "bars_5m", "bars_1h"}

// Bounds of what a grant holds.
const (
	maxPatterns = 1000
	maxDelay    = 24 * time.Hour
	maxSubject  = 256
)

// take fills in what the members of a token, or of a key, grant. It is strict:
// a claim that is there and cannot be understood must not grant everything.
func (g *Grant) take(members map[string]json.RawMessage) error {
	var delay float64
	for _, claim := range []struct {
		name  string
		into  any
		sound func() bool
		want  string
	}{
		{"symbols", &g.Symbols, func() bool {
			return len(g.Symbols) <= maxPatterns && !slices.ContainsFunc(g.Symbols, func(s string) bool { return !wire.ValidTerm(s) })
		}, fmt.Sprintf("a list of at most %d symbols and patterns", maxPatterns)},
		{"channels", &g.Channels, func() bool {
			return !slices.ContainsFunc(g.Channels, func(c string) bool { return !slices.Contains(channels, c) })
		}, "a list of " + strings.Join(channels, ", ")},
		{"rate", &g.Rate, func() bool { return g.Rate >= wire.MinRate && g.Rate <= wire.MaxRate },
			fmt.Sprintf("a number of updates a second from %.5f to %d", wire.MinRate, wire.MaxRate)},
		{"terms", &g.Terms, func() bool { return g.Terms > 0 }, "a whole number over 0"},
		{"delay", &delay, func() bool { return delay >= 0 && delay <= maxDelay.Seconds() },
			fmt.Sprintf("a number of seconds from 0 to %.0f", maxDelay.Seconds())},
		{"operator", &g.Operator, func() bool { return true }, "true or false"},
	} {
		for name := range members {
			if name != claim.name && strings.EqualFold(name, claim.name) {
				return fmt.Errorf("%w: %s must be written so", ErrClaim, claim.name)
			}
		}
		text, there := members[claim.name]
		if !there {
			continue
		}
		if bytes.Equal(text, []byte("null")) || json.Unmarshal(text, claim.into) != nil || !claim.sound() {
			return fmt.Errorf("%w: %s must be %s", ErrClaim, claim.name, claim.want)
		}
	}
	g.Delay = time.Duration(delay * float64(time.Second))
	return nil
}
