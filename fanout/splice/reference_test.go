package splice

import (
	"fmt"
	"slices"
	"strings"

	"tickwire/fanout/splice/internal/huffman"
)

// reference writes frames slowly, as a list of tokens: it knows where in the
// message each one is, checks that a match says what the message says there,
// and puts one bit after the other. A frame of AppendFrame must be the same.
type reference struct {
	t         *Table
	header    huffman.Bits
	literals  []huffman.Code
	distances []huffman.Code

	text   string // of the whole message
	at     int    // what of it is written
	bits   huffman.Bits
	joint  int                // bytes behind at that are to be written with the next key
	open   int                // the distance of the match that they are; 0: they are zeros
	phases map[string]*[8]int // how often each kind of piece began at each bit of a byte
}

func newReference(t *Table, lengths *Lengths) *reference {
	literals, distances := lengths.Literal[:], lengths.Distance[:]
	return &reference{t: t, header: huffman.Header(literals, distances), literals: huffman.Codes(literals),
		distances: huffman.Codes(distances), phases: make(map[string]*[8]int)}
}

// placed are the values of an update and where each is in the message.
type placed struct {
	text []string
	at   []int
}

// frame is the payload of the message.
func (r *reference) frame(head int, updates [][]byte) []byte {
	r.text, r.at, r.joint, r.open = string(r.t.AppendRaw(nil, head, updates)), 0, 0, 0
	r.bits = huffman.Bits{Bytes: slices.Clone(r.header.Bytes), N: r.header.N}
	layout := &r.t.layout
	start := len(layout.Heads[head])
	var prev placed
	for i := range updates {
		cur := r.values(start)
		switch {
		case i == 0:
			r.first(head, cur)
		case layout.Runs:
			r.run(prev, cur, i == 1)
		default:
			r.next(prev, cur, i == 1)
		}
		start = r.at + r.joint + len(layout.end()) + len(",")
		prev = cur
	}
	if r.open > 0 {
		r.match("end", r.joint, r.open)
	} else {
		r.literal("zeros", strings.Repeat("0", r.joint))
	}
	r.literal("foot", layout.end()+layout.Foot)
	r.bits.AddCode(r.literals[huffman.EndOfBlock])
	r.bits.Add(0, 3)
	return r.bits.Bytes
}

// values finds the values of the update that starts at the position.
func (r *reference) values(at int) placed {
	var v placed
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

func (r *reference) first(head int, v placed) {
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
		r.value(f, v, 0, 0)
	}
}

// next writes an update with its keys from prev.
func (r *reference) next(prev, v placed, second bool) {
	key := r.t.keys[0]
	if second {
		r.literal("second", key[:r.t.ahead()])
		key = key[r.t.ahead():]
	}
	r.match("key 0", r.joint+len(key), v.at[0]-prev.at[0])
	r.joint = 0
	suffix, before := r.suffix(v.text[0]), r.suffix(prev.text[0])
	r.literal("base", strings.TrimSuffix(v.text[0], suffix))
	if suffix == before {
		r.joint = len(suffix)
	} else {
		r.literal("suffix", suffix)
	}
	for f := 1; f < len(v.text); f++ {
		n := r.joint + len(r.t.keys[f])
		r.joint = 0
		taken := r.lead(f, v.text[f])
		if taken != r.lead(f, prev.text[f]) {
			taken = ""
		}
		r.match(fmt.Sprint("key ", f), n+len(taken), v.at[f]-prev.at[f])
		r.value(f, v, len(taken), zeros(prev.text[f]))
	}
}

// longestRun is the most that a match has before its last key.
const longestRun = 105

// run writes an update whose matches go on over values that prev has too.
func (r *reference) run(prev, v placed, second bool) {
	both := r.marked(prev) && r.marked(v)
	for f := range v.text {
		key := r.t.keys[f]
		if f == 0 && second {
			r.literal("second", key[:r.t.ahead()])
			key = key[r.t.ahead():]
		}
		n, far := r.joint+len(key), v.at[f]-prev.at[f]
		what := fmt.Sprint("key ", f)
		if f == 0 {
			r.runFirst(n, far, prev.text[0], v.text[0], both)
			continue
		}
		lead := r.lead(f, v.text[f])
		rest, before := v.text[f][len(lead):], strings.TrimPrefix(prev.text[f], r.lead(f, prev.text[f]))
		taken := len(lead)
		if both && len(r.t.layout.Fields[f].Like) == 0 {
			taken += r.common(rest, before)
		}
		if lead != r.lead(f, prev.text[f]) || n+taken > longestRun {
			taken = 0
		} else if taken == len(v.text[f]) && rest == before {
			r.joint, r.open = n+taken, far
			continue
		}
		r.joint, r.open = 0, 0
		r.match(what, n+taken, far)
		r.value(f, v, taken, zeros(prev.text[f]))
	}
}

// runFirst writes the first value, with the match of n bytes before it.
func (r *reference) runFirst(n, far int, prev, v string, both bool) {
	suffix := r.suffix(v)
	base, before := strings.TrimSuffix(v, suffix), strings.TrimSuffix(prev, r.suffix(prev))
	joint := 0
	if suffix == r.suffix(prev) {
		joint = len(suffix)
	}
	taken := 0
	if both {
		taken = r.common(base, before)
	}
	if n+taken+joint > longestRun {
		taken = 0
	} else if taken == len(base) && prev == v {
		r.joint = n + taken + joint
		return
	}
	r.match("key 0", n+taken, far)
	r.literal("base", base[taken:])
	if r.joint = joint; joint == 0 {
		r.literal("suffix", suffix)
	}
}

// common is how many bytes two texts begin with in common, of those that may
// join a match: all of a text that fits one chunk, else less than a chunk.
func (r *reference) common(a, b string) int {
	n := 0
	for n < min(r.joinable(a), r.joinable(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func (r *reference) joinable(text string) int {
	n := 0
	for n < len(text) && r.size(text[:n+1]) <= 56 {
		n++
	}
	if n < len(text) {
		n--
	}
	return n
}

// marked reports whether the segment of the update has room for the marks of all
// its fields, which share ten words with what of the values is over a chunk.
func (r *reference) marked(v placed) bool {
	words := 0
	for f, text := range v.text {
		if len(r.t.layout.Fields[f].Like) == 0 {
			words++
		}
		if f == 0 {
			text = strings.TrimSuffix(text, r.suffix(text))
		}
		text = strings.TrimPrefix(text, r.lead(f, text))
		size := 0
		if n, d := r.like(f, v, text); n > 0 {
			text, size = text[n:], r.matchSize(n, d)
		}
		for i := range len(text) {
			if c := r.size(text[i : i+1]); size+c > 56 {
				words, size = words+1, c
			} else {
				size += c
			}
		}
	}
	return words <= 10
}

// value writes value f but for the bytes that are taken. Of its last zeros at
// most as many as the value before had are left over for the next match.
func (r *reference) value(f int, v placed, taken, most int) {
	lead := r.lead(f, v.text[f])
	if taken < len(lead) {
		r.literal(fmt.Sprint("lead ", f), lead)
		taken = len(lead)
	}
	text := v.text[f][len(lead):] // without the lead
	taken -= len(lead)
	size := r.size(text)
	if n, d := r.like(f, v, text); n > 0 {
		r.match(fmt.Sprint("like ", f), n, d)
		text = text[n:]
		size = r.size(text) + r.matchSize(n, d)
	}
	r.joint = min(zeros(text), most)
	if size > 56 || r.joint > len(text)-taken {
		r.joint = 0
	}
	r.literal(fmt.Sprint("value ", f), text[taken:len(text)-r.joint])
}

// like is the match of the beginning of text, which is value f, with that of an
// earlier value that saves most.
func (r *reference) like(f int, v placed, text string) (length, distance int) {
	most := 0
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
	return length, distance
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
