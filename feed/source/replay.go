package source

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxPause bounds the time between two frames of a recording. A longer pause is
// cut to it, so that recordings of different days can be replayed in one.
const MaxPause = 10 * time.Second

// Bounds of a speed other than 0.
const (
	MinSpeed = 0.001
	MaxSpeed = 1_000_000.0
)

// ReplayConfig says what to replay, and how.
type ReplayConfig struct {
	// Files are recordings, plain or gzip; see the formats below. They are
	// merged by their local times of receipt. Each is read as a stream.
	//
	//	<local ns> <frame>              hftbacktest's collector
	//	<local s>: <frame>              cryptofeed, with lines about the connection
	Files []string

	// Speed is how much faster than recorded it goes: 1 as recorded, 2 twice as
	// fast. Pauses over MaxPause are cut, and after a stall up to one second is
	// caught up. Default: 0, as fast as Put takes the ticks.
	Speed float64

	// Loop starts over at the end. Event times are the recorded ones every time,
	// so they jump back there.
	Loop bool
}

// Validate reports the first thing wrong with c, or nil. It opens no file.
func (c *ReplayConfig) Validate() error {
	switch {
	case len(c.Files) == 0:
		return errors.New("replay of no files: name at least one recording")
	case c.Speed != 0 && !(c.Speed >= MinSpeed && c.Speed <= MaxSpeed):
		return fmt.Errorf("replay at speed %v: give %v to %v, 1 being as recorded, or 0 for as fast as it goes", c.Speed, MinSpeed, MaxSpeed)
	}
	return nil
}

// Replay gives the ticks in recordings of what venues sent.
type Replay struct {
	config  ReplayConfig
	decoder decoder
	tally   *tally
}

// NewReplay opens every file up to its first frame, so that one that is absent,
// unreadable or of another format is an error now and not in the midst of a
// run. Nothing stays open.
func NewReplay(c ReplayConfig) (*Replay, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for _, path := range c.Files {
		rec, err := openRecording(path)
		if err != nil {
			return nil, err
		}
		rec.close()
	}
	return &Replay{config: c, tally: newTally()}, nil
}

// Counts is what was done so far, in all runs. It may be called at any time.
func (r *Replay) Counts() Counts {
	c := r.tally.counts()
	c.Unsplit = r.decoder.symbols.unsplit.Load()
	return c
}

// Run replays the files. It returns nil at their end, and otherwise the error
// of ctx, of put, or of reading. Two runs at a time are not allowed.
func (r *Replay) Run(ctx context.Context, put Put) error {
	for {
		if err := r.pass(ctx, put); err != nil || !r.config.Loop {
			return err
		}
	}
}

// pass replays the files once.
func (r *Replay) pass(ctx context.Context, put Put) error {
	m, err := openMerge(r.config.Files)
	if err != nil {
		return err
	}
	defer m.close()
	plan := pauses{schedule: newSchedule(), speed: r.config.Speed, last: m.first().local}
	for m.Len() > 0 {
		rec := m.first()
		if err := plan.wait(ctx, rec.local); err != nil {
			return err
		}
		if err := r.frame(ctx, put, rec); err != nil {
			return err
		}
		if err := m.advance(); err != nil {
			return err
		}
	}
	return nil
}

// frame puts the ticks of the frame that rec stands at.
func (r *Replay) frame(ctx context.Context, put Put, rec *recording) error {
	r.tally.frames.Add(1)
	if rec.frame == nil {
		r.tally.undecodable.Add(1)
		return nil
	}
	from, passed, err := r.decoder.decode(rec.venue, rec.frame, rec.local/int64(time.Microsecond))
	if err != nil {
		r.tally.undecodable.Add(1)
		return nil
	}
	if passed != nil {
		r.tally.pass(from.name, passed)
		return nil
	}
	for i := range r.decoder.ticks {
		if err := put(ctx, &r.decoder.ticks[i]); err != nil {
			return err
		}
		r.tally.ticks.Add(1)
	}
	return nil
}

// pauses turns local times into moments of a schedule.
type pauses struct {
	*schedule
	speed float64
	last  int64         // local time of the frame before, nanoseconds
	at    time.Duration // its moment, as recorded with long pauses cut
}

func (p *pauses) wait(ctx context.Context, local int64) error {
	if p.speed == 0 {
		return ctx.Err()
	}
	p.at += min(max(0, time.Duration(local-p.last)), MaxPause)
	p.last = local
	return p.schedule.wait(ctx, time.Duration(float64(p.at)/p.speed))
}

// merge is recordings by the local time of the frame each stands at, the
// earliest first and of equal ones that of the file named first. It is a heap.
type merge struct {
	heap []ranked
	all  []*recording
}

type ranked struct {
	*recording
	rank int // place among the files
}

// openMerge opens the files, each at its first frame. The caller closes them.
func openMerge(paths []string) (*merge, error) {
	m := &merge{}
	for rank, path := range paths {
		rec, err := openRecording(path)
		if err != nil {
			m.close()
			return nil, err
		}
		m.all = append(m.all, rec)
		m.heap = append(m.heap, ranked{rec, rank})
	}
	heap.Init(m)
	return m, nil
}

// first is the recording whose frame comes next.
func (m *merge) first() *recording { return m.heap[0].recording }

// advance goes to the frame behind first's.
func (m *merge) advance() error {
	err := m.first().advance()
	switch {
	case err == io.EOF:
		heap.Pop(m)
	case err != nil:
		return err
	default:
		heap.Fix(m, 0)
	}
	return nil
}

func (m *merge) close() {
	for _, rec := range m.all {
		rec.close()
	}
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (m *merge) Len() int { return len(m.heap) }
func (m *merge) Less(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	return a.local < b.local || a.local == b.local && a.rank < b.rank
}
func (m *merge) Swap(i, j int) { m.heap[i], m.heap[j] = m.heap[j], m.heap[i] }
func (m *merge) Push(x any)    { m.heap = append(m.heap, x.(ranked)) }
func (m *merge) Pop() any {
	last := m.heap[len(m.heap)-1]
	m.heap = m.heap[:len(m.heap)-1]
	return last
}
