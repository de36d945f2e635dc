package reload

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// safeBuffer is a log that is read while it is written.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// pair is a value of two files, which go together when they are equal.
func pair(contents [][]byte) (string, error) {
	if !bytes.Equal(contents[0], contents[1]) {
		return "", errors.New("they do not go together")
	}
	return string(contents[0]), nil
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// until polls the value.
func until(t *testing.T, why string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", why)
		}
	}
}

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	write(t, a, "one")
	write(t, b, "one")
	var log safeBuffer
	f, err := Open(slog.New(slog.NewTextHandler(&log, nil)), pair, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Get(); got != "one" {
		t.Errorf("got %q, want one", got)
	}
	write(t, a, "two") // and half of a change keeps the old value
	until(t, "it is said that they do not go together", func() bool {
		if got := f.Get(); got != "one" {
			t.Fatalf("half-way: got %q, want one", got)
		}
		return strings.Contains(log.String(), "they do not go together")
	})
	write(t, b, "two")
	until(t, "the new value", func() bool { return f.Get() == "two" })
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	until(t, "it is said that one is gone", func() bool {
		return f.Get() == "two" && strings.Contains(log.String(), "cannot be read")
	})
	write(t, b, "two")
	write(t, a, "three")
	write(t, b, "three")
	until(t, "the value after they came back", func() bool { return f.Get() == "three" })
	if got := strings.Count(log.String(), "they do not go together"); got > 2 {
		t.Errorf("a bad pair was logged %d times:\n%s", got, &log)
	}
}

func TestOpenFailsWhereThereIsNothing(t *testing.T) {
	if _, err := Open(slog.Default(), pair, "/nope", "/nope"); err == nil || !strings.Contains(err.Error(), "/nope") {
		t.Errorf("got %v, want an error that names the file", err)
	}
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	write(t, a, "one")
	write(t, b, "two")
	if _, err := Open(slog.Default(), pair, a, b); err == nil || !strings.Contains(err.Error(), a) {
		t.Errorf("got %v, want an error that names the files", err)
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	a := filepath.Join(t.TempDir(), "a")
	write(t, a, "x")
	f, err := Open(slog.New(slog.DiscardHandler), func(c [][]byte) (string, error) { return string(c[0]), nil }, a)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
				if got := f.Get(); len(got) == 0 {
					t.Error("got an empty value")
				}
			}
		})
	}
	for i := range 20 {
		write(t, a, strings.Repeat("x", i+1))
		time.Sleep(100 * time.Millisecond)
	}
	all.Wait()
}
