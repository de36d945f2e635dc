package splice

import (
	"encoding/binary"

	"tickwire/fanout/splice/internal/huffman"
)

// code is a bit string, the first bit lowest, above its length in the lowest
// byte. It holds a symbol's code and the number that follows it: at most 15 and
// 7 bits. 0 is no code.
type code uint32

func (c code) bits() uint64 { return uint64(c >> 8) }
func (c code) size() uint   { return uint(c & 0xff) }

func makeCode(c huffman.Code, extra uint32, extraBits uint8) code {
	if c.N == 0 {
		return 0
	}
	return code((c.Bits|extra<<c.N)<<8 | uint32(c.N+extraBits))
}

// maxChunk is the most bits that put takes: with the 7 that may be waiting they
// fill a word but for the bit without which acc >>= 64 would be asked for.
const maxChunk = 56

// put adds size bits to a stream of which pos bytes are in b and the last
// waiting bits, fewer than 8, are in acc. It writes eight bytes whatever the
// size; those after the stream's end are written over by the next put.
func put(b []byte, pos int, acc uint64, waiting uint, bits uint64, size uint) (int, uint64, uint) {
	acc |= bits << (waiting & 7)
	binary.LittleEndian.PutUint64(b[pos:], acc)
	waiting += size
	return pos + int(waiting>>3), acc >> (waiting & 56), waiting & 7
}

// chunk is a bit string that one put takes.
type chunk struct {
	bits uint64
	size uint
}

// chunks is a longer one.
type chunks []chunk

func (c *chunks) add(next code) {
	if n := len(*c); n > 0 && (*c)[n-1].size+next.size() <= maxChunk {
		last := &(*c)[n-1]
		last.bits |= next.bits() << last.size
		last.size += next.size()
		return
	}
	*c = append(*c, chunk{next.bits(), next.size()})
}

func (c chunks) size() int {
	n := 0
	for _, chunk := range c {
		n += int(chunk.size)
	}
	return n
}

func (c chunks) put(b []byte, pos int, acc uint64, waiting uint) (int, uint64, uint) {
	for _, chunk := range c {
		pos, acc, waiting = put(b, pos, acc, waiting, chunk.bits, chunk.size)
	}
	return pos, acc, waiting
}
