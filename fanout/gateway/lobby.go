package gateway

import "sync"

// lobby has the sessions that have still to bring a token. They have no place
// in a hub, so the gateway itself sends them away when it ends.
type lobby struct {
	mu      sync.Mutex // protects what follows
	waiting map[*session]struct{}
	closed  bool
}

// enter reports whether the lobby is open.
func (l *lobby) enter(s *session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if l.waiting == nil {
		l.waiting = make(map[*session]struct{})
	}
	l.waiting[s] = struct{}{}
	return true
}

func (l *lobby) leave(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, s)
}

// count is how many are waiting.
func (l *lobby) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// close lets nobody in any more and returns who is still there.
func (l *lobby) close() []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	left := make([]*session, 0, len(l.waiting))
	for s := range l.waiting {
		left = append(left, s)
	}
	return left
}
