package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"figures": figures, "bad": isBad}).Parse(pageText))

// HTML writes the report as one page that needs no script and asks for nothing
// else: it can be mailed. It is dark or light as its reader likes.
func HTML(w io.Writer, r *Result) error {
	drawn, err := r.charts()
	if err != nil {
		return fmt.Errorf("the report as HTML: %w", err)
	}
	ok, verdict := r.Verdict()
	err = page.Execute(w, map[string]any{
		"Title": r.title(), "Command": r.Command, "OK": ok, "Verdict": verdict,
		"Tiles": r.tiles(), "Charts": drawn, "Sections": r.sections(),
	})
	if err != nil {
		return fmt.Errorf("the report as HTML: %w", err)
	}
	return nil
}

// isBad reports whether a line of the verdict is not ok.
func isBad(line string) bool { return strings.HasPrefix(line, "NO") }

// tile is a figure that is seen first.
type tile struct{ Name, Value string }

func (r *Result) tiles() []tile {
	return []tile{
		{"p50", micros(r.Latency.P50)}, {"p99", micros(r.Latency.P99)}, {"p99.9", micros(r.Latency.P999)}, {"max", micros(r.Latency.Max)},
		{"connections", comma(r.Connections)}, {"updates a second", pace(r.UpdatesPerSecond)},
		{"bytes an update", factor(r.BytesPerUpdate)}, {"reach", percent(r.Reach)},
	}
}
