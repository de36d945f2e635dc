package publish

import "time"

// Stats is how well a Publisher keeps to its plan.
type Stats struct {
	Planned   uint64 // ticks that were due up to now, those of Open included
	Published uint64 // ticks that Put has taken
	// MaxLate and P99Late are by how much the publisher itself was late since
	// Begin: from
	// when a tick was due, and the Put before had returned, to its own Put.
	MaxLate, P99Late time.Duration
	Blocked          time.Duration // time inside Put
	Behind           time.Duration // for how long the next tick has been due; 0: it is not yet
}

// Stats may be called at any time.
func (p *Publisher) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Published: p.published, Blocked: p.blocked,
		MaxLate: time.Duration(p.late.Max()) * time.Microsecond, P99Late: time.Duration(p.late.ValueAtPercentile(99)) * time.Microsecond,
	}
	if !p.putting.IsZero() {
		s.Blocked += time.Since(p.putting)
	}
	now := p.ended
	if p.running {
		now = time.Since(p.zero)
	}
	s.Planned, s.Behind = p.agenda.due(now)
	s.Planned += p.opened
	return s
}
