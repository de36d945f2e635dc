package splice

import (
	"fmt"
	"strings"

	"tickwire/fanout/splice/internal/huffman"
)

// reference writes frames slowly, as a list of tokens: it knows where in the
// message each one is, checks that a match says what the message says there,
// and puts one bit after the other. A frame of AppendFrame must be the same.
type reference struct {
	t         *Table
	literals  []huffman.Code
	distances []huffman.Code

	text   string // of the whole message
	at     int    // what of it is written
	bits   huffman.Bits
	zeros  int                // at the end of the last value, to be written with the next key
	phases map[string]*[8]int // how often each kind of piece began at each bit of a byte
}

func newReference(t *Table, lengths *Lengths) *reference {
	return &reference{t: t, literals: huffman.Codes(lengths.Literal[:]), distances: huffman.Codes(lengths.Distance[:]), phases: make(map[string]*[8]int)}
}

// values are the values of an update and where each is in the message.
type values struct {
	text []string
	at   []int
}

// frame is the payload of the message.
func (r *reference) frame(lengths *Lengths, head int, updates [][]byte) []byte {
	r.text, r.at, r.zeros = string(r.t.AppendRaw(nil, head, updates)), 0, 0
	r.bits = huffman.Header(lengths.Literal[:], lengths.Distance[:])
	layout := &r.t.layout
	start := len(layout.Heads[head])
	var prev values
	for i := range updates {
		cur := r.values(start)
		if i == 0 {
			r.first(head, cur)
		} else {
			r.next(prev, cur, i == 1)
		}
		start = r.at + r.zeros + len(layout.end()) + len(",")
		prev = cur
	}
	r.literal("zeros", strings.Repeat("0", r.zeros))
	r.literal("foot", layout.end()+layout.Foot)
	r.bits.AddCode(r.literals[huffman.EndOfBlock])
	r.bits.Add(0, 3)
	return r.bits.Bytes
}

// values finds the values of the update that starts at the position.
func (r *reference) values(at int) values {
	var v values
	fields := r.t.layout.Fields
	for f, field := range fields {
		opening := map[bool]string{true: "{", false: ","}[f == 0] + fmt.Sprintf("%q:", field.Name) + quote(field)
		at += len(opening)
		if r.text[at-len(opening):at] != opening {
			panic(fmt.Sprintf("no %s at %d of %s", opening, at-len(opening), r.text))
		}
		n := strings.IndexAny(r.text[at:], map[bool]string{true: `"`, false: ",}"}[field.Quoted])
		v.text, v.at = append(v.text, r.text[at:at+n]), append(v.at, at)
		at += n + len(quote(field))
	}
	return v
}

func (r *reference) first(head int, v values) {
	o := &r.t.openings[head]
	constant := huffman.Bits{Bytes: o.bytes, N: 8 * len(o.bytes)}
	constant.Add(o.rest.bits, uint8(o.rest.size))
	r.bits, r.at = constant, v.at[0] // that it is right is for the inflaters to say
	r.literal("base", v.text[0])
	for f := 1; f < len(v.text); f++ {
		for _, s := range o.keys[f] {
			r.phase("opening")
			r.bits.Add(s.bits, uint8(s.size))
			if s.match {
				key := func(f int) int { return v.at[f] - len(r.t.keys[f]) }
				r.far(key(f) - key(int(s.from)) + s.delta)
			}
		}
		r.at = v.at[f]
		r.value(f, v, len(v.text[f]), 0)
	}
}

// next writes an update with its keys from prev.
func (r *reference) next(prev, v values, second bool) {
	key := r.t.keys[0]
	if second {
		r.literal("second", key[:r.t.ahead()])
		key = key[r.t.ahead():]
	}
	r.match("key 0", r.zeros+len(key), v.at[0]-prev.at[0])
	r.zeros = 0
	suffix, before := r.suffix(v.text[0]), r.suffix(prev.text[0])
	r.literal("base", strings.TrimSuffix(v.text[0], suffix))
	joint := 0
	if suffix == before {
		joint = len(suffix)
	} else {
		r.literal("suffix", suffix)
	}
	for f := 1; f < len(v.text); f++ {
		n := joint + r.zeros + len(r.t.keys[f])
		joint = 0
		lead := r.lead(f, v.text[f])
		rest := len(v.text[f])
		if lead == r.lead(f, prev.text[f]) {
			n += len(lead)
			rest -= len(lead)
		}
		r.match(fmt.Sprint("key ", f), n, v.at[f]-prev.at[f])
		r.value(f, v, rest, zeros(prev.text[f]))
	}
}

// value writes the last n bytes of value f: part of it if the lead is written.
// At most as many of its last zeros as the value before had are left over.
func (r *reference) value(f int, v values, n, most0 int) {
	text := v.text[f]
	if n == len(text) {
		if lead := r.lead(f, text); lead != "" {
			r.literal(fmt.Sprint("lead ", f), lead)
			n -= len(lead)
		}
	}
	text = text[len(text)-n:]
	most, length, distance := 0, 0, 0
	for _, g := range r.t.layout.Fields[f].Like {
		m := 0
		for m < min(len(text), len(v.text[g])) && text[m] == v.text[g][m] {
			m++
		}
		if m < huffman.MinMatch {
			continue
		}
		if saved := r.size(text[:m]) - r.matchSize(m, v.at[f]-v.at[g]); saved > most {
			most, length, distance = saved, m, v.at[f]-v.at[g]
		}
	}
	size := r.size(text)
	if most > 0 {
		r.match(fmt.Sprint("like ", f), length, distance)
		text = text[length:]
		size = r.size(text) + r.matchSize(length, distance)
	}
	r.zeros = min(zeros(text), most0)
	if size > 56 {
		r.zeros = 0
	}
	r.literal(fmt.Sprint("value ", f), text[:len(text)-r.zeros])
}

// zeros is how many zeros at the end of a text may join a match.
func zeros(text string) int {
	n := min(10, len(text)-len(strings.TrimRight(text, "0")))
	if n < 2 {
		return 0
	}
	return n
}

// suffix is what of the first value may join: at most twelve bytes, in two
// chunks of 56 bits.
func (r *reference) suffix(v string) string {
	i := strings.IndexByte(v, r.t.layout.Separator)
	if i < 0 || len(v)-i > 12 {
		return ""
	}
	second := 0
	for k := range len(v) - i {
		if r.size(v[i:i+k+1]) > 56 {
			second = k
			break
		}
	}
	if second > 0 && r.size(v[i+second:]) > 56 {
		return ""
	}
	return v[i:]
}

func (r *reference) lead(f int, v string) string {
	field := r.t.layout.Fields[f]
	n := len(v) - field.Tail
	if field.Tail == 0 || n <= 0 || n > 10 || r.size(v[:n]) > 56 {
		return ""
	}
	return v[:n]
}

func (r *reference) size(text string) int {
	n := 0
	for i := range len(text) {
		n += int(r.literals[text[i]].N)
	}
	return n
}

func (r *reference) matchSize(n, d int) int {
	symbol, _, extra := huffman.LengthSymbol(n)
	far, _, farExtra := huffman.DistanceSymbol(d)
	if r.literals[symbol].N == 0 || r.distances[far].N == 0 {
		return 1 << 20
	}
	return int(r.literals[symbol].N+extra) + int(r.distances[far].N+farExtra)
}

func (r *reference) literal(what, text string) {
	if r.text[r.at:r.at+len(text)] != text {
		panic(fmt.Sprintf("%s: literals %q at %d of %s", what, text, r.at, r.text))
	}
	if text != "" {
		r.phase(what)
	}
	for i := range len(text) {
		r.bits.AddCode(r.literals[text[i]])
	}
	r.at += len(text)
}

func (r *reference) match(what string, n, d int) {
	if r.text[r.at:r.at+n] != r.text[r.at-d:r.at-d+n] {
		panic(fmt.Sprintf("%s: match of %d at distance %d at %d of %s", what, n, d, r.at, r.text))
	}
	r.phase(what)
	symbol, extra, extraBits := huffman.LengthSymbol(n)
	r.bits.AddCode(r.literals[symbol])
	r.bits.Add(uint64(extra), extraBits)
	r.far(d)
	r.at += n
}

func (r *reference) far(d int) {
	symbol, extra, extraBits := huffman.DistanceSymbol(d)
	r.bits.AddCode(r.distances[symbol])
	r.bits.Add(uint64(extra), extraBits)
}

func (r *reference) phase(what string) {
	if r.phases[what] == nil {
		r.phases[what] = new([8]int)
	}
	r.phases[what][r.bits.N%8]++
}
