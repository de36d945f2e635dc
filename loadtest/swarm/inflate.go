package swarm

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// inflater inflates messages that were compressed without context takeover.
type inflater struct {
	in     []byte // the message and its tail
	source bytes.Reader
	flate  io.ReadCloser // nil until it is needed: it has 40 KiB
	text   []byte
}

// tail is what a message lacks of a DEFLATE stream: the end of the empty block
// that the sender left out (RFC 7692 section 7.2.2), and a last block.
const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// inflate is the text of a compressed message, good until the next one.
func (i *inflater) inflate(message []byte, limit int) ([]byte, error) {
	i.in = append(append(i.in[:0], message...), tail...)
	i.source.Reset(i.in)
	if i.flate == nil {
		i.flate = flate.NewReader(&i.source)
		i.text = make([]byte, 0, 16<<10)
	} else if err := i.flate.(flate.Resetter).Reset(&i.source, nil); err != nil {
		return nil, err
	}
	i.text = i.text[:0]
	for {
		n, err := i.flate.Read(i.text[len(i.text):cap(i.text)])
		i.text = i.text[:len(i.text)+n]
		switch {
		case err == io.EOF:
			return i.text, nil
		case err != nil:
			return nil, fmt.Errorf("a compressed message cannot be inflated: %w", err)
		case len(i.text) > limit:
			return nil, fmt.Errorf("a compressed message inflates to more than the limit of %d bytes", limit)
		case len(i.text) == cap(i.text):
			i.text = append(i.text, 0)[:len(i.text)]
		}
	}
}
