package verify

// Kinds of a Violation.
const (
	Order     = "order"      // a seq or an ordinal that does not rise, an update before the snapshot of its symbol
	Value     = "value"      // a value, a tick or a symbol that was never published, or not as it was
	GapUnsaid = "gap_unsaid" // ticks are missing that neither the ordinal nor a gap accounts for
	Final     = "final"      // after everything was quiet the last value was not the last one published
)

// Violation is one promise that was broken to one client.
type Violation struct {
	Kind   string `json:"kind"`
	Client string `json:"client"`
	Symbol string `json:"symbol"`
	Before int64  `json:"before"` // the seq that this client had of the symbol, 0 if none
	Seq    int64  `json:"seq"`    // the one that it was told
	What   string `json:"what"`
}

// MaxViolations is how many violations a Ledger shows. All are counted.
const MaxViolations = 100

// Sampler takes the latency of an update: when its tick was planned to be, and
// the oldest tick that the client hears of only by this update, as it was
// conflated; when the publisher in fact handed the tick over (0: not known), and
// when the update was received.
type Sampler interface {
	Sample(planned, oldest, sent, received int64)
}

// Ledger is what one worker has found. It has no lock: one goroutine at a time
// has it. Ledgers are added up with Add.
type Ledger struct {
	Frames     uint64 // messages, of whatever kind
	TextBytes  uint64 // of messages, before compression
	Updates    uint64 // values told by ticker, or trades by trades
	Snapshots  uint64 // values told by snapshots
	Heartbeats uint64
	Gaps       uint64 // said

	// Expected is how many ticks clients had to be told of since their first
	// value, Accounted how many they were: by updates, or by the ordinals of
	// updates as conflated. Reach is the one by the other.
	Expected, Accounted uint64
	Conflated           uint64 // ticks that were told of by the ordinal of a later one
	Decoded             uint64 // messages that were also decoded in full
	Unchecked           uint64 // values of ticks that the Truth no longer has, or never had

	Order, Value, GapUnsaid, Final uint64 // violations by kind
	Violations                     []Violation

	// Share of the data messages that are also decoded in full, 0 to 1.
	Share   float64
	Sampler Sampler // nil: nobody asks

	due float64 // of Share, what has not become a decoded message yet
}

// Add adds what another Ledger has found. Share and Sampler stay as they are.
func (l *Ledger) Add(other *Ledger) {
	l.Frames += other.Frames
	l.TextBytes += other.TextBytes
	l.Updates += other.Updates
	l.Snapshots += other.Snapshots
	l.Heartbeats += other.Heartbeats
	l.Gaps += other.Gaps
	l.Expected += other.Expected
	l.Accounted += other.Accounted
	l.Conflated += other.Conflated
	l.Decoded += other.Decoded
	l.Unchecked += other.Unchecked
	l.Order += other.Order
	l.Value += other.Value
	l.GapUnsaid += other.GapUnsaid
	l.Final += other.Final
	room := max(0, MaxViolations-len(l.Violations))
	l.Violations = append(l.Violations, other.Violations[:min(room, len(other.Violations))]...)
}

// Broken is how many violations there were, of all kinds.
func (l *Ledger) Broken() uint64 { return l.Order + l.Value + l.GapUnsaid + l.Final }

// Reach is which part of the ticks that clients had to be told of they were.
func (l *Ledger) Reach() float64 {
	if l.Expected == 0 {
		return 1
	}
	return float64(l.Accounted) / float64(l.Expected)
}

func (l *Ledger) violate(v Violation) {
	switch v.Kind {
	case Order:
		l.Order++
	case Value:
		l.Value++
	case GapUnsaid:
		l.GapUnsaid++
	case Final:
		l.Final++
	}
	if len(l.Violations) < MaxViolations {
		l.Violations = append(l.Violations, v)
	}
}

// decodes reports whether the next data message is one of Share.
func (l *Ledger) decodes() bool {
	l.due += l.Share
	if l.due < 1 {
		return false
	}
	l.due--
	l.Decoded++
	return true
}
