package feed

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"
)

// SymbolID is a symbol's dense number in one process: 0, 1, 2, ... in the
// order of first sight. It means nothing outside the process.
type SymbolID uint32

// Symbols gives every symbol name an id. It only grows, up to a bound, so an
// id once given stays good and ids can index slices. Safe for concurrent use.
//
// Every tick looks its symbol up, from several partitions at once. So names
// that came lately are found in recent, a table with one place a hash, without
// a lock and in a third of a map's time. Two busy names with one place take
// turns in it, and are then found in ids.
type Symbols struct {
	seed   maphash.Seed
	recent []atomic.Pointer[named] // a power of two

	mu    sync.RWMutex // protects ids; names[i] is written under it before size says so
	ids   map[string]*named
	names []string
	size  atomic.Int64
}

// named is a symbol; it does not change.
type named struct {
	name string
	id   SymbolID
}

// maxRecent bounds the table of recent names: 512 KiB.
const maxRecent = 1 << 16

// NewSymbols makes room for at most limit symbols.
func NewSymbols(limit int) *Symbols {
	places := min(1<<bits.Len(uint(4*limit)), maxRecent)
	return &Symbols{
		seed: maphash.MakeSeed(), recent: make([]atomic.Pointer[named], places),
		ids: make(map[string]*named), names: make([]string, limit),
	}
}

// Intern returns the id of name, giving it the next one at first sight. It
// reports false when the name is not a valid symbol or the table is full. The
// caller may reuse name.
func (s *Symbols) Intern(name []byte) (SymbolID, bool) {
	place := &s.recent[maphash.Bytes(s.seed, name)&uint64(len(s.recent)-1)]
	if n := place.Load(); n != nil && n.name == string(name) {
		return n.id, true
	}
	n := s.find(name)
	if n == nil {
		if n = s.add(name); n == nil {
			return 0, false
		}
	}
	place.Store(n)
	return n.id, true
}

func (s *Symbols) find(name []byte) *named {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ids[string(name)]
}

func (s *Symbols) add(name []byte) *named {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.ids[string(name)]; n != nil {
		return n
	}
	size := int(s.size.Load())
	if size == len(s.names) || !ValidSymbol(name) {
		return nil
	}
	n := &named{string(name), SymbolID(size)}
	s.ids[n.name], s.names[size] = n, n.name
	s.size.Store(int64(size + 1))
	return n
}

// Lookup returns the id of a symbol that has been seen.
func (s *Symbols) Lookup(name string) (SymbolID, bool) {
	if n := s.find([]byte(name)); n != nil {
		return n.id, true
	}
	return 0, false
}

// Name is the name of an id that Intern or Lookup gave, or that is below Len.
func (s *Symbols) Name(id SymbolID) string { return s.names[:s.size.Load()][id] }

// Len is how many symbols there are: the ids 0 to Len-1.
func (s *Symbols) Len() int { return int(s.size.Load()) }

// Limit is how many symbols there can be.
func (s *Symbols) Limit() int { return len(s.names) }
