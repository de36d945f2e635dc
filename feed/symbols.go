package feed

import (
	"sync"
	"sync/atomic"
)

// SymbolID is a symbol's dense number in one process: 0, 1, 2, ... in the
// order of first sight. It means nothing outside the process.
type SymbolID uint32

// Symbols gives every symbol name an id. It only grows, up to a bound, so an
// id once given stays good and ids can index slices. Safe for concurrent use.
type Symbols struct {
	mu    sync.RWMutex // guards ids; names[i] is written under it before size says so
	ids   map[string]SymbolID
	names []string
	size  atomic.Int64
}

// NewSymbols makes room for at most limit symbols.
func NewSymbols(limit int) *Symbols {
	return &Symbols{ids: make(map[string]SymbolID), names: make([]string, limit)}
}

// Intern returns the id of name, giving it the next one at first sight. It
// reports false when the name is not a valid symbol or the table is full. The
// caller may reuse name.
func (s *Symbols) Intern(name []byte) (SymbolID, bool) {
	s.mu.RLock()
	id, ok := s.ids[string(name)]
	s.mu.RUnlock()
	if ok {
		return id, true
	}
	return s.add(name)
}

func (s *Symbols) add(name []byte) (SymbolID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.ids[string(name)]; ok {
		return id, true
	}
	n := int(s.size.Load())
	if n == len(s.names) || !ValidSymbol(name) {
		return 0, false
	}
	text, id := string(name), SymbolID(n)
	s.ids[text], s.names[n] = id, text
	s.size.Store(int64(n + 1))
	return id, true
}

// Lookup returns the id of a symbol that has been seen.
func (s *Symbols) Lookup(name string) (SymbolID, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	id, ok := s.ids[name]
	return id, ok
}

// Name is the name of an id that Intern or Lookup gave, or that is below Len.
func (s *Symbols) Name(id SymbolID) string { return s.names[:s.size.Load()][id] }

// Len is how many symbols there are: the ids 0 to Len-1.
func (s *Symbols) Len() int { return int(s.size.Load()) }

// Limit is how many symbols there can be.
func (s *Symbols) Limit() int { return len(s.names) }
