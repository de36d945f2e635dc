package splice

import (
	"slices"
	"strings"
	"testing"

	"tickwire/fanout/wire"
)

func TestLengthsServeEveryText(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, _ *Table) {
		for b := ' '; b <= '~'; b++ {
			if k.lengths.Literal[b] == 0 {
				t.Errorf("no code for %q, want one for every printable character", b)
			}
		}
	})
}

func TestNewTableRefuses(t *testing.T) {
	swap := func(change func(*Lengths)) *Lengths {
		l := tickerLengths
		change(&l)
		return &l
	}
	move := func(lengths []uint8, from, to int) { lengths[to], lengths[from] = lengths[from], 0 }
	good := TickerLayout(wire.DataFoot, wire.TickerHead)
	with := func(change func(*Layout)) Layout {
		l := good
		l.Fields = slices.Clone(good.Fields)
		change(&l)
		return l
	}
	for _, c := range []struct {
		name    string
		layout  Layout
		lengths *Lengths
		want    string
	}{
		{"lengths that are no code", good, &Lengths{}, "complete"},
		{"a literal code with a hole", good, swap(func(l *Lengths) { l.Literal['~'] = 0 }), "complete"},
		{"a distance code with a hole", good, swap(func(l *Lengths) { l.Distance[17] = 0 }), "complete"},
		{"a distance without a code", good, swap(func(l *Lengths) { move(l.Distance[:], 15, 1) }), "distance 193"},
		{"a length without a code", good, swap(func(l *Lengths) { move(l.Literal[:], 271, 1) }), "match of 27"},
		{"a length that only runs have without a code", with(func(l *Layout) { l.Runs = true }), &tickerLengths, "match of 31"},
		{"a key without a code", good, swap(func(l *Lengths) { move(l.Literal[:], ':', 1) }), "no code for ':'"},
		{"no end of block", good, swap(func(l *Lengths) { move(l.Literal[:], 256, 1) }), "end of the block"},
		{"no head", with(func(l *Layout) { l.Heads = nil }), &tickerLengths, "no head"},
		{"a head too long", with(func(l *Layout) { l.Heads = []string{strings.Repeat("a", 251)} }), &tickerLengths, "251 bytes"},
		{"one field", with(func(l *Layout) { l.Fields = l.Fields[:1] }), &tickerLengths, "1 fields"},
		{"three leads", with(func(l *Layout) { l.Fields[4].Tail = 1 }), &tickerLengths, "Tail"},
		{"a field like a later one", with(func(l *Layout) { l.Fields[4].Like = []int{6} }), &tickerLengths, "like field 6"},
		{"a head without a code", with(func(l *Layout) { l.Heads = []string{"ä["} }), &tickerLengths, "no code"},
	} {
		if _, err := NewTable(c.layout, c.lengths); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := NewTable(good, &tickerLengths); err != nil {
		t.Errorf("the ticker's: got error %v, want none", err)
	}
}

func TestCompareSortsBySuffixAndThenSymbol(t *testing.T) {
	table := kinds[0].table(t)
	got := []string{"SOL-USDT", "BTC-USDT-PERP", "ETH-USD", "X", "BTC-USD", "BTC-USDT", "A"}
	slices.SortFunc(got, table.Compare)
	want := []string{"A", "X", "BTC-USD", "ETH-USD", "BTC-USDT", "SOL-USDT", "BTC-USDT-PERP"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
