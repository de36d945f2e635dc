package splice

// AppendRaw appends the message without compression: for clients that do not
// have permessage-deflate, for single updates, and where Encode reports false.
// It is sent with RSV1 clear, which RFC 7692, section 6, leaves to each message.
func (t *Table) AppendRaw(dst []byte, head int, updates [][]byte) []byte {
	dst = append(dst, t.layout.Heads[head]...)
	for i, update := range updates {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, update...)
	}
	return append(dst, t.layout.Foot...)
}
