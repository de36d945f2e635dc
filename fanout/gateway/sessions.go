package gateway

import "sync"

// sessions counts the goroutines of all connections. The first of a connection
// comes in through enter, and only while the gateway is open; it may start
// others on the group itself.
type sessions struct {
	sync.WaitGroup
	mu     sync.Mutex // protects closed, and orders enter before end
	closed bool
}

// enter makes room for a connection, or reports that the gateway is closed. Who
// enters calls Done.
func (s *sessions) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.Add(1)
	}
	return !s.closed
}

// end lets nobody in any more and waits for the last to leave.
func (s *sessions) end() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.Wait()
}
