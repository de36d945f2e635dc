package wire

// State is how far a feed, or a symbol, can be trusted to be of now.
type State string

// The states, from the best to the worst.
const (
	Live    State = "live"    // it is read as it comes
	Stale   State = "stale"   // no tick has come for long
	Lagging State = "lagging" // this node is behind the end of the topic
	Down    State = "down"    // this node cannot read
)

// Scopes of a Status.
const (
	ScopeFeed   = "feed"
	ScopeSymbol = "symbol"
)

// Status tells that a state has changed; a symbol's also follows a snapshot of
// it if it is not live then.
type Status struct {
	Type   string `json:"type"`
	Scope  string `json:"scope"`
	Symbol string `json:"symbol,omitempty"`
	State  State  `json:"state"`
	AgeMS  int64  `json:"age_ms"` // of the newest tick: now less its event time; 0: there was none
}
