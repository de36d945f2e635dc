package client

import (
	"fmt"
	"time"
)

// Phase is how far the connection is.
type Phase int

// The phases.
const (
	Connecting Phase = iota // dialling, until the server's hello
	Connected               // hello is there; what is wanted is asked for
	Waiting                 // the connection ended, or there was none; another comes after a wait
)

// String is the phase in a word.
func (p Phase) String() string {
	switch p {
	case Connecting:
		return "connecting"
	case Connected:
		return "connected"
	case Waiting:
		return "waiting"
	}
	return fmt.Sprintf("Phase(%d)", int(p))
}

// State is the state of the connection.
type State struct {
	Phase Phase
	Conn  string        // Connected: the server's name for the connection
	Node  string        // Connected: the server's name for itself; may be empty
	Err   error         // Waiting: why the connection ended
	Wait  time.Duration // Waiting: how long
}

// String is the state in a line.
func (s State) String() string {
	switch {
	case s.Phase == Connected && s.Node != "":
		return "connected to " + s.Node
	case s.Phase == Waiting:
		return fmt.Sprintf("waiting %v: %v", s.Wait.Round(time.Millisecond), s.Err)
	}
	return s.Phase.String()
}
