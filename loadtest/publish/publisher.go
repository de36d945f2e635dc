package publish

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tickwire/feed"
	"tickwire/loadtest/verify"
)

// Mix is how ticks are spread over the symbols.
type Mix string

// The mixes.
const (
	Zipf    Mix = "zipf"    // a few symbols have most of the ticks, as markets do
	Uniform Mix = "uniform" // all have as many
)

// Of Zipf: the k-th symbol ticks as 1/(k+zipfOffset)^zipfExponent, as in the
// synthetic market of feed/source.
const (
	zipfExponent = 1.4
	zipfOffset   = 5
)

// One in so many ticks is a trade, the others are quotes.
const tradeOneIn = 4

// The sequences drawn from one seed.
const (
	openingStream  = 1
	tickStream     = 2
	scheduleStream = 3
)

// Config is what a Publisher is made of. All but Mix and Seed must be there.
type Config struct {
	Symbols  int    // up to verify.MaxSymbols
	Prefix   string // of their names, see Names
	Mix      Mix    // default: Zipf
	Seed     uint64 // decides every tick but its time
	Schedule Schedule
	// Put hands over a tick, which is the publisher's again when it returns. It
	// may block.
	Put func(ctx context.Context, t *feed.Tick) error
	// Truth is told each tick before Put is. It has these symbols.
	Truth *verify.Truth
}

// Grace is how long a Put may go on when the run has ended.
const Grace = 10 * time.Second

// Names are the names of n symbols: LOAD-00001, LOAD-00002, ...
func Names(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%05d", prefix, i+1)
	}
	return names
}

// Publisher publishes ticks by a plan.
type Publisher struct {
	config      Config
	random      *rand.Rand
	pick        func() int // the place of the symbol that ticks next
	instruments []instrument
	draft       draft
	agenda      agenda

	mu        sync.Mutex // protects what follows
	running   bool
	zero      time.Time     // when moment 0 of the plan was
	ended     time.Duration // the moment at which the last run ended
	opened    uint64        // ticks of Open
	published uint64
	blocked   time.Duration // of the Puts that have returned
	putting   time.Time     // since when one has not; zero: none
	late      *hdrhistogram.Histogram
	free      time.Time // when the Put before returned
}

// New checks the configuration. Open and Run publish.
func New(c Config) (*Publisher, error) {
	switch {
	case c.Symbols < 1 || c.Symbols > verify.MaxSymbols:
		return nil, fmt.Errorf("publish ticks of %d symbols: give 1 to %d", c.Symbols, verify.MaxSymbols)
	case c.Mix != "" && c.Mix != Zipf && c.Mix != Uniform:
		return nil, fmt.Errorf("mix %q: give %s or %s", c.Mix, Zipf, Uniform)
	case c.Schedule == nil || c.Put == nil || c.Truth == nil:
		return nil, errors.New("publish without a schedule, a put or a truth: give all three")
	}
	p := &Publisher{
		config: c, random: rand.New(rand.NewPCG(c.Seed, tickStream)), agenda: agenda{schedule: c.Schedule},
		late: hdrhistogram.New(1, time.Minute.Microseconds(), 3),
	}
	opening := rand.New(rand.NewPCG(c.Seed, openingStream))
	for _, name := range Names(c.Prefix, c.Symbols) {
		id, known := c.Truth.ID([]byte(name))
		if !known {
			return nil, fmt.Errorf("symbol %q is none of the truth's: give it Names of the same prefix", name)
		}
		p.instruments = append(p.instruments, newInstrument(id, name, opening))
	}
	p.pick = func() int { return p.random.IntN(c.Symbols) }
	if c.Mix != Uniform && c.Symbols > 1 {
		zipf := rand.NewZipf(p.random, zipfExponent, zipfOffset, uint64(c.Symbols-1))
		p.pick = func() int { return int(zipf.Uint64()) }
	}
	return p, nil
}

// Open publishes a trade with a quote of each symbol, now. Every client that
// subscribes after it finds a value. It comes before Run and is not of the plan.
func (p *Publisher) Open(ctx context.Context) error {
	for i := range p.instruments {
		in := &p.instruments[i]
		p.draft.begin(in)
		p.draft.trade(in, p.random)
		p.draft.quote(in, p.random)
		p.openOne()
		if err := p.put(ctx, in, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

func (p *Publisher) openOne() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
}

// Begin forgets how late the publisher was, for the next part of a run.
func (p *Publisher) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late.Reset()
}

// Run publishes by the plan until ctx ends, which is no error, or Put fails. A
// second Run goes on in the plan where the first ended; two at a time are not
// allowed. Ticks that were due and not yet put when it ends are not published:
// Stats tells. The one that is being put then has Grace to arrive, as the truth
// has it already.
func (p *Publisher) Run(ctx context.Context) error {
	p.begin()
	defer p.end()
	puts, release := outlive(ctx)
	defer release()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		planned := p.zero.Add(p.agenda.take())
		if !wait(ctx, timer, planned) {
			return nil
		}
		if err := p.one(puts, planned); err != nil {
			return err
		}
	}
}

// outlive is a context that ends Grace after another one does. The caller
// releases it.
func outlive(ctx context.Context) (longer context.Context, release func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	late := time.AfterFunc(time.Hour, cancel)
	late.Stop()
	unhook := context.AfterFunc(ctx, func() { late.Reset(Grace) })
	return longer, func() {
		unhook()
		late.Stop()
		cancel()
	}
}

func (p *Publisher) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = true
	p.zero = time.Now().Add(-p.ended)
	p.free = time.Time{}
}

func (p *Publisher) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
	p.ended = time.Since(p.zero)
}

// wait returns at a time, or reports false when ctx has ended.
func wait(ctx context.Context, timer *time.Timer, until time.Time) bool {
	if ahead := time.Until(until); ahead > 0 {
		timer.Reset(ahead)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// one publishes the next tick of the plan.
func (p *Publisher) one(ctx context.Context, planned time.Time) error {
	in := &p.instruments[p.pick()]
	p.draft.begin(in)
	if p.random.IntN(tradeOneIn) == 0 {
		p.draft.trade(in, p.random)
	} else {
		in.move(p.random)
		p.draft.quote(in, p.random)
	}
	p.agenda.done()
	return p.put(ctx, in, planned)
}

// put enters the tick that is drafted into the truth and hands it over. A tick
// that is planned for the same microsecond as the one before of its symbol is
// made one later, so that a time tells which tick it is.
func (p *Publisher) put(ctx context.Context, in *instrument, planned time.Time) error {
	in.last = max(in.last+1, planned.UnixMicro())
	p.draft.tick.Time = in.last
	now := p.start(planned)
	p.config.Truth.Publish(in.id, &p.draft.tick, now.UnixMicro())
	err := p.config.Put(ctx, &p.draft.tick)
	p.finish(now, err == nil)
	if err != nil {
		return fmt.Errorf("publish a tick of %s: %w", in.symbol, err)
	}
	return nil
}

// start notes that a Put begins, and by how much the publisher itself was late
// with it: what the Put before took is not its fault.
func (p *Publisher) start(planned time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	could := planned
	if p.free.After(could) {
		could = p.free
	}
	if p.running {
		p.late.RecordValue(min(max(0, now.Sub(could).Microseconds()), p.late.HighestTrackableValue())) // which it can hold
	}
	p.putting = now
	return now
}

func (p *Publisher) finish(started time.Time, published bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = time.Now()
	p.blocked += p.free.Sub(started)
	p.putting = time.Time{}
	if published {
		p.published++
	}
}
