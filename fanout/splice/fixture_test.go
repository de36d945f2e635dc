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

	"tickwire/fanout/splice/internal/sample"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// tail is what a receiver of permessage-deflate puts after a payload.
var tail = []byte{0, 0, 0xff, 0xff}

func mustTicker(tb testing.TB) *Table {
	tb.Helper()
	t, err := Ticker(wire.DataFoot, wire.TickerHead, wire.SnapshotHead)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

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

// fields are the values of an update as text, so that a test can say any.
type fields struct{ s, q, n, t, p, z, b, a, v string }

func (f fields) update() []byte {
	return fmt.Appendf(nil, `{"s":"%s","q":%s,"n":%s,"t":%s,"p":"%s","z":"%s","b":"%s","a":"%s","v":"%s"}`,
		f.s, f.q, f.n, f.t, f.p, f.z, f.b, f.a, f.v)
}

var usual = fields{"BTC-USD", "1007", "88", "1732242000123456", "67123.45", "0.0123", "67123.44", "67123.46", "120.5"}

func TestFieldsAreAsTheWireHasThem(t *testing.T) {
	u := wire.Update{Symbol: usual.s, Seq: 1007, Ordinal: 88, Time: 1732242000123456, Price: feed.Number(usual.p),
		Size: feed.Number(usual.z), Bid: feed.Number(usual.b), Ask: feed.Number(usual.a), Volume: feed.Number(usual.v)}
	if got, want := string(usual.update()), string(wire.AppendUpdate(nil, &u)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// draw makes fields of any kind that Encode takes, with values that neighbours
// often share.
func draw(r *rand.Rand) fields {
	symbols := []string{"BTC-USD", "ETH-USD", "X", "A-", "-", "SOL-USDT", "BTC-USD-PERP", "BTC-USDT-210625", "ABCDEFGHIJKLMNOPQRSTUVWXYZ-12345",
		"abcdefghijklmnopqrstuvwxyz_{}~!#", "1000SHIB-USDC", "LONGLONGLONG-SUFFIX.OF.MANY"}
	symbol := symbols[r.IntN(len(symbols))]
	if r.IntN(4) == 0 {
		symbol = printable(r, 1+r.IntN(feed.MaxSymbol))
	}
	price := decimal(r)
	near := func() string {
		switch r.IntN(4) {
		case 0:
			return price
		case 1:
			return decimal(r)
		default:
			return price[:r.IntN(len(price)+1)] + decimal(r)
		}
	}
	f := fields{s: symbol, q: digits(r, 1+r.IntN(19)), n: digits(r, 1+r.IntN(20)), t: fmt.Sprint(1732242000123456 + r.Int64N(3)*700_000),
		p: price, z: decimal(r), b: near(), a: near(), v: decimal(r)}
	if r.IntN(8) == 0 {
		f.t = digits(r, 1+r.IntN(16))
	}
	if r.IntN(8) == 0 {
		f.p, f.z = "", ""
	}
	if r.IntN(8) == 0 {
		f.b, f.a = "", ""
	}
	return f
}

// drawUpdates makes n that t can encode; some are there more than once.
func drawUpdates(t *Table, r *rand.Rand, n int) [][]byte {
	var updates [][]byte
	for len(updates) < n {
		u := draw(r).update()
		if k := len(updates); k > 0 && r.IntN(10) == 0 {
			u = updates[r.IntN(k)]
		}
		if t.Encode(new(Segment), u) {
			updates = append(updates, u)
		}
	}
	return updates
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

// marketSeed is of a market that the code was not trained on.
const marketSeed = 99

func market(size, count int) [][][]byte {
	frames := make([][][]byte, 0, count)
	for _, f := range sample.Market(marketSeed, size, count) {
		frames = append(frames, f)
	}
	return frames
}
