package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestThePageStandsAlone(t *testing.T) {
	tests := []struct {
		name   string
		r      *Result
		charts int
		says   []string
	}{
		{"good", goodRun(), 6, []string{"clean: no violation", "10,000", "tickwire load --url"}},
		{"bad", badRun(), 7, []string{"NOT CLEAN: violations: 1 order", "<b>LOAD</b>", "p99<20ms"}},
		{"passive", passiveRun(), 6, []string{"Nobody's plan is known"}},
		{"nothing at all", &Result{}, 0, []string{"NOTHING MEASURED"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var page bytes.Buffer
			if err := HTML(&page, test.r); err != nil {
				t.Fatal(err)
			}
			root, err := html.Parse(&page)
			if err != nil {
				t.Fatal(err)
			}
			charts, text := 0, strings.Builder{}
			for n := range root.Descendants() {
				if n.Type == html.TextNode {
					text.WriteString(n.Data)
				}
				if n.Type != html.ElementNode {
					continue
				}
				if n.Data == "svg" {
					charts++
				}
				if slices.Contains([]string{"script", "link", "img", "iframe", "object", "image"}, n.Data) {
					t.Errorf("the page has a <%s>", n.Data)
				}
				for _, a := range n.Attr {
					if slices.Contains([]string{"src", "href", "srcset"}, a.Key) || strings.Contains(a.Val, "url(") || strings.Contains(a.Val, "NaN") || strings.Contains(a.Val, "#0102") {
						t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
					}
				}
			}
			if charts != test.charts {
				t.Errorf("got %d charts, want %d", charts, test.charts)
			}
			for _, part := range test.says {
				if !strings.Contains(text.String(), part) {
					t.Errorf("the page does not say %q", part)
				}
			}
		})
	}
}
