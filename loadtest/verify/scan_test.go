package verify

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tickwire/fanout/wire"
)

// readAll is every element of a data message as scan reads it.
func readAll(text []byte) (kind Message, all []element, ok bool) {
	kind, s := kindOf(text)
	if kind != Ticker && kind != Snapshot && kind != Trades || bytes.IndexByte(text, '\\') >= 0 || !s.data(kind) {
		return kind, nil, false
	}
	for {
		var e element
		if !s.element(kind, &e) {
			return kind, nil, false
		}
		all = append(all, e)
		if more, ok := s.next(); !more {
			return kind, all, ok
		}
	}
}

// parseAll is every element as wire.Parse has them.
func parseAll(t *testing.T, text []byte) (all []element) {
	m, err := wire.Parse(text)
	if err != nil {
		t.Fatalf("it was read, but is no message: %v: %q", err, text)
	}
	switch m := m.(type) {
	case *wire.Data:
		for i := range m.Data {
			all = append(all, elementOf(&m.Data[i]))
		}
	case *wire.TradesMessage:
		for i := range m.Data {
			all = append(all, elementOfTrade(&m.Data[i]))
		}
	}
	return all
}

func golden(t testing.TB) (texts [][]byte) {
	files, err := filepath.Glob("../../fanout/wire/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("the golden files of wire: %v %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, bytes.TrimSpace(text))
	}
	return texts
}

func TestGoldenMessagesAreOfTheirKind(t *testing.T) {
	read := 0
	for _, text := range golden(t) {
		m, err := wire.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := NewTruth(nil, 0).Watch("", wire.Trades, nil).Take(text, 0, new(Ledger)), kindOfParsed(m); got != want && want != Ticker && want != Snapshot {
			t.Errorf("%s: got kind %d, want %d", text, got, want)
		}
		if _, all, ok := readAll(text); ok {
			read += len(all)
		}
	}
	if want := 8; read != want { // of snapshot, ticker, trades, and those with stamps
		t.Errorf("elements that are written as ever: got %d, want %d", read, want)
	}
}

func FuzzScanReadsWhatParseDoes(f *testing.F) {
	for _, text := range golden(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, got, ok := readAll(text)
		if !ok {
			return
		}
		want := parseAll(t, text)
		if len(got) != len(want) {
			t.Fatalf("got %d elements, want %d: %q", len(got), len(want), text)
		}
		for i := range got {
			if what := got[i].differs(&want[i]); what != "" {
				t.Errorf("%s: %q", what, text)
			}
		}
	})
}

// Whatever comes, it is taken without harm, and what is no message is a violation.
func FuzzTake(f *testing.F) {
	for _, text := range golden(f) {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text []byte, trades bool) {
		channel := wire.Ticker
		if trades {
			channel = wire.Trades
		}
		for _, truth := range []*Truth{NewTruth([]string{"BTC-USD"}, 0), Learn(0)} {
			l := Ledger{Share: 0.5}
			w := truth.Watch("A", channel, nil)
			for range 3 {
				kind := w.Take(text, 1, &l)
				if _, err := wire.Parse(text); err != nil && (kind == Ticker || kind == Snapshot || kind == Trades) {
					t.Errorf("kind %d of what is no message: %q", kind, text)
				}
			}
			w.Complete()
			w.Finish(&l)
		}
	})
}
