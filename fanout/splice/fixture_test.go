package splice

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// tail is what a receiver of permessage-deflate puts after a payload.
var tail = []byte{0, 0, 0xff, 0xff}

func mustEncode(tb testing.TB, t *Table, updates [][]byte) []*Segment {
	tb.Helper()
	segments := make([]*Segment, len(updates))
	for i, u := range updates {
		segments[i] = new(Segment)
		if !t.Encode(segments[i], u) {
			tb.Fatalf("Encode(%s): got false, want true", u)
		}
	}
	return segments
}

// inflaters read a payload as receivers do.
var inflaters = map[string]func(io.Reader) io.Reader{
	"compress/flate": func(r io.Reader) io.Reader { return flate.NewReader(r) },
	"klauspost":      func(r io.Reader) io.Reader { return kflate.NewReader(r) },
}

// inflate reads payload up to the empty block at its end.
func inflate(open func(io.Reader) io.Reader, payload []byte) (string, error) {
	var text bytes.Buffer
	_, err := io.Copy(&text, open(io.MultiReader(bytes.NewReader(payload), bytes.NewReader(tail))))
	if err != io.ErrUnexpectedEOF { // no block has BFINAL set, so the end is never expected
		return text.String(), fmt.Errorf("inflate: %v", err)
	}
	return text.String(), nil
}

// checkInflates reports what any inflater does not read as the message.
func checkInflates(tb testing.TB, t *Table, head int, updates [][]byte, payload []byte) {
	tb.Helper()
	want := string(t.AppendRaw(nil, head, updates))
	for name, open := range inflaters {
		if got, err := inflate(open, payload); err != nil || got != want {
			tb.Fatalf("%s: got %q, %v\nwant %q\nof payload %x", name, got, err, want, payload)
		}
	}
}

func decimal(r *rand.Rand) string {
	whole := digits(r, 1+r.IntN(6))
	if r.IntN(4) == 0 {
		return whole
	}
	return whole + "." + digits(r, 1+r.IntN(14)) + strings.Repeat("0", max(0, r.IntN(16)-6))
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

// printable is ASCII that stands in JSON as it is.
func printable(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		if c := byte(' ' + r.IntN(95)); c != '"' && c != '\\' {
			b.WriteByte(c)
		}
	}
	return b.String()
}
