package verify

import (
	"bytes"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// element is an element of "data", in ticker, snapshot or trades. Its texts
// point into the message.
type element struct {
	symbol    []byte
	seq, time int64
	count     int64  // the ordinal, of a ticker
	deal      []byte // price and size with what stands between them: 67123.45","z":"0.0123
	quote     []byte // bid and ask likewise: 67123.44","a":"67123.46
	volume    []byte
	side      []byte // of a trade
	received  int64  // the stamp, 0 if there is none
}

// What stands between the texts of an element.
const (
	betweenDeal  = `","z":"`
	betweenQuote = `","a":"`
)

// scan reads messages in the one form in which the server writes them, see
// wire.AppendUpdate. Anything else it leaves to wire.Parse: its methods report
// false and have decided nothing. A fuzz test holds the two to the same results.
type scan struct {
	b []byte
	i int // up to where it was read
}

// kindOf is the kind of a message by how it begins, and a scan of what comes
// behind. A message that does not begin as the server's do is Broken: wire.Parse
// tells what it is.
func kindOf(text []byte) (Message, scan) {
	const head = `{"type":"`
	if len(text) < len(head) || string(text[:len(head)]) != head {
		return Broken, scan{}
	}
	rest := text[len(head):]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return Broken, scan{}
	}
	return messageOf(string(rest[:end])), scan{text, len(head) + end + 1}
}

// data goes to the first element of a data message.
func (s *scan) data(kind Message) bool {
	if kind == Snapshot && !s.take(`,"channel":"`+wire.Ticker+`"`) {
		return false
	}
	if s.take(`,"sent":`) {
		if _, ok := s.integer(); !ok {
			return false
		}
	}
	return s.take(`,"data":[`)
}

// next reports whether another element follows, at its beginning, and ok is
// false where neither it nor the end of the message does.
func (s *scan) next() (more, ok bool) {
	if s.i < len(s.b) && s.b[s.i] == ',' {
		s.i++
		return true, true
	}
	return false, len(s.b)-s.i == 2 && s.b[s.i] == ']' && s.b[s.i+1] == '}'
}

// update reads an element of ticker.
func (s *scan) update(e *element) (ok bool) {
	if !s.take(`{"s":"`) {
		return false
	}
	if e.symbol, ok = s.symbol(); !ok || !s.take(`"q":`) {
		return false
	}
	if e.seq, ok = s.integer(); !ok || !s.take(`,"n":`) {
		return false
	}
	if e.count, ok = s.integer(); !ok || !s.take(`,"t":`) {
		return false
	}
	if e.time, ok = s.integer(); !ok || !s.take(`,"p":"`) {
		return false
	}
	if e.deal, ok = s.pair(betweenDeal); !ok || !s.take(`","b":"`) {
		return false
	}
	if e.quote, ok = s.pair(betweenQuote); !ok || !s.take(`","v":"`) {
		return false
	}
	from := s.i
	if !s.number() || !s.take(`"`) {
		return false
	}
	e.volume = s.b[from : s.i-1]
	return s.foot(e)
}

// trade reads an element of trades.
func (s *scan) trade(e *element) (ok bool) {
	if !s.take(`{"s":"`) {
		return false
	}
	if e.symbol, ok = s.symbol(); !ok || !s.take(`"q":`) {
		return false
	}
	if e.seq, ok = s.integer(); !ok || !s.take(`,"t":`) {
		return false
	}
	if e.time, ok = s.integer(); !ok || !s.take(`,"p":"`) {
		return false
	}
	if e.deal, ok = s.pair(betweenDeal); !ok || !s.take(`","d":"`) {
		return false
	}
	from := s.i
	if s.i < len(s.b) && (s.b[s.i] == byte(feed.Buy) || s.b[s.i] == byte(feed.Sell)) {
		s.i++
	}
	e.side = s.b[from:s.i]
	return s.take(`"`) && s.foot(e)
}

// foot reads the end of an element, with its stamp if it has one.
func (s *scan) foot(e *element) (ok bool) {
	e.received = 0
	if s.take(`,"r":`) {
		if e.received, ok = s.integer(); !ok {
			return false
		}
	}
	return s.take(`}`)
}

// take reads what must come next.
func (s *scan) take(want string) bool {
	end := s.i + len(want)
	if end > len(s.b) || string(s.b[s.i:end]) != want {
		return false
	}
	s.i = end
	return true
}

// symbol reads printable ASCII up to a quote, and the comma behind it.
func (s *scan) symbol() ([]byte, bool) {
	for i, c := range s.b[s.i:] {
		if c == '"' {
			name := s.b[s.i : s.i+i]
			s.i += i + 1
			return name, s.take(`,`)
		}
		if c < ' ' || c > '~' || c == '\\' {
			break
		}
	}
	return nil, false
}

// integer reads one that is not negative and has at most 18 digits.
func (s *scan) integer() (int64, bool) {
	from, v := s.i, int64(0)
	i := from
	for ; i < len(s.b) && s.b[i]-'0' <= 9; i++ {
		v = v*10 + int64(s.b[i]-'0')
	}
	s.i = i
	n := i - from
	return v, n > 0 && n <= 18 && (n == 1 || s.b[from] != '0')
}

// pair reads two numbers and what stands between them.
func (s *scan) pair(between string) ([]byte, bool) {
	from := s.i
	if !s.number() || !s.take(between) || !s.number() {
		return nil, false
	}
	return s.b[from:s.i], true
}

// number reads the text of a feed.Number, which may be empty.
func (s *scan) number() bool {
	b, i := s.b, s.i
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == first {
		return i == s.i // it is empty
	}
	if b[first] == '0' && i > first+1 {
		return false
	}
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == point {
			return false
		}
	}
	s.i = i
	return true
}
