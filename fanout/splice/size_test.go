package splice

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	kflate "github.com/klauspost/compress/flate"

	"tickwire/feed"
	"tickwire/feed/source"
)

// deflater compresses one message after the other.
type deflater interface {
	io.Writer
	Flush() error
	Reset(io.Writer)
}

var deflaters = []struct {
	name string
	open func() (deflater, error)
}{
	{"klauspost-1", func() (deflater, error) { return kflate.NewWriter(io.Discard, 1) }},
	{"klauspost-6", func() (deflater, error) { return kflate.NewWriter(io.Discard, 6) }},
	{"stdlib-1", func() (deflater, error) { return flate.NewWriter(io.Discard, 1) }},
	{"stdlib-6", func() (deflater, error) { return flate.NewWriter(io.Discard, 6) }},
}

// sizes is bytes per update over all frames, by what made them.
func sizes(tb testing.TB, t *Table, frames [][][]byte) map[string]float64 {
	tb.Helper()
	total, updates := make(map[string]int), 0
	writers := make(map[string]deflater)
	for _, d := range deflaters {
		w, err := d.open()
		if err != nil {
			tb.Fatal(err)
		}
		writers[d.name] = w
	}
	for _, f := range frames {
		updates += len(f)
		raw := t.AppendRaw(nil, 0, f)
		total["raw"] += len(raw)
		total["spliced"] += len(t.AppendFrame(nil, 0, mustEncode(tb, t, f)))
		for name, w := range writers {
			total[name] += deflated(tb, w, raw)
		}
	}
	per := make(map[string]float64)
	for name, n := range total {
		per[name] = float64(n) / float64(updates)
	}
	return per
}

// deflated is the size of text as one message, without the tail.
func deflated(tb testing.TB, w deflater, text []byte) int {
	tb.Helper()
	var b bytes.Buffer
	w.Reset(&b)
	if _, err := w.Write(text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return b.Len() - len(tail)
}

// boundsFrom is how many updates a frame must have to be bounded.
const boundsFrom = 3

// checkSizes reports frames larger than bound times what level 1 makes of them.
func checkSizes(t *testing.T, what string, n int, per map[string]float64, bound float64) {
	t.Helper()
	t.Logf("%s, %3d updates a frame, bytes an update: raw %.1f, spliced %.1f, klauspost 1 and 6 %.1f and %.1f, compress/flate 1 and 6 %.1f and %.1f",
		what, n, per["raw"], per["spliced"], per["klauspost-1"], per["klauspost-6"], per["stdlib-1"], per["stdlib-6"])
	for _, level1 := range []string{"klauspost-1", "stdlib-1"} {
		if got, want := per["spliced"], bound*per[level1]; n >= boundsFrom && got > want {
			t.Errorf("%s, %d updates a frame: got %.2f bytes an update, want at most %.2f, %v times %s", what, n, got, want, bound, level1)
		}
	}
}

func TestFramesAreAsSmallAsLevelOnes(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		for _, n := range []int{1, 2, 3, 5, 10, 20, 50, 200} {
			checkSizes(t, "market", n, sizes(t, table, k.frames(n, 20)), 1.05)
		}
	})
}

// TestFramesOfRealMarketsAreNearlyAsSmall: recordings have few symbols, alike in
// their digits, for which level 1 finds a code of its own.
func TestFramesOfRealMarketsAreNearlyAsSmall(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		for _, pattern := range []string{"binance/*.gz", "cryptofeed/COINBASE*", "cryptofeed/KRAKEN.ws.50*"} {
			files, err := filepath.Glob("../../../shared/data/" + pattern)
			if err != nil {
				t.Fatal(err)
			}
			if len(files) == 0 {
				t.Skip("no recordings here")
			}
			for _, n := range []int{3, 5, 10, 20} {
				if frames := recorded(t, files, k.recorder(), n); len(frames) > 0 {
					checkSizes(t, pattern, n, sizes(t, table, frames), 1.1)
				}
			}
		}
	})
}

// recorded is frames of n updates each, out of the first seconds of recordings
// that were made at the same time. There are none when they do not have so many.
func recorded(t *testing.T, files []string, r recorder, n int) [][][]byte {
	t.Helper()
	replay, err := source.NewReplay(source.ReplayConfig{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	var frames [][][]byte
	enough := errors.New("enough ticks")
	ticks := 0
	err = replay.Run(t.Context(), func(_ context.Context, tick *feed.Tick) error {
		r.Take(tick)
		ticks++
		if ticks > 50 && ticks%20 == 0 {
			if f := r.Frame(n); f != nil {
				frames = append(frames, f)
			}
		}
		if ticks == 5000 {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		t.Fatal(err)
	}
	return frames
}

func TestTheOrderOfComparePays(t *testing.T) {
	forKinds(t, func(t *testing.T, k *kind, table *Table) {
		size := func(frames [][][]byte) float64 { return sizes(t, table, frames)["spliced"] }
		sorted, bySymbol := k.frames(20, 20), [][][]byte(nil)
		for _, f := range sorted {
			bySymbol = append(bySymbol, slices.Clone(f))
		}
		for _, f := range bySymbol {
			slices.SortStableFunc(f, func(a, b []byte) int { return cmp.Compare(symbolOf(a), symbolOf(b)) })
		}
		if s, u := size(sorted), size(bySymbol); s >= u {
			t.Errorf("sorted as by Compare: got %.2f bytes an update, want less than by symbol, %.2f", s, u)
		} else {
			t.Logf("bytes an update at 20: %.2f sorted as by Compare, %.2f by symbol", s, u)
		}
	})
}

func symbolOf(update []byte) string {
	return strings.SplitN(string(update), `"`, 5)[3]
}
