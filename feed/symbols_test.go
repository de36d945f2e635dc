package feed

import (
	"fmt"
	"sync"
	"testing"
)

func TestSymbolsGiveDenseIDsThatStay(t *testing.T) {
	const limit, names = 1000, 1200
	s := NewSymbols(limit)
	var given [4]map[string]SymbolID
	var callers sync.WaitGroup
	for c := range given {
		given[c] = make(map[string]SymbolID)
		callers.Go(func() {
			for round := range 3 {
				for i := range names {
					name := fmt.Sprintf("S%d", (i*7+c*300+round)%names)
					id, ok := s.Intern([]byte(name))
					if !ok {
						continue
					}
					if was, again := given[c][name]; again && was != id {
						t.Errorf("%s: got id %d, before %d", name, id, was)
					}
					given[c][name] = id
				}
			}
		})
	}
	callers.Wait()
	if s.Len() != limit {
		t.Fatalf("symbols: got %d, want the limit of %d", s.Len(), limit)
	}
	for c := range given {
		for name, id := range given[c] {
			if got, ok := s.Lookup(name); !ok || got != id || s.Name(id) != name {
				t.Errorf("%s: caller %d was given %d, Lookup says %d, Name says %s", name, c, id, got, s.Name(id))
			}
		}
	}
	for _, name := range []string{"", "A B", "X*"} {
		if id, ok := NewSymbols(10).Intern([]byte(name)); ok {
			t.Errorf("%q: got id %d, want none", name, id)
		}
	}
}

func BenchmarkIntern(b *testing.B) {
	s := NewSymbols(1000)
	names := make([][]byte, 500)
	for i := range names {
		names[i] = fmt.Appendf(nil, "SYM%d-USDT", i)
	}
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			if _, ok := s.Intern(names[i%len(names)]); !ok {
				b.Fatal("not taken")
			}
		}
	})
}
