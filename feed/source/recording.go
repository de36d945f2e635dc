package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/gzip"
)

// MaxLine bounds a line of a recording, in bytes. A longer one is not kept in
// memory: it is read past and counts as undecodable.
const MaxLine = 1 << 20

var (
	errLongLine = errors.New("line is longer than MaxLine")
	errLine     = errors.New("line is of no known recording format")
)

// recording is a file of frames, plain or gzip, read as a stream. Two formats
// are told apart line by line:
//
//	<local ns> <frame>                  hftbacktest's collector
//	<url> <-> <local s>                 cryptofeed: a connection opens
//	<url> <- <local s>: <frame>         cryptofeed: sent to the venue
//	<local s>: <frame>                  cryptofeed: received
type recording struct {
	path  string
	file  *os.File
	lines lines
	venue *venue // of the connection; nil when the recording does not say

	// The frame that advance read. frame is good until the next advance, and nil
	// when the line was not sound: it then has the local time of the one before.
	frame []byte
	local int64 // nanoseconds since 1970
}

// openRecording opens the file and advances to its first frame. It fails when
// that is not one of a known format. The caller closes the recording.
func openRecording(path string) (*recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	rec := &recording{path: path, file: file}
	if err := rec.start(); err != nil {
		file.Close()
		return nil, fmt.Errorf("open recording %s: %w", path, err)
	}
	return rec, nil
}

func (rec *recording) start() error {
	info, err := rec.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a file; name the recordings themselves", fs.ErrInvalid)
	}
	text, err := unzipped(rec.file)
	if err != nil {
		return err
	}
	rec.lines = newLines(text)
	if err := rec.advance(); err == io.EOF {
		return errors.New("no frames in it")
	} else if err != nil {
		return err
	}
	if rec.frame == nil {
		return fmt.Errorf("%w; known are hftbacktest's and cryptofeed's, plain or gzip", errLine)
	}
	return nil
}

// unzipped is what file holds, whether or not it is gzip.
func unzipped(file io.Reader) (io.Reader, error) {
	r := bufio.NewReader(file)
	if magic, _ := r.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return r, nil
	}
	return gzip.NewReader(r)
}

// close has no error worth telling: the file was only read.
func (rec *recording) close() { rec.file.Close() }

// advance reads up to the next frame, or returns io.EOF.
func (rec *recording) advance() error {
	for {
		text, err := rec.lines.next()
		switch {
		case err == errLongLine:
			rec.frame = nil
			return nil
		case err == io.EOF:
			return err
		case err != nil:
			return fmt.Errorf("read recording %s: %w", rec.path, err)
		}
		l, err := parseLine(text)
		switch {
		case err != nil:
			rec.frame = nil
			return nil
		case l.opened != nil:
			rec.venue = venueAt(string(l.opened))
		case l.frame != nil:
			rec.frame, rec.local = l.frame, l.local
			return nil
		}
	}
}

// line is what a line of a recording says: a frame, or a connection opened, or
// nothing of interest.
type line struct {
	frame  []byte
	local  int64  // when frame was received, nanoseconds since 1970
	opened []byte // the URL connected to
}

func parseLine(text []byte) (line, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return line{}, nil
	}
	if text[0]-'0' > 9 {
		return parseNote(text)
	}
	stamp, frame, found := bytes.Cut(text, []byte{' '})
	if !found {
		return line{}, errLine
	}
	var l line
	var ok bool
	if seconds, received := bytes.CutSuffix(stamp, []byte{':'}); received {
		l.local, ok = parseSeconds(seconds)
	} else {
		l.local, ok = parseNanoseconds(stamp)
	}
	if l.frame = bytes.TrimSpace(frame); !ok || len(l.frame) == 0 {
		return line{}, errLine
	}
	return l, nil
}

// parseNote reads a line of cryptofeed's about the connection.
func parseNote(text []byte) (line, error) {
	url, rest, _ := bytes.Cut(text, []byte{' '})
	if !bytes.Contains(url, []byte("://")) {
		return line{}, errLine
	}
	switch arrow, _, _ := bytes.Cut(rest, []byte{' '}); string(arrow) {
	case "<->":
		return line{opened: url}, nil
	case "<-", "->":
		return line{}, nil
	}
	return line{}, errLine
}

// lines reads lines of up to MaxLine bytes.
type lines struct {
	r    *bufio.Reader
	long []byte // a line that is longer than r's buffer
}

func newLines(r io.Reader) lines { return lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next is the next line with its end, good until the call after. It returns
// errLongLine, having read past the line, and io.EOF behind the last one, which
// need not have an end.
func (l *lines) next() ([]byte, error) {
	part, err := l.r.ReadSlice('\n')
	if err == io.EOF && len(part) > 0 {
		err = nil
	}
	if err != bufio.ErrBufferFull {
		return part, err
	}
	l.long = l.long[:0]
	size := 0
	for err == bufio.ErrBufferFull {
		if size += len(part); size <= MaxLine {
			l.long = append(l.long, part...)
		}
		part, err = l.r.ReadSlice('\n')
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	if size+len(part) > MaxLine {
		return nil, errLongLine
	}
	l.long = append(l.long, part...)
	return l.long, nil
}
