package gateway

import (
	"encoding/binary"

	"tickwire/fanout"
)

// screen reads the headers of a client's frames before gws does, for what gws
// lets pass: reserved bits once an extension was agreed on, lengths that are
// negative as an int, on which it panics, and fragments without end.
type screen struct {
	deflate   bool // RSV1 means something
	n         uint8
	head      [14]byte // the header under way, n bytes of it
	fragments uint16   // of the message under way
	left      uint64   // of the payload under way
}

// maxFragments bounds the fragments of a message: even empty ones cost.
const maxFragments = 1024

// take goes on with what the client sent. When it breaks the protocol, RFC 6455
// section 5.2, ok is false.
func (s *screen) take(p []byte) (why fanout.Reason, ok bool) {
	for len(p) > 0 {
		if s.left > 0 {
			n := min(s.left, uint64(len(p)))
			s.left -= n
			p = p[n:]
			continue
		}
		s.head[s.n] = p[0]
		s.n++
		p = p[1:]
		if s.n < 2 || s.n < s.size() {
			continue
		}
		s.n = 0
		if why, ok = s.header(); !ok {
			return why, false
		}
	}
	return 0, true
}

// Parts of the first two bytes of a header.
const (
	rsv1, rsv2and3 = 0x40, 0x30
	opcode         = 0x0f
	control        = 0x08
	masked, length = 0x80, 0x7f
)

// size is the length of the header under way.
func (s *screen) size() uint8 {
	size := uint8(2)
	switch s.head[1] & length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if s.head[1]&masked != 0 {
		size += 4
	}
	return size
}

// header judges the header that has come to its end.
func (s *screen) header() (fanout.Reason, bool) {
	first := s.head[0]
	switch s.left = uint64(s.head[1] & length); s.left {
	case 126:
		s.left = uint64(binary.BigEndian.Uint16(s.head[2:]))
	case 127:
		s.left = binary.BigEndian.Uint64(s.head[2:])
	}
	switch {
	case first&rsv2and3 != 0,
		first&rsv1 != 0 && (!s.deflate || first&control != 0 || first&opcode == 0), // RFC 7692 section 6.1: of a message's first frame alone
		s.left>>63 != 0:
		return fanout.BadProtocol, false
	case first&control != 0:
		return 0, true
	case first&opcode != 0:
		s.fragments = 0
	}
	if s.fragments++; s.fragments > maxFragments {
		return fanout.Flooded, false
	}
	return 0, true
}
