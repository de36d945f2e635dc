package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

const (
	watchFPS    = 10 // repaints a second at most
	watchHeader = 4  // lines above the rows: connection, counts, column names, a rule
	watchFooter = 1  // lines below
)

// watchView is the board in a terminal. It is a tea.Model.
type watchView struct {
	url           string
	board         *watchBoard
	page          watchPage
	colours       watchPalette
	width, height int
	help          help.Model
}

// watchPalette is how text is set off. Every colour goes with a glyph or a
// sign that says the same. The zero palette is plain text.
type watchPalette struct{ up, down, faint, strong lipgloss.Style }

func watchColours() watchPalette {
	return watchPalette{
		up:     lipgloss.NewStyle().Foreground(lipgloss.Green),
		down:   lipgloss.NewStyle().Foreground(lipgloss.Red),
		faint:  lipgloss.NewStyle().Faint(true),
		strong: lipgloss.NewStyle().Bold(true),
	}
}

var watchKeys = struct{ up, down, pageUp, pageDown, top, bottom, quit key.Binding }{
	up:       key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑/k", "up")),
	down:     key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓/j", "down")),
	pageUp:   key.NewBinding(key.WithKeys("pgup", "b"), key.WithHelp("b", "page up")),
	pageDown: key.NewBinding(key.WithKeys("pgdown", "f", "space"), key.WithHelp("f", "page down")),
	top:      key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("g", "first")),
	bottom:   key.NewBinding(key.WithKeys("end", "G"), key.WithHelp("G", "last")),
	quit:     key.NewBinding(key.WithKeys("q", "ctrl+c", "esc"), key.WithHelp("q", "quit")),
}

func newWatchView(url string, board *watchBoard, colours watchPalette) watchView {
	return watchView{url: url, board: board, colours: colours, width: 80, height: 24, help: help.New()}
}

type watchRepaint struct{}

func watchTick() tea.Cmd {
	return tea.Tick(time.Second/watchFPS, func(time.Time) tea.Msg { return watchRepaint{} })
}

// Init begins the repaints.
func (v watchView) Init() tea.Cmd { return watchTick() }

// Update takes a key, a new size, or the time to read the board again.
func (v watchView) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		if key.Matches(msg, watchKeys.quit) {
			return v, tea.Quit
		}
		return v.read(v.scroll(msg)), nil
	case tea.WindowSizeMsg:
		v.width, v.height = msg.Width, msg.Height
		v.help.SetWidth(msg.Width)
		return v.read(v.page.first), nil
	case watchRepaint:
		return v.read(v.page.first), watchTick()
	}
	return v, nil
}

// scroll is the line that a key asks to have on top.
func (v watchView) scroll(msg tea.KeyPressMsg) int {
	first := v.page.first
	switch {
	case key.Matches(msg, watchKeys.up):
		return first - 1
	case key.Matches(msg, watchKeys.down):
		return first + 1
	case key.Matches(msg, watchKeys.pageUp):
		return first - v.room()
	case key.Matches(msg, watchKeys.pageDown):
		return first + v.room()
	case key.Matches(msg, watchKeys.top):
		return 0
	case key.Matches(msg, watchKeys.bottom):
		return v.page.total
	}
	return first
}

// room is how many rows the terminal has.
func (v watchView) room() int { return max(1, v.height-watchHeader-watchFooter) }

func (v watchView) read(first int) watchView {
	v.page = v.board.page(first, v.room())
	return v
}

// View paints the page that was read last.
func (v watchView) View() tea.View {
	view := tea.NewView(v.text())
	view.AltScreen = true
	view.WindowTitle = "tickwire watch"
	return view
}

func (v watchView) text() string {
	parts := []string{v.linkLine(), v.countLine(), v.rows()}
	body := lipgloss.NewStyle().MaxWidth(v.width).MaxHeight(max(1, v.height-watchFooter)).Render(strings.Join(parts, "\n"))
	return body + "\n" + v.help.ShortHelpView([]key.Binding{watchKeys.quit, watchKeys.up, watchKeys.down, watchKeys.pageUp, watchKeys.pageDown, watchKeys.top, watchKeys.bottom})
}

func (v watchView) linkLine() string {
	link := v.page.link
	state := v.colours.down.Render("○ " + link.String())
	if link.Phase == client.Connected {
		state = v.colours.up.Render("● " + link.String())
	}
	return v.colours.strong.Render(v.url) + "  " + state + v.feedText()
}

// feedText warns of values that are not of now, though the connection is well.
func (v watchView) feedText() string {
	feed := v.page.feed
	if feed.State == "" || feed.State == wire.Live {
		return ""
	}
	text := "! feed " + string(feed.State)
	if feed.AgeMS > 0 {
		text += ", newest tick " + age(time.Duration(feed.AgeMS)*time.Millisecond) + " old"
	}
	return "  " + v.colours.down.Render(text)
}

func (v watchView) countLine() string {
	line := fmt.Sprintf("%s, %s updates/s", plural(v.page.total, "symbol"), pace(v.page.updates))
	if shown := len(v.page.lines); shown < v.page.total {
		line += fmt.Sprintf(", lines %d to %d", v.page.first+1, v.page.first+shown)
	}
	if v.page.fault != "" {
		line += "  " + v.colours.down.Render("! "+v.page.fault)
	}
	return line
}

// watchColumn is one column of the table.
type watchColumn struct {
	title string
	width int
	spare int // the higher, the sooner it goes when the terminal is narrow
	text  func(watchLine) string
	style func(watchLine) lipgloss.Style
}

// columns are those that the terminal is wide enough for.
func (v watchView) columns() []watchColumn {
	w := v.page.widths
	plain := func(watchLine) lipgloss.Style { return lipgloss.Style{} }
	moved := func(l watchLine) lipgloss.Style { return v.colours.of(l.moved) }
	gained := func(l watchLine) lipgloss.Style { return v.colours.of(l.gained) }
	faint := func(watchLine) lipgloss.Style { return v.colours.faint }
	columns := []watchColumn{
		{"SYMBOL", w.symbol, 0, func(l watchLine) string { return l.name() }, plain},
		{"LAST", w.last + 2, 1, func(l watchLine) string { return l.last + " " + glyph(l.moved) }, moved},
		{"CHANGE", w.change, 2, func(l watchLine) string { return l.change }, gained},
		{"%", w.percent, 7, func(l watchLine) string { return l.percent }, gained},
		{"BID", w.bid, 5, func(l watchLine) string { return l.bid }, plain},
		{"ASK", w.ask, 6, func(l watchLine) string { return l.ask }, plain},
		{"TICKS/S", 7, 4, func(l watchLine) string { return pace(l.perSec) }, plain},
		{"AGE", 5, 3, func(l watchLine) string { return age(l.age) }, faint},
	}
	used := 0
	for i, c := range columns {
		columns[i].width = max(c.width, len(c.title)) + 2 // a space on either side
		used += columns[i].width
	}
	for used > v.width && len(columns) > 1 {
		at := 0
		for i, c := range columns {
			if c.spare > columns[at].spare {
				at = i
			}
		}
		used -= columns[at].width
		columns = slices.Delete(columns, at, at+1)
	}
	return columns
}

func (v watchView) rows() string {
	columns := v.columns()
	t := table.New().Wrap(false).Border(lipgloss.NormalBorder()).BorderStyle(v.colours.faint).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderColumn(false)
	for _, c := range columns {
		t.Headers(append(t.GetHeaders(), c.title)...)
	}
	for _, line := range v.page.lines {
		t.Row(cellsOf(line, columns)...)
	}
	return t.StyleFunc(func(row, col int) lipgloss.Style {
		style := v.colours.strong
		if row >= 0 && row < len(v.page.lines) {
			style = columns[col].style(v.page.lines[row])
		}
		if col > 0 {
			style = style.Align(lipgloss.Right)
		}
		return style.Padding(0, 1).Width(columns[col].width)
	}).String()
}

// cellsOf are a line's texts; a denied one has no values.
func cellsOf(line watchLine, columns []watchColumn) []string {
	cells := make([]string, len(columns))
	for i, c := range columns {
		if line.denied == "" || i == 0 {
			cells[i] = c.text(line)
		}
	}
	return cells
}

func (p watchPalette) of(sign int) lipgloss.Style {
	switch {
	case sign > 0:
		return p.up
	case sign < 0:
		return p.down
	}
	return lipgloss.Style{}
}

func glyph(sign int) string {
	switch {
	case sign > 0:
		return "▲"
	case sign < 0:
		return "▼"
	}
	return " "
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// pace is a number a second, with a place where it matters.
func pace(perSecond float64) string {
	if perSecond > 0 && perSecond < 10 {
		return fmt.Sprintf("%.1f", perSecond)
	}
	return fmt.Sprintf("%.0f", perSecond)
}

// age is how old a value is, in its largest unit.
func age(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}
