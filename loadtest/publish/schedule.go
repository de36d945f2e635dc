package publish

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Schedule is when ticks are planned.
type Schedule interface {
	// Next is the planned moment of the next tick, from the start. It never
	// falls.
	Next() time.Duration
}

// MaxRate bounds the rate of a Plan, in ticks a second.
const MaxRate = 10_000_000

// Plan is a Schedule of a rate and a shape: that of the gaps between ticks. Safe
// for concurrent use.
type Plan struct {
	mu   sync.Mutex
	gap  func() float64 // in mean gaps
	rate float64
	at   time.Duration
	rest float64 // of a nanosecond, so that rounding does not add up
}

func newPlan(rate float64, gap func() float64) (*Plan, error) {
	if !(rate > 0 && rate <= MaxRate) {
		return nil, fmt.Errorf("a plan of %v ticks a second: give more than 0, and at most %d", rate, MaxRate)
	}
	return &Plan{gap: gap, rate: rate}, nil
}

// Next implements Schedule.
func (p *Plan) Next() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	whole, rest := math.Modf(p.gap()/p.rate*float64(time.Second) + p.rest)
	p.at += time.Duration(whole)
	p.rest = rest
	return p.at
}

// SetRate changes the rate from the tick that was planned last on.
func (p *Plan) SetRate(rate float64) error {
	if _, err := newPlan(rate, nil); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
	return nil
}

// Rate is the mean rate, in ticks a second.
func (p *Plan) Rate() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rate
}

// Constant is a plan of equal gaps.
func Constant(rate float64) (*Plan, error) {
	return newPlan(rate, func() float64 { return 1 })
}

// Poisson is a plan of ticks that come independently of each other: gaps are
// distributed exponentially.
func Poisson(rate float64, seed uint64) (*Plan, error) {
	return newPlan(rate, rand.New(rand.NewPCG(seed, scheduleStream)).ExpFloat64)
}

// Bursts is Poisson whose rate changes: now and then length ticks, on average,
// come factor times as fast as the others. Part of all ticks, 0 to 1, are in
// bursts. The mean rate is that of the plan.
func Bursts(rate float64, seed uint64, factor, part float64, length int) (*Plan, error) {
	if !(factor >= 1) || !(part > 0 && part < 1) || length < 1 {
		return nil, fmt.Errorf("bursts of %d ticks, %v times as fast, %v of all: give at least 1 tick, at least 1 times, and a part between 0 and 1", length, factor, part)
	}
	r := rand.New(rand.NewPCG(seed, scheduleStream))
	quiet := 1 / (1 - part + part/factor) // mean gap outside bursts, so that the mean of all is 1
	ends, begins := 1/float64(length), part/(1-part)/float64(length)
	bursting := false
	return newPlan(rate, func() float64 {
		if bursting {
			bursting = r.Float64() >= ends
		} else {
			bursting = r.Float64() < begins
		}
		gap := quiet * r.ExpFloat64()
		if bursting {
			gap /= factor
		}
		return gap
	})
}

// Recording is a plan of recorded gaps, over and over, at a mean rate; 0: at the
// rate of the recording.
func Recording(gaps []time.Duration, rate float64) (*Plan, error) {
	var sum time.Duration
	for _, gap := range gaps {
		if gap < 0 {
			return nil, fmt.Errorf("a recording with a gap of %v: give none below 0", gap)
		}
		sum += gap
	}
	if sum == 0 {
		return nil, errors.New("a recording without time between its ticks: give one of at least two moments")
	}
	mean := sum.Seconds() / float64(len(gaps))
	if rate == 0 {
		rate = 1 / mean
	}
	next := 0
	return newPlan(rate, func() float64 {
		gap := gaps[next].Seconds() / mean
		next = (next + 1) % len(gaps)
		return gap
	})
}
