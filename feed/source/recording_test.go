package source

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestParseLine(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		text     string
		frame    string
		local    int64
		opened   string
		bad      bool
	}{
		{scenario: "nanoseconds", text: `1723161254087891268 {"a":1}`, frame: `{"a":1}`, local: 1723161254087891268},
		{scenario: "seconds with seven places", text: `1633998512.0633569: {"a":1}`, frame: `{"a":1}`, local: 1633998512063356900},
		{scenario: "seconds with three places", text: `1618678158.064: [1]`, frame: `[1]`, local: 1618678158064000000},
		{scenario: "seconds without places", text: `1618678158: [1]`, frame: `[1]`, local: 1618678158000000000},
		{scenario: "places beyond nanoseconds", text: `1618678158.1234567899: [1]`, frame: `[1]`, local: 1618678158123456789},
		{scenario: "a Windows end", text: "1618678158: [1]\r\n", frame: `[1]`, local: 1618678158000000000},
		{scenario: "a connection", text: `wss://ws.kraken.com <-> 1618678132.36`, opened: `wss://ws.kraken.com`},
		{scenario: "a frame sent", text: `wss://ws.kraken.com <- 1618678132.83: {"event":"subscribe"}`},
		{scenario: "an empty line", text: "\n"},

		{scenario: "a frame without a time", text: `{"a":1}`, bad: true},
		{scenario: "a time without a frame", text: `1723161254087891268`, bad: true},
		{scenario: "a time and a space", text: `1723161254087891268 `, bad: true},
		{scenario: "a colon and no frame", text: `1618678158.1: `, bad: true},
		{scenario: "two points in the time", text: `1618678158.1.2: [1]`, bad: true},
		{scenario: "a point alone", text: `.: [1]`, bad: true},
		{scenario: "time zero", text: `0 {"a":1}`, bad: true},
		{scenario: "decimal nanoseconds", text: `1723161254087.1 {"a":1}`, bad: true},
		{scenario: "nanoseconds beyond 64 bits", text: `99999999999999999999 {"a":1}`, bad: true},
		{scenario: "seconds beyond 64 bits", text: `99999999999999999999.5: [1]`, bad: true},
		{scenario: "words", text: `hello <-> world`, bad: true},
		{scenario: "a URL with another arrow", text: `wss://x => 1`, bad: true},
		{scenario: "a URL alone", text: `wss://x`, bad: true},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			got, err := parseLine([]byte(tc.text))
			if (err != nil) != tc.bad {
				t.Fatalf("parseLine(%q): got error %v, want one: %t", tc.text, err, tc.bad)
			}
			if string(got.frame) != tc.frame || got.local != tc.local || string(got.opened) != tc.opened {
				t.Errorf("parseLine(%q): got frame %q at %d, opened %q; want %q at %d, %q",
					tc.text, got.frame, got.local, got.opened, tc.frame, tc.local, tc.opened)
			}
		})
	}
}

func FuzzParseLine(f *testing.F) {
	for _, seed := range []string{`1723161254087891268 {"a":1}`, `1633998512.0633569: {"a":1}`, `wss://ws.kraken.com <-> 1.5`, `wss://x <- 1: {}`, ``, `1 `, `9223372036854775807 x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLine(text)
		if err != nil {
			return
		}
		if l.frame != nil && (l.local <= 0 || l.local/int64(time.Second) > latest) {
			t.Fatalf("parseLine(%q): local time %d is out of bounds", text, l.local)
		}
		if l.frame != nil && l.opened != nil {
			t.Fatalf("parseLine(%q): both a frame and a connection", text)
		}
	})
}

func TestLines(t *testing.T) {
	exact := strings.Repeat("x", MaxLine-1) + "\n"
	long := strings.Repeat("y", MaxLine) + "\n"
	medium := strings.Repeat("z", 200<<10) + "\n"
	for _, tc := range []struct {
		scenario string
		text     string
		want     []string // "long" for errLongLine
	}{
		{"nothing", "", nil},
		{"a last line without an end", "a\nb", []string{"a\n", "b"}},
		{"a line longer than the buffer", "a\n" + medium + "b\n", []string{"a\n", medium, "b\n"}},
		{"a line of the longest kind", exact + "b\n", []string{exact, "b\n"}},
		{"a line that is too long", "a\n" + long + "b\n", []string{"a\n", "long", "b\n"}},
		{"a last line that is too long", long[:MaxLine] + "y", []string{"long"}},
		{"a long last line without an end", medium[:200<<10], []string{medium[:200<<10]}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			l := newLines(iotest.HalfReader(strings.NewReader(tc.text)))
			for i, want := range append(tc.want, "EOF") {
				got, err := l.next()
				switch {
				case want == "EOF" && err != io.EOF:
					t.Fatalf("behind the last line: got %.40q, %v, want EOF", got, err)
				case want == "long" && err != errLongLine:
					t.Fatalf("line %d: got %.40q, %v, want %v", i, got, err, errLongLine)
				case want != "EOF" && want != "long" && (err != nil || string(got) != want):
					t.Fatalf("line %d: got %.40q of %d bytes, %v; want %.40q of %d", i, got, len(got), err, want, len(want))
				}
			}
		})
	}
}

func TestLinesKeepNoMoreThanMaxLine(t *testing.T) {
	l := newLines(strings.NewReader(strings.Repeat("x", 8*MaxLine) + "\n"))
	if got, err := l.next(); err != errLongLine {
		t.Fatalf("line of %d bytes: got %.40q, %v, want %v", 8*MaxLine, got, err, errLongLine)
	}
	if cap(l.long) > 2*MaxLine {
		t.Errorf("memory kept for a line of %d bytes: got %d, want at most %d", 8*MaxLine, cap(l.long), 2*MaxLine)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(3))
	f.Add([]byte("\n"), uint8(0))
	f.Fuzz(func(t *testing.T, text []byte, repeat uint8) {
		text = bytes.Repeat(text, 1+int(repeat))
		l := newLines(bytes.NewReader(text))
		read := 0
		for want := range bytes.Lines(text) {
			got, err := l.next()
			if len(want) > MaxLine {
				if err != errLongLine {
					t.Fatalf("line of %d bytes: got %v, want %v", len(want), err, errLongLine)
				}
			} else if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("at byte %d: got %.40q, %v, want %.40q", read, got, err, want)
			}
			read += len(want)
		}
		if got, err := l.next(); err != io.EOF {
			t.Fatalf("behind the last line: got %.40q, %v, want EOF", got, err)
		}
	})
}
