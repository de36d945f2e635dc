// Package reload keeps what was made of files, such as certificates and keys,
// and makes it again when one of them changes.
package reload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// every is how often Get looks at the files, at most.
const every = time.Second

// maxFile bounds a file, in bytes.
const maxFile = 16 << 20

// Files is a value made of the contents of files. It has no goroutine: whoever
// asks for the value looks for changes, once a second at most, while the others
// go on with what there is.
type Files[T any] struct {
	names []string
	parse func(contents [][]byte) (T, error)
	log   *slog.Logger

	value   atomic.Pointer[T]
	looked  atomic.Int64 // Unix nanoseconds
	looking atomic.Bool  // somebody is at it, and alone has what follows
	stamps  []fs.FileInfo
}

// Open reads the files and makes the value. Later a set of files of which
// nothing can be made keeps the old value, and is logged once. Errors of parse
// are logged: they must not hold secrets.
func Open[T any](log *slog.Logger, parse func(contents [][]byte) (T, error), names ...string) (*Files[T], error) {
	f := &Files[T]{names: names, parse: parse, log: log}
	stamps, err := f.stat()
	if err != nil {
		return nil, err
	}
	value, err := f.read()
	if err != nil {
		return nil, err
	}
	f.stamps = stamps
	f.value.Store(&value)
	f.looked.Store(time.Now().UnixNano())
	return f, nil
}

// Get is the value of the moment.
func (f *Files[T]) Get() T {
	now := time.Now().UnixNano()
	if now-f.looked.Load() >= int64(every) && f.looking.CompareAndSwap(false, true) {
		f.looked.Store(now)
		f.look()
		f.looking.Store(false)
	}
	return *f.value.Load()
}

// look makes the value again if a file has changed. The stamps are of before the
// reading: a change while it reads is seen the next time.
func (f *Files[T]) look() {
	stamps, err := f.stat()
	if err != nil {
		if f.stamps != nil {
			f.log.Warn("files cannot be read; what was read before stays in force", "files", f.list(), "error", err)
		}
		f.stamps = nil
		return
	}
	if f.same(stamps) {
		return
	}
	f.stamps = stamps
	value, err := f.read()
	if err != nil {
		f.log.Warn("files have changed and cannot be used; what was read before stays in force", "files", f.list(), "error", err)
		return
	}
	f.value.Store(&value)
	f.log.Info("files have changed and were read again", "files", f.list())
}

func (f *Files[T]) list() string { return strings.Join(f.names, ", ") }

func (f *Files[T]) stat() ([]fs.FileInfo, error) {
	stamps := make([]fs.FileInfo, len(f.names))
	for i, name := range f.names {
		var err error
		if stamps[i], err = os.Stat(name); err != nil {
			return nil, err
		}
	}
	return stamps, nil
}

func (f *Files[T]) same(stamps []fs.FileInfo) bool {
	if f.stamps == nil {
		return false
	}
	for i, now := range stamps {
		was := f.stamps[i]
		if !os.SameFile(was, now) || !was.ModTime().Equal(now.ModTime()) || was.Size() != now.Size() {
			return false
		}
	}
	return true
}

func (f *Files[T]) read() (value T, err error) {
	contents := make([][]byte, len(f.names))
	for i, name := range f.names {
		if contents[i], err = readFile(name); err != nil {
			return value, err
		}
	}
	if value, err = f.parse(contents); err != nil {
		return value, fmt.Errorf("%s: %w", f.list(), err)
	}
	return value, nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = errors.New(name + ": the file is too big")
	}
	return content, err
}
