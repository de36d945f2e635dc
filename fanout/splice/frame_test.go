package splice

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tickwire/fanout/wire"
)

func TestFrameIsTheReferencesBitForBit(t *testing.T) {
	table := mustTicker(t)
	ref := newReference(table, &tickerLengths)
	r := rand.New(rand.NewPCG(7, 7))
	check := func(head int, updates [][]byte) {
		t.Helper()
		got, want := table.AppendFrame(nil, head, mustEncode(t, table, updates)), ref.frame(&tickerLengths, head, updates)
		if !bytes.Equal(got, want) {
			t.Fatalf("message %s\ngot  %x\nwant %x", table.AppendRaw(nil, head, updates), got, want)
		}
		checkInflates(t, table, head, updates, got)
	}
	for _, n := range []int{1, 2, 3, 20, 200} {
		for i := range 1500/n + 5 {
			check(i%2, drawUpdates(table, r, n))
		}
		for _, updates := range market(n, 10) {
			check(0, updates)
		}
	}
	for what, at := range ref.phases {
		if slices.Min(at[:]) == 0 {
			t.Errorf("%s began at these bits of a byte so often: %v, want each at least once", what, *at)
		}
	}
	for f, field := range table.layout.Fields {
		want := []string{fmt.Sprint("key ", f)}
		if f > 0 {
			want = append(want, fmt.Sprint("value ", f))
		}
		if field.Tail > 0 {
			want = append(want, fmt.Sprint("lead ", f))
		}
		if len(field.Like) > 0 {
			want = append(want, fmt.Sprint("like ", f))
		}
		for _, what := range append(want, "base", "suffix", "second", "opening", "zeros", "foot") {
			if ref.phases[what] == nil {
				t.Errorf("no frame had a %s", what)
			}
		}
	}
}

// TestNeighboursInEveryOrder has updates of equal and unequal suffix, second and
// leading digits of seq follow each other in every order.
func TestNeighboursInEveryOrder(t *testing.T) {
	table := mustTicker(t)
	var kinds [][]byte
	for _, s := range []string{"A-USD", "BB-USD", "A-USDT", "X"} {
		for _, q := range []string{"12345678", "12349999", "99"} {
			for _, at := range []string{"1732242000123456", "1732242001123456"} {
				f := usual
				f.s, f.q, f.t = s, q, at
				kinds = append(kinds, f.update())
			}
		}
	}
	ref := newReference(table, &tickerLengths)
	for i := range kinds {
		for j := range kinds {
			updates := [][]byte{kinds[i], kinds[j], kinds[i], kinds[i], kinds[j]}
			got := table.AppendFrame(nil, 0, mustEncode(t, table, updates))
			if want := ref.frame(&tickerLengths, 0, updates); !bytes.Equal(got, want) {
				t.Fatalf("%s: got %x, want %x", updates, got, want)
			}
			checkInflates(t, table, 0, updates, got)
		}
	}
}

// TestValuesAboutTheSizeOfAChunk tries values of every number of bits about one,
// two and three chunks, in every field that takes them.
func TestValuesAboutTheSizeOfAChunk(t *testing.T) {
	table := mustTicker(t)
	ref := newReference(table, &tickerLengths)
	seen := make(map[int]bool) // bits of a value
	for n := range 39 {
		for _, unit := range []string{"1", "9", ".", "19", "Z", "'", "q-"} {
			text := strings.Repeat(unit, n)[:n]
			for _, mixed := range []string{text, text + "9", "." + text} {
				for f := range 7 {
					v := usual
					*[]*string{&v.s, &v.q, &v.n, &v.p, &v.z, &v.a, &v.v}[f] = mixed
					u := v.update()
					var s Segment
					if !table.Encode(&s, u) {
						if len(u) < maxSpan && ref.size(mixed) <= 10*(maxChunk-11) {
							t.Errorf("Encode(%s): got false, want true", u)
						}
						continue
					}
					seen[ref.size(mixed)] = true
					updates := [][]byte{u, usual.update(), u, u}
					got := table.AppendFrame(nil, 1, mustEncode(t, table, updates))
					if want := ref.frame(&tickerLengths, 1, updates); !bytes.Equal(got, want) {
						t.Fatalf("%s: got %x, want %x", updates, got, want)
					}
					checkInflates(t, table, 1, updates, got)
				}
			}
		}
	}
	for _, bits := range []int{0, 55, 56, 57, 112, 113} {
		if !seen[bits] {
			t.Errorf("no value had %d bits", bits)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	table := mustTicker(t)
	with := func(change func(*fields)) []byte {
		f := usual
		change(&f)
		return f.update()
	}
	for name, update := range map[string][]byte{
		"nothing":                     nil,
		"another object":              []byte(`{"x":1}`),
		"an update cut short":         usual.update()[:90],
		"something behind the update": append(usual.update(), ' '),
		"a control character":         with(func(f *fields) { f.s = "A\x01" }),
		"what is not ASCII":           with(func(f *fields) { f.s = "Ä-USD" }),
		"a quote in a value":          with(func(f *fields) { f.s = `A"B` }),
		"members in another order":    []byte(strings.Replace(string(usual.update()), `"p"`, `"z"`, 1)),
		"a text too long by one":      with(func(f *fields) { f.v += strings.Repeat("1", maxSpan-len(usual.update())) }),
		"values of too many bits":     with(func(f *fields) { f.s, f.p = strings.Repeat("#", 60), strings.Repeat("#", 40) }),
	} {
		if table.Encode(new(Segment), update) {
			t.Errorf("Encode of %s: got true, want false", name)
		}
	}
	longest := with(func(f *fields) { f.v += strings.Repeat("1", maxSpan-1-len(usual.update())) })
	updates := [][]byte{longest, longest, usual.update(), longest}
	checkInflates(t, table, 1, updates, table.AppendFrame(nil, 1, mustEncode(t, table, updates)))
}

func TestEncodeLeavesNothingOfWhatWasThere(t *testing.T) {
	table := mustTicker(t)
	r := rand.New(rand.NewPCG(3, 1))
	var used Segment
	for range 200 {
		u := drawUpdates(table, r, 1)[0]
		table.Encode(&used, []byte(`{"s":"`+printable(r, 40)))
		table.Encode(&used, u)
		if fresh := mustEncode(t, table, [][]byte{u})[0]; used != *fresh {
			t.Fatalf("Encode(%s) into a used segment: got %+v, want %+v", u, used, *fresh)
		}
	}
}

// TestFrameKeepsToItsRoom: the caller's bytes before and behind stay as they are.
func TestFrameKeepsToItsRoom(t *testing.T) {
	table := mustTicker(t)
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{1, 2, 3, 20, 200} {
		segments := mustEncode(t, table, drawUpdates(table, r, n))
		want := table.AppendFrame(nil, 1, segments)
		for before := range 17 {
			buffer := bytes.Repeat([]byte{0xa5}, before+table.Bound(1, n)+64)
			got := table.AppendFrame(buffer[:before], 1, segments)
			if &got[:1][0] != &buffer[0] {
				t.Errorf("%d segments after %d bytes: got a new buffer, want the one with room", n, before)
			}
			if !bytes.Equal(got[before:], want) {
				t.Errorf("%d segments after %d bytes: got %x, want %x", n, before, got[before:], want)
			}
			room := before + table.room(1, segments)
			if most := before + len(want) + 8; most < room {
				room = most
			}
			for i, b := range buffer {
				if b != 0xa5 && (i < before || i >= room) {
					t.Fatalf("%d segments after %d bytes: byte %d was written, want none outside %d to %d", n, before, i, before, room)
				}
			}
		}
		short := make([]byte, 3, 4)
		if got := table.AppendFrame(short, 1, segments); !bytes.Equal(got[3:], want) {
			t.Errorf("%d segments without room: got %x, want %x", n, got[3:], want)
		}
	}
}

func TestNoSegmentsMakeNoFrame(t *testing.T) {
	if got := mustTicker(t).AppendFrame([]byte("x"), 0, nil); string(got) != "x" {
		t.Errorf("got %q, want what was there", got)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	table := mustTicker(t)
	updates := market(50, 1)[0]
	segments := mustEncode(t, table, updates)
	buffer := make([]byte, 10, 10+table.Bound(0, len(segments)))
	var s Segment
	for name, f := range map[string]func(){
		"Encode":      func() { table.Encode(&s, updates[0]) },
		"AppendFrame": func() { table.AppendFrame(buffer, 0, segments) },
		"Compare":     func() { table.Compare("BTC-USD", "ETH-USDT") },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: got %v allocations, want 0", name, n)
		}
	}
}

func TestASegmentIsSmallAndPointsNowhere(t *testing.T) {
	if n := binary.Size(Segment{}); n < 0 || n > 300 {
		t.Errorf("got %d bytes (negative: not of fixed size), want at most 300", n)
	}
}

func TestHeadsAreTheWires(t *testing.T) {
	table := mustTicker(t)
	for head, want := range []string{wire.TickerHead, wire.SnapshotHead} {
		updates := [][]byte{usual.update()}
		if got := string(table.AppendRaw(nil, head, updates)); got != want+string(updates[0])+wire.DataFoot {
			t.Errorf("head %d: got %s, want it to start with %s", head, got, want)
		}
	}
}
