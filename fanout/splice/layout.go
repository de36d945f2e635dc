package splice

import (
	"errors"
	"fmt"
)

// Bounds of a Layout and of what it describes, in bytes unless said otherwise.
const (
	// Window is the farthest that a frame refers back: a reader whose window is
	// of this size (server_max_window_bits=9, RFC 7692, section 7.1.2.1) can
	// read every frame.
	Window = 512

	maxSpan   = 255 // of an update with its comma; two fit the window
	maxHead   = 250
	maxFields = 10  // fields
	maxLeads  = 2   // fields with a Tail
	maxSuffix = 12  // of the first value, that can join a match
	maxJoint  = 10  // of a lead, or zeros, that can join one
	maxRun    = 105 // of a match in Runs, the last key not counted
)

// Layout describes messages of one family:
//
//	head {"a":"value","b":value} , {"a":"value","b":value} foot
//
// The updates between head and foot are objects with the same members in the
// same order, and no spaces.
type Layout struct {
	Heads  []string // one for each kind of message; AppendFrame takes its index
	Fields []Field  // the members of an update
	Foot   string

	// Separator cuts the first value in two: the part from the first Separator
	// on is taken to be the same in neighbours more often than not.
	Separator byte

	// Runs says that neighbours have much in common, as trades of one symbol or
	// bars of one interval. The match of a key then takes what both values begin
	// with and, if that is all of them, goes on with the next key.
	Runs bool
}

// Field is a member of every update.
type Field struct {
	Name   string
	Quoted bool // whether the value stands in quotes

	// Tail is how many characters at the end of the value differ between
	// neighbours; those before them are mostly the same. 0: nothing is the same.
	Tail int

	// Like has the indexes of earlier fields that often begin as this one does.
	Like []int
}

// keys is the text before each value, between the value before and this one.
// For the first value that is what stands between two updates.
func (l *Layout) keys() []string {
	keys := make([]string, len(l.Fields))
	for i, f := range l.Fields {
		before := l.end() + ",{"
		if i > 0 {
			before = quote(l.Fields[i-1]) + ","
		}
		keys[i] = before + `"` + f.Name + `":` + quote(f)
	}
	return keys
}

// Longest is the longest match that a frame can have.
func (l *Layout) Longest() int {
	longest := 0
	for f, key := range l.keys() {
		longest = max(longest, len(key)+l.reach(f))
	}
	return longest
}

// reach is how much longer than its key the match of field f can be: by what
// comes before it, a suffix or zeros or a run, and by a lead behind it.
func (l *Layout) reach(f int) int {
	n := maxJoint
	if f == 1 {
		n = maxSuffix
	}
	if l.Fields[f].Tail > 0 {
		n += maxJoint
	}
	if l.Runs {
		n = maxRun
	}
	return n
}

// end is the text after the last value of an update.
func (l *Layout) end() string { return quote(l.Fields[len(l.Fields)-1]) + "}" }

func quote(f Field) string {
	if f.Quoted {
		return `"`
	}
	return ""
}

func (l *Layout) validate() error {
	leads := 0
	for i, f := range l.Fields {
		if f.Tail > 0 {
			leads++
		}
		for _, g := range f.Like {
			if g >= i {
				return fmt.Errorf("layout: field %q is like field %d, which does not come before it", f.Name, g)
			}
		}
	}
	switch {
	case len(l.Heads) == 0:
		return errors.New("layout: no head")
	case len(l.Fields) < 2 || len(l.Fields) > maxFields:
		return fmt.Errorf("layout: %d fields: give 2 to %d", len(l.Fields), maxFields)
	case l.Fields[0].Tail > 0 || leads > maxLeads:
		return fmt.Errorf("layout: at most %d fields, and not the first, can have a Tail", maxLeads)
	}
	for _, head := range l.Heads {
		if len(head) > maxHead {
			return fmt.Errorf("layout: head of %d bytes: give at most %d", len(head), maxHead)
		}
	}
	return nil
}
