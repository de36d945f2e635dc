package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tickwire/fanout"
)

// readme is the README, and section one part of it, from its heading to the
// next.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func section(t *testing.T, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readme(t), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("the README has no section %s", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// rows are the cells of a table, row by row, its head apart.
func rows(table string) (all [][]string) {
	for line := range strings.Lines(table) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			all = append(all, cells)
		}
	}
	if len(all) < 3 {
		return nil
	}
	return all[2:]
}

func TestTheReadmeHasEveryLimitAndItsDefault(t *testing.T) {
	var c cli
	parser, err := kong.New(&c, limitDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defaults := make(map[string]string)
	for _, command := range parser.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, f := range command.Flags {
			if f.Group != nil && f.Group.Key == "limits" || f.Name == "stall" {
				defaults["`--"+f.Name+"`"] = f.Default
			}
		}
	}
	defaults["`--origins`"] = "the server's own"
	if files := defaults["`--max-connections`"]; files != "18000" {
		defaults["`--max-connections`"] = "18000" // this machine may not open as many files
	}
	table := rows(section(t, "Limits"))
	for flag, value := range defaults {
		at := slices.IndexFunc(table, func(cells []string) bool { return cells[2] == flag })
		if at < 0 {
			t.Errorf("the table has no row for %s", flag)
		} else if got := table[at][1]; got != value && !strings.HasPrefix(got, value+",") {
			t.Errorf("%s: the table says %q, the flag %q", flag, got, value)
		}
	}
	for _, cells := range table {
		if flag := cells[2]; flag != "" && defaults[flag] == "" {
			t.Errorf("the table has %s, which is no limit", flag)
		}
	}
}

// TestTheReadmeHasEveryCloseCode: those that the server sends and no others, each
// with the advice that its range carries.
func TestTheReadmeHasEveryCloseCode(t *testing.T) {
	want := make(map[uint16]bool)
	for _, r := range fanout.Reasons() {
		if r.Code() != 1000 { // the client's own
			want[r.Code()] = true
		}
	}
	number := regexp.MustCompile(`\d{4}`)
	for _, cells := range rows(section(t, "Subscribe from your program")) {
		for _, text := range number.FindAllString(cells[0], -1) {
			n, _ := strconv.ParseUint(text, 10, 16)
			code := uint16(n)
			if !want[code] {
				t.Errorf("the table has %d, which the server does not send", code)
			}
			delete(want, code)
			advice := "with backoff"
			switch {
			case code >= 4500:
				advice = "no"
			case code >= 4000 && code < 4100:
				advice = "at once"
			}
			if got := cells[2]; got != advice && !strings.HasPrefix(got, advice+",") {
				t.Errorf("%d: the table says reconnect %q, its range says %q", code, got, advice)
			}
		}
	}
	for code := range want {
		t.Errorf("the table does not have %d", code)
	}
}
