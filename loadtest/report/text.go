package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// Text writes the report for a person: the verdict first. It has no colours, and
// no line is broken for a terminal's width.
func Text(w io.Writer, r *Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", r.title(), r.Command)
	_, verdict := r.Verdict()
	for _, line := range verdict {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, s := range r.sections() {
		fmt.Fprintf(&b, "\n%s\n", s.Title)
		writeTable(&b, s.Head, s.Rows)
		for _, line := range s.Lines {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	return nil
}

func (r *Result) title() string {
	return fmt.Sprintf("tickwire load %s, %s, %s after the ramp, %s", r.Version,
		r.Started.UTC().Format(time.DateTime+" UTC"), seconds(r.Seconds), r.Mode)
}

// writeTable aligns the columns: the first and, without a head, the second to
// the left, figures to the right. A sentence in the last column stays left.
func writeTable(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t := table.New().Wrap(false).Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).
		BorderRight(false).BorderColumn(false).BorderHeader(false).Headers(head...).Rows(rows...)
	t.StyleFunc(func(_, col int) lipgloss.Style {
		style := lipgloss.NewStyle().PaddingLeft(2)
		if figures(head, col) {
			style = style.Align(lipgloss.Right)
		}
		return style
	})
	for line := range strings.Lines(t.String() + "\n") {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// figures reports whether a column is of numbers.
func figures(head []string, col int) bool {
	if col >= len(head) || col == 0 {
		return false
	}
	switch head[col] {
	case "client", "symbol", "what", "verdict":
		return false
	}
	return true
}
