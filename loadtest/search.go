package loadtest

import (
	"errors"
	"fmt"
	"time"

	"tickwire/loadtest/publish"
	"tickwire/loadtest/report"
)

// Dimension is what of a load is raised.
type Dimension string

// The dimensions.
const (
	Connections Dimension = "connections"
	Ticks       Dimension = "ticks_per_s"
)

// Search says how to look for the knee.
type Search struct {
	Bound     Bound
	Dimension Dimension // Default: Connections.
	// Most is the highest load to try. Default: 16,000 connections, or as many as
	// this process may have files open for; a million ticks a second.
	Most float64
	// Step is how long each load is measured, after a second in which it counts
	// for nothing. Default: 10 s.
	Step time.Duration
}

func (s Search) withDefaults() Search {
	if s.Dimension == "" {
		s.Dimension = Connections
	}
	if s.Most == 0 {
		s.Most = 1_000_000
		if s.Dimension == Connections {
			s.Most = 16_000
			if files := openFiles(); files > 0 {
				s.Most = min(s.Most, float64(files-spare))
			}
		}
	}
	if s.Step == 0 {
		s.Step = 10 * time.Second
	}
	return s
}

// check reports the first thing that is wrong with a search from a plan on, or
// nil.
func (s *Search) check(p *Plan) error {
	b := s.Bound
	switch {
	case !(b.Percentile > 0 && b.Percentile < 100) || b.Below <= 0:
		return fmt.Errorf("%v is no bound; one is such as p99<20ms", b)
	case s.Step < 0:
		return fmt.Errorf("a step of %v", s.Step)
	case s.Dimension != Connections && s.Dimension != Ticks:
		return fmt.Errorf("there is no dimension %.40q: %s, %s", s.Dimension, Connections, Ticks)
	case s.Dimension == Ticks && p.Publish == nil:
		return errors.New("only a load tester that publishes can raise the ticks")
	case !(s.Most >= s.first(p)):
		return fmt.Errorf("the search begins at %.0f %s, over its limit of %.0f: raise that, or begin lower", s.first(p), s.Dimension, s.Most)
	case s.Dimension == Ticks && s.Most > publish.MaxRate:
		return fmt.Errorf("a limit of %.0f ticks a second: give %d at most", s.Most, publish.MaxRate)
	case s.Dimension == Ticks:
		return nil
	case s.Most > MaxConnections:
		return fmt.Errorf("a limit of %.0f connections: give %d at most", s.Most, MaxConnections)
	}
	return fits(int(s.Most), openFiles())
}

// first is the load that the plan asks for.
func (s *Search) first(p *Plan) float64 {
	if s.Dimension == Ticks {
		return p.Publish.Rate
	}
	return float64(p.Connections)
}

// find looks for the highest load that holds, and notes it and the lowest that
// does not. try measures a load. rest goes to a load, half of
// one that held, until nothing is left of an overload.
func find(into *report.Knee, first, most float64, try func(load float64) (report.Step, error), rest func(load float64) error) error {
	attempt := func(load float64) (held bool, err error) {
		step, err := try(load)
		if err != nil {
			return false, err
		}
		if step.Held {
			into.Held = load
		} else {
			into.Broke, into.Limited = load, !step.Valid
		}
		return step.Held, nil
	}
	for load := first; into.Broke == 0; load = min(2*load, most) {
		if held, err := attempt(load); err != nil || held && load >= most {
			return err // nothing that may be put on it breaks it
		}
	}
	for range halvings {
		load := whole(into.Held + (into.Broke-into.Held)/2)
		if load <= into.Held || load >= into.Broke {
			break
		}
		lower := into.Held
		if lower == 0 {
			lower = load
		}
		if err := rest(whole(lower / 2)); err != nil {
			return err
		}
		if _, err := attempt(load); err != nil {
			return err
		}
	}
	return nil
}

// whole rounds a load.
func whole(load float64) float64 { return float64(int(load + 0.5)) }
