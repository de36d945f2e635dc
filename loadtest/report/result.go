package report

import "time"

// Result is what one run found.
type Result struct {
	Version string    `json:"version"` // of the program that ran
	Command string    `json:"command"` // the command line that does it again, without secrets
	Started time.Time `json:"started"`
	Machine Machine   `json:"machine"` // the generator's
	Mode    Mode      `json:"mode"`
	Config  Config    `json:"config"`

	// Totals over all cohorts, of what came after the ramp.

	Connections      int     `json:"connections"`     // the most that were open at one time
	Frames           uint64  `json:"frames"`          // messages received
	Updates          uint64  `json:"updates"`         // elements in them, without snapshots
	TicksPublished   uint64  `json:"ticks_published"` // by us; 0 in a passive run
	Bytes            uint64  `json:"bytes"`           // on the wire, with frame headers
	Seconds          float64 `json:"seconds"`         // that the totals cover
	UpdatesPerSecond float64 `json:"updates_per_s"`
	BytesPerUpdate   float64 `json:"bytes_per_update"`  // on the wire, everything included
	CompressionRatio float64 `json:"compression_ratio"` // text to wire; 0: not known

	// Latency is from the planned time of a tick to its receipt, Uncorrected from
	// the moment when it was in fact published: a publisher that was held up
	// shows in the first alone. A passive run knows no plan; both are from the
	// ticks' own times.
	Latency     Latency `json:"latency_us"`
	Uncorrected Latency `json:"latency_uncorrected_us"`
	// Wait is from the planned time of the oldest tick that an update stands for:
	// how long the client had not heard of it. A client that is held up gets the
	// newest tick next, which is fresh; only here does it show for how long it had
	// nothing. It holds what a client waits by its own rate as well.
	Wait        Latency      `json:"wait_us"`
	Percentiles []Percentile `json:"percentiles"` // both, fine enough to draw; rising
	Hops        *Hops        `json:"hops_us,omitempty"`

	// Reach is the part of the expected ticks that arrived, 0 to 1. A tick that
	// came only as part of a later update has arrived; Conflated counts these. To a
	// subscriber that comes again a snapshot tells what it missed; one that did not
	// come again was to be told all up to the end.
	Reach      float64    `json:"reach"`
	Conflated  uint64     `json:"conflated"`
	Violations Violations `json:"violations"`
	Converged  bool       `json:"converged"`         // at the end every subscriber had the newest values
	Missing    []string   `json:"missing,omitempty"` // what was asked for and did not come about, such as the rest of the time
	Behind     int        `json:"behind"`            // those that had not

	Cohorts   map[string]Cohort `json:"cohorts"`
	Failures  map[string]uint64 `json:"failures"` // what went wrong with connections, and how often
	Publisher *Publisher        `json:"publisher,omitempty"`
	Generator Generator         `json:"generator"`
	Server    *Server           `json:"server"` // null: nobody said where its metrics are
	Clock     *Clock            `json:"clock,omitempty"`
	Series    []Row             `json:"series"`
	Knee      *Knee             `json:"knee,omitempty"`
}

// Mode is who published.
type Mode string

const (
	Publish Mode = "publish" // the generator, by its plan
	Passive Mode = "passive" // somebody else; the generator only listened
)

// Config is what was asked for. Two runs can be compared when all of it is the
// same but the URL.
type Config struct {
	URL            string  `json:"url"` // without user, password and query
	Connections    int     `json:"connections"`
	Watchlist      int     `json:"watchlist"` // symbols a connection; 0: all
	Symbols        int     `json:"symbols"`
	Mix            string  `json:"mix"` // how the watchlists are drawn: zipf or uniform
	Channel        string  `json:"channel"`
	Rate           float64 `json:"rate"` // updates a second that a subscriber asks for; 0: no limit
	Compression    bool    `json:"compression"`
	RampSeconds    float64 `json:"ramp_s"`
	Duration       float64 `json:"duration_s"`
	Schedule       string  `json:"schedule"` // constant, poisson, bursts, a recording's name; empty in a passive run
	TicksPerSecond float64 `json:"ticks_per_s"`
	Share          float64 `json:"share"`   // of the messages that were decoded in full
	Stalled        string  `json:"stalled"` // cohorts, as they were asked for; empty: none
	Slow           string  `json:"slow"`
	Churn          string  `json:"churn"`
	Flap           string  `json:"flap"`
	Full           string  `json:"full"`
	Bound          string  `json:"bound"` // of the search for the knee; empty: none
	Seed           uint64  `json:"seed"`
}

// Machine is where the generator ran.
type Machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"` // that the program may use
	CPU    string `json:"cpu"`  // its name, when it is known
	Memory uint64 `json:"memory_bytes"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

// Latency is a distribution in microseconds. Its percentiles are those of an
// HdrHistogram of three digits.
type Latency struct {
	P50   int64   `json:"p50"`
	P90   int64   `json:"p90"`
	P99   int64   `json:"p99"`
	P999  int64   `json:"p999"`
	P9999 int64   `json:"p9999"`
	Max   int64   `json:"max"`
	Mean  float64 `json:"mean"`
	Count int64   `json:"count"`
}

// Percentile is one point of the two curves.
type Percentile struct {
	Quantile    float64 `json:"q"` // 0 to 1
	Latency     int64   `json:"us"`
	Uncorrected int64   `json:"uncorrected_us"`
}

// Hops is where the time of an update went, each part from the end of the one
// before. It is there when the server stamps its updates. In a passive run nobody
// knows when ticks were handed over: Kafka then counts from their own times.
type Hops struct {
	Publish Hop `json:"publish"` // planned until handed to Kafka
	Kafka   Hop `json:"kafka"`   // then until the node had it
	Server  Hop `json:"server"`  // until it was written to the socket
	Client  Hop `json:"client"`  // until it was read from the socket
}

// Hop is how long a part took, in microseconds.
type Hop struct {
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Violations counts broken promises by their kind.
type Violations struct {
	Order     uint64      `json:"order"`      // out of order, repeated, or before a snapshot
	Value     uint64      `json:"value"`      // wrong, or never published
	GapUnsaid uint64      `json:"gap_unsaid"` // ticks that are missing and were not accounted for
	Final     uint64      `json:"final"`      // last values that are not the newest
	Examples  []Violation `json:"examples,omitempty"`
}

// Violation is one of them.
type Violation struct {
	Kind   string `json:"kind"` // order, value, gap_unsaid or final
	Client string `json:"client"`
	Symbol string `json:"symbol"`
	Before int64  `json:"before"` // seq that the client had; 0: none
	Seq    int64  `json:"seq"`    // seq that came
	What   string `json:"what"`
}

// Cohort is one kind of subscriber.
type Cohort struct {
	Members     int               `json:"members"`   // asked for; of those that come and go 0
	Connected   int               `json:"connected"` // the most at one time; of those that come and go how many came
	Failed      uint64            `json:"failed"`    // connections that did not come about or broke
	Evicted     uint64            `json:"evicted"`   // closed by the server
	Closes      map[string]uint64 `json:"closes,omitempty"`
	Reconnects  uint64            `json:"reconnects"`
	Frames      uint64            `json:"frames"`
	Updates     uint64            `json:"updates"`
	Snapshots   uint64            `json:"snapshots"`
	Conflated   uint64            `json:"conflated"`
	Bytes       uint64            `json:"bytes"`
	Latency     Latency           `json:"latency_us"`
	Uncorrected Latency           `json:"latency_uncorrected_us"`
	Wait        Latency           `json:"wait_us"`
	Connect     Hop               `json:"connect_us"`        // dial until hello
	First       Hop               `json:"first_snapshot_us"` // dial until the first snapshot
	Reach       float64           `json:"reach"`
	Behind      int               `json:"behind"`  // at the end not with the newest values
	Decoded     uint64            `json:"decoded"` // messages that were decoded in full
	Unchecked   uint64            `json:"unchecked"`
	Gaps        uint64            `json:"gaps"` // that the server said
	Violations  Violations        `json:"violations"`
}

// Publisher is how the plan was kept.
type Publisher struct {
	Planned   uint64  `json:"planned"`
	Published uint64  `json:"published"`
	Schedule  string  `json:"schedule"`
	MaxLateMS float64 `json:"max_late_ms"` // by its own fault
	LateMS    float64 `json:"p99_late_ms"`
	BlockedS  float64 `json:"blocked_s"` // time inside Kafka's client
	BehindMS  float64 `json:"behind_ms"` // at the end
}

// Generator is how the load tester itself did.
type Generator struct {
	CPUSeconds float64  `json:"cpu_s"`
	Cores      float64  `json:"cores"`       // busy on average
	MaxLagMS   float64  `json:"max_lag_ms"`  // a timer, or a reader's turn, came so late
	LagMS      float64  `json:"p99_lag_ms"`  // and 99 of 100 no later than this
	SeatMS     float64  `json:"p99_seat_ms"` // a reader that had something to read waited so long for its turn
	WaitMS     float64  `json:"p99_wait_ms"` // a goroutine that could run waited so long for a CPU
	GCMaxMS    float64  `json:"gc_max_ms"`   // the longest pause
	RSSBytes   uint64   `json:"rss_bytes"`   // at the most
	HeapBytes  uint64   `json:"heap_bytes"`  // at the most
	Valid      bool     `json:"valid"`       // it was not the bottleneck
	Why        []string `json:"why,omitempty"`
}

// Server is what the server's own metrics say of the time of the run.
type Server struct {
	CPUSeconds       float64           `json:"cpu_s"`
	Cores            float64           `json:"cores"`
	RSSBytes         uint64            `json:"rss_bytes"`  // at the most
	HeapBytes        uint64            `json:"heap_bytes"` // at the most
	GCMaxUS          float64           `json:"gc_max_us"`  // since its start
	Goroutines       int               `json:"goroutines"` // at the most
	Subscribers      int               `json:"subscribers"`
	Symbols          int               `json:"symbols"`
	Pulses           uint64            `json:"pulses"`
	PulseMeanUS      float64           `json:"pulse_mean_us"`
	Frames           uint64            `json:"frames"`
	Updates          uint64            `json:"updates"`
	Conflated        uint64            `json:"conflated"`
	ConflationRatio  float64           `json:"conflation_ratio"` // conflated / (updates + conflated)
	BytesPerUpdate   float64           `json:"bytes_per_update"`
	CompressionRatio float64           `json:"compression_ratio"` // text / frames
	LagRecords       int64             `json:"lag_records"`       // behind Kafka, at the most
	AgeMS            float64           `json:"age_ms"`            // of its newest tick, at the most
	Ended            map[string]uint64 `json:"ended,omitempty"`   // connections, by reason
	Readings         int               `json:"readings"`
	Missed           int               `json:"missed"` // readings that failed
}

// Clock is what is known of the difference between the clocks that a latency
// spans.
type Clock struct {
	OffsetUS      int64  `json:"offset_us"` // server less generator
	UncertaintyUS int64  `json:"uncertainty_us"`
	Note          string `json:"note"`
}

// Row is one second of the run, or several when it was long.
type Row struct {
	At                 float64 `json:"t_s"` // its end, from the start
	Seconds            float64 `json:"seconds"`
	Connections        int     `json:"connections"`
	PublishedPerSecond float64 `json:"published_per_s"`
	UpdatesPerSecond   float64 `json:"updates_per_s"`
	FramesPerSecond    float64 `json:"frames_per_s"`
	BytesPerSecond     float64 `json:"bytes_per_s"`
	P50                int64   `json:"p50_us"`
	P99                int64   `json:"p99_us"`
	Max                int64   `json:"max_us"`
}

// Knee is the search for the highest load that keeps a bound.
type Knee struct {
	Bound     string  `json:"bound"` // as it was asked for: p99<20ms
	BoundUS   int64   `json:"bound_us"`
	Dimension string  `json:"dimension"`         // what a load counts: connections, ticks_per_s
	Steps     []Step  `json:"steps"`             // in the order of the search
	Held      float64 `json:"held"`              // the highest load that held; 0: none did
	Broke     float64 `json:"broke"`             // the lowest that did not; 0: all did that were to be tried
	Limited   bool    `json:"generator_limited"` // at Broke the generator was the bottleneck: the server's knee is not known, but at Held or above
	Double    *Double `json:"double,omitempty"`
	Recovery  float64 `json:"recovery_s"` // from the end of the overload until the bound held again; below 0: it never did
}

// Step is one load that was tried.
type Step struct {
	Load             float64 `json:"load"`
	P50              int64   `json:"p50_us"`
	P99              int64   `json:"p99_us"`
	UpdatesPerSecond float64 `json:"updates_per_s"`
	Conflation       float64 `json:"conflation_ratio"`
	Lost             uint64  `json:"lost"` // connections of well-behaved subscribers that failed or ended
	Held             bool    `json:"held"`
	Valid            bool    `json:"valid"`         // false: the generator was late itself; a load that did not hold then says nothing of the server
	Why              string  `json:"why,omitempty"` // it did not hold
}

// Double is twice the load that held.
type Double struct {
	Step
	Graceful bool   `json:"graceful"` // fresh values, conflated more, and nobody lost
	Why      string `json:"why"`
}
