package fanout

import "encoding/binary"

// A frame is one WebSocket message, RFC 6455 section 5.2: a header and the
// payload, in one piece of memory so that one write takes it. The payload is
// built first, behind headerRoom, and seal puts the header before it.
const headerRoom = 10

// First bytes of a frame: FIN, the text opcode, and RSV1 for a payload that
// permessage-deflate compressed (RFC 7692 section 6).
const (
	plainText    = 0x81
	deflatedText = 0xc1
)

// seal returns the frame whose payload stands in b from headerRoom on.
func seal(b []byte, first byte) []byte {
	n := len(b) - headerRoom
	switch {
	case n < 126:
		b = b[headerRoom-2:]
		b[1] = byte(n)
	case n < 1<<16:
		b = b[headerRoom-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = first
	return b
}

// appendFrame appends the frame of a text that is short or rare enough to be
// copied.
func appendFrame(dst []byte, text []byte) []byte {
	var b [headerRoom]byte
	header := append(b[:0], plainText)
	switch n := len(text); {
	case n < 126:
		header = append(header, byte(n))
	case n < 1<<16:
		header = binary.BigEndian.AppendUint16(append(header, 126), uint16(n))
	default:
		header = binary.BigEndian.AppendUint64(append(header, 127), uint64(n))
	}
	return append(append(dst, header...), text...)
}
