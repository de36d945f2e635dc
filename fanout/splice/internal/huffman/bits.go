package huffman

// Bits is a string of bits as DEFLATE packs them: the first is the lowest of
// the first byte (RFC 1951, section 3.1.1). The zero Bits is empty.
type Bits struct {
	Bytes []byte // the last one is filled up with zeros
	N     int
}

// Add appends the n lowest bits of v, the lowest first.
func (b *Bits) Add(v uint64, n uint8) {
	for i := range n {
		if b.N%8 == 0 {
			b.Bytes = append(b.Bytes, 0)
		}
		b.Bytes[b.N/8] |= byte(v>>i&1) << (b.N % 8)
		b.N++
	}
}

// AddCode appends a code.
func (b *Bits) AddCode(c Code) { b.Add(uint64(c.Bits), c.N) }
