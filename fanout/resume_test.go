package fanout

import (
	"slices"
	"testing"
	"testing/synctest"

	"tickwire/fanout/wire"
)

func TestSinceLeavesOutWhatHasNotMoved(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		symbols  []string
		since    map[string]int64
		want     []string // in the snapshot
	}{
		{"nothing is known", []string{"A", "B", "C"}, nil, []string{"A", "B", "C"}},
		{"one has not moved", []string{"A", "B", "C"}, map[string]int64{"A": 0, "B": 0, "C": 1}, []string{"B", "C"}},
		{"none has moved", []string{"A", "B", "C"}, map[string]int64{"A": 0, "B": 1, "C": 2}, nil},
		{"a pattern", []string{"*"}, map[string]int64{"B": 1, "C": 1}, []string{"A", "C"}},
		{"the client is ahead of this node", []string{"A"}, map[string]int64{"A": 7}, []string{"A"}},
		{"of symbols that are not asked for", []string{"A"}, map[string]int64{"B": 1, "X": 5}, []string{"A"}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *Hub, m *market) {
				for _, s := range []string{"A", "B", "C"} { // at 0, 1, 2
					m.trade(s, "1")
				}
				c := attach(t, h)
				c.ask(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: tc.symbols, Since: tc.since})
				synctest.Wait()
				if got := snapshotSymbols(c.messages()); !slices.Equal(got, tc.want) {
					t.Errorf("snapshot: got %v, want %v", got, tc.want)
				}
				for _, s := range []string{"A", "B", "C"} {
					c.mu.Lock()
					c.last[s] = wire.Update{Seq: 2, Ordinal: 0} // what it has from before
					c.mu.Unlock()
					m.trade(s, "2")
				}
				synctest.Wait()
				if got := string(c.value("A").Price); got != "2" {
					t.Errorf("A after the next tick: got %q, want 2", got)
				}
			})
		})
	}
}

func snapshotSymbols(messages []any) []string {
	var all []string
	for _, m := range messages {
		if data, ok := m.(*wire.Data); ok && data.Type == wire.TypeSnapshot {
			for _, u := range data.Data {
				all = append(all, u.Symbol)
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestMarks(t *testing.T) {
	for _, tc := range []struct{ id, want string }{
		{"0-1007", "0-1007"},
		{"3-998,0-1007", "0-1007,3-998"},
		{"", ""}, {"x", ""}, {"0", ""}, {"0-", ""}, {"-1-5", ""}, {"0--5", ""}, {"0-1,", ""}, {"99999999-1", ""}, {"0-9223372036854775807", ""},
	} {
		m, err := parseMarks(tc.id)
		if got := string(m.append(nil)); got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%q: got %q (%v), want %q", tc.id, got, err, tc.want)
		}
	}
}

// FuzzParseMarks: what a client sends as the id of an event is refused, or means
// the same when it is sent again.
func FuzzParseMarks(f *testing.F) {
	for _, seed := range []string{"0-1007,3-998", "0-1", "1-2-3", ",,,", "16384-0", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		m, err := parseMarks(id)
		if err != nil {
			return
		}
		text := string(m.append(nil))
		again, err := parseMarks(text)
		if err != nil || !slices.Equal(again, m) {
			t.Fatalf("%q: got %v (%v) from %q, want %v", id, again, err, text, m)
		}
	})
}
