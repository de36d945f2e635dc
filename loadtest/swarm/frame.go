package swarm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"tickwire/fanout/client"
)

// Opcodes, RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	finBit     = 0x80
	rsv1Bit    = 0x40 // the message is compressed, RFC 7692 section 6
	rsvBits    = 0x70
	maskBit    = 0x80
	maxControl = 125
)

// frame is one of the server's. Its payload lies in the bytes that it was cut
// from.
type frame struct {
	first   byte
	payload []byte
}

func (f frame) op() byte         { return f.first & 0x0f }
func (f frame) final() bool      { return f.first&finBit != 0 }
func (f frame) compressed() bool { return f.first&rsv1Bit != 0 }
func (f frame) control() bool    { return f.first&0x08 != 0 }

// cut takes the first frame off b. used is 0 when b does not have all of it; need
// is then how many bytes it will be, as far as b tells.
func cut(b []byte, limit int) (f frame, used, need int, err error) {
	if len(b) < 2 {
		return frame{}, 0, 2, nil
	}
	head, size := 2, uint64(b[1]&^maskBit)
	switch size {
	case 126:
		head = 4
	case 127:
		head = 10
	}
	if len(b) < head {
		return frame{}, 0, head, nil
	}
	switch head {
	case 4:
		size = uint64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		size = binary.BigEndian.Uint64(b[2:])
	}
	f = frame{first: b[0]}
	switch {
	case b[1]&maskBit != 0:
		return f, 0, 0, errors.New("the server masked a frame")
	case f.control() && (size > maxControl || !f.final()):
		return f, 0, 0, errors.New("the server sent a control frame that is fragmented or over 125 bytes")
	case size > uint64(limit):
		return f, 0, 0, fmt.Errorf("the server sent a frame of %d bytes, over the limit of %d", size, limit)
	}
	need = head + int(size)
	if len(b) < need {
		return frame{}, 0, need, nil
	}
	f.payload = b[head:need:need]
	return f, need, need, nil
}

// appendFrame appends a client's frame, which is masked.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, finBit|op)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, maskBit|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, maskBit|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, maskBit|127), uint64(n))
	}
	var key [4]byte
	binary.LittleEndian.PutUint32(key[:], rand.Uint32())
	dst = append(dst, key[:]...)
	body := len(dst)
	dst = append(dst, payload...)
	for i := range payload {
		dst[body+i] ^= key[i&3]
	}
	return dst
}

// closeNormal is the code of a client that leaves.
const closeNormal = 1000

func appendClose(dst []byte, code uint16) []byte {
	return appendFrame(dst, opClose, binary.BigEndian.AppendUint16(nil, code))
}

// closing is what a close frame says.
func closing(payload []byte) *client.CloseError {
	if len(payload) < 2 {
		return &client.CloseError{}
	}
	return &client.CloseError{Code: binary.BigEndian.Uint16(payload), Reason: string(payload[2:])}
}
