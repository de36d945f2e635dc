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

func TestFrameIsTheReferencesBitForBit(t *testing.T) { forKinds(t, testReference) }

func testReference(t *testing.T, k *kind, table *Table) {
	ref := newReference(table, k.lengths)
	r := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{1, 2, 3, 20, 200} {
		for i := range 1500/n + 5 {
			checkReference(t, ref, i%2, k.drawn(table, r, n))
		}
		for _, updates := range k.frames(n, 10) {
			checkReference(t, ref, 0, updates)
		}
	}
	for what, at := range ref.phases {
		if slices.Min(at[:]) == 0 {
			t.Errorf("%s began at these bits of a byte so often: %v, want each at least once", what, *at)
		}
	}
	for _, what := range pieces(&table.layout) {
		if ref.phases[what] == nil {
			t.Errorf("no frame had a %s", what)
		}
	}
}

// checkReference reports a frame that is not the reference's or is not read as
// the message.
func checkReference(t *testing.T, ref *reference, head int, updates [][]byte) {
	t.Helper()
	table := ref.t
	got, want := table.AppendFrame(nil, head, mustEncode(t, table, updates)), ref.frame(head, updates)
	if !bytes.Equal(got, want) {
		t.Fatalf("message %s\ngot  %x\nwant %x", table.AppendRaw(nil, head, updates), got, want)
	}
	checkInflates(t, table, head, updates, got)
}

// pieces are all that frames of a layout are made of.
func pieces(l *Layout) []string {
	all := []string{"base", "suffix", "second", "opening", "foot"}
	if l.Runs {
		all = append(all, "end") // values that end with zeros come last in no message
	} else {
		all = append(all, "zeros")
	}
	for f, field := range l.Fields {
		all = append(all, fmt.Sprint("key ", f))
		if f > 0 {
			all = append(all, fmt.Sprint("value ", f))
		}
		if field.Tail > 0 {
			all = append(all, fmt.Sprint("lead ", f))
		}
		if len(field.Like) > 0 {
			all = append(all, fmt.Sprint("like ", f))
		}
	}
	return all
}

// TestNeighboursInEveryOrder has updates of equal and unequal symbol, suffix,
// second, leading digits of seq and last value follow each other in every order.
func TestNeighboursInEveryOrder(t *testing.T) { forKinds(t, testNeighbours) }

func testNeighbours(t *testing.T, k *kind, table *Table) {
	var all [][]byte
	for _, s := range []string{"A-USD", "BB-USD", "A-USDT", "X"} {
		for _, q := range []string{"12345678", "12349999", "99"} {
			for _, at := range []string{"1732242000123456", "1732242001123456"} {
				all = append(all, k.with("s", s, "q", q, "t", at))
			}
		}
	}
	for _, last := range []string{"b", "", "1000", "2000", "10000"} {
		all = append(all, k.with(k.last(), last))
	}
	ref := newReference(table, k.lengths)
	for _, a := range all {
		for _, b := range all {
			checkReference(t, ref, 0, [][]byte{a, b, a, a, b})
		}
	}
}

// TestValuesAboutTheSizeOfAChunk tries values of every number of bits about one,
// two and three chunks, in every field.
func TestValuesAboutTheSizeOfAChunk(t *testing.T) { forKinds(t, testChunks) }

func testChunks(t *testing.T, k *kind, table *Table) {
	ref := newReference(table, k.lengths)
	seen := make(map[int]bool) // bits of a value
	for n := range 39 {
		for _, unit := range []string{"0", "1", "9", ".", "Z", "'", "q-"} {
			text := strings.Repeat(unit, n)[:n]
			for _, mixed := range []string{text, text + "9", "a" + text} {
				for _, f := range table.layout.Fields {
					u := k.with(f.Name, mixed)
					if !table.Encode(new(Segment), u) {
						if len(u) < maxSpan && ref.size(mixed) <= 10*(maxChunk-11) {
							t.Errorf("Encode(%s): got false, want true", u)
						}
						continue
					}
					seen[ref.size(mixed)] = true
					checkReference(t, ref, 1, [][]byte{u, k.with(), u, u})
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

// TestRunsOfEveryLength has matches go on for as far as the code has lengths, and
// beyond.
func TestRunsOfEveryLength(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		ref := newReference(table, k.lengths)
		for n := range 39 {
			for m := range 13 {
				whole := func(end string) []byte {
					return k.with("s", strings.Repeat("A", 1+n/2), "q", strings.Repeat("1", 1+m)+end, k.last(), strings.Repeat("2", m), "t", strings.Repeat("3", n%17))
				}
				checkReference(t, ref, 0, [][]byte{whole("1"), whole("1"), whole("1"), whole("2"), whole("2"), k.with(), whole("2")})
			}
		}
	})
}

func TestEncodeRefuses(t *testing.T) { forKinds(t, testRefusals) }

func testRefusals(t *testing.T, k *kind, table *Table) {
	usual := string(k.with())
	p := k.layout("").Fields[len(k.layout("").Fields)/2].Name
	for name, update := range map[string]string{
		"nothing":                     "",
		"another object":              `{"x":1}`,
		"an update cut short":         usual[:len(usual)*2/3],
		"something behind the update": usual + " ",
		"a control character":         string(k.with("s", "A\x01")),
		"what is not ASCII":           string(k.with("s", "Ä-USD")),
		"a quote in a value":          string(k.with("s", `A"B`)),
		"members in another order":    strings.Replace(usual, `"`+p+`"`, `"zz"`, 1),
		"a text too long by one":      strings.Replace(string(k.longest(t, table)), "BTC", "BTCX", 1),
		"values of too many bits":     string(k.with("s", strings.Repeat("#", 60), k.last(), strings.Repeat("#", 40))),
	} {
		if table.Encode(new(Segment), []byte(update)) {
			t.Errorf("Encode of %s: got true, want false", name)
		}
	}
}

// TestTheLongestUpdates have values over a chunk in the place of marks.
func TestTheLongestUpdates(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		longest := k.longest(t, table)
		if s := mustEncode(t, table, [][]byte{longest})[0]; s.marked {
			t.Errorf("%s: got marks, want no room for them", longest)
		}
		checkReference(t, newReference(table, k.lengths), 1, [][]byte{longest, longest, k.with(), longest})
	})
}

func TestEncodeLeavesNothingOfWhatWasThere(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		r := rand.New(rand.NewPCG(3, 1))
		var used Segment
		for range 200 {
			u := k.drawn(table, r, 1)[0]
			table.Encode(&used, []byte(`{"s":"`+printable(r, 40)))
			table.Encode(&used, u)
			if fresh := mustEncode(t, table, [][]byte{u})[0]; used != *fresh {
				t.Fatalf("Encode(%s) into a used segment: got %+v, want %+v", u, used, *fresh)
			}
		}
	})
}

// TestFrameKeepsToItsRoom: the caller's bytes before and behind stay as they are.
func TestFrameKeepsToItsRoom(t *testing.T) { forKinds(t, testRoom) }

func testRoom(t *testing.T, k *kind, table *Table) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{1, 2, 3, 20, 200} {
		segments := mustEncode(t, table, k.drawn(table, r, n))
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
	forKinds(t, func(t *testing.T, _ *kind, table *Table) {
		if got := table.AppendFrame([]byte("x"), 0, nil); string(got) != "x" {
			t.Errorf("got %q, want what was there", got)
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		updates := k.frames(50, 1)[0]
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
	})
}

func TestASegmentIsSmallAndPointsNowhere(t *testing.T) {
	if n := binary.Size(Segment{}); n < 0 || n > 300 {
		t.Errorf("got %d bytes (negative: not of fixed size), want at most 300", n)
	}
}

func TestHeadsAreTheWires(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		for head, want := range k.heads {
			if got := string(table.AppendRaw(nil, head, [][]byte{k.with()})); got != want+string(k.with())+wire.DataFoot {
				t.Errorf("head %d: got %s, want it to start with %s", head, got, want)
			}
		}
	})
}
