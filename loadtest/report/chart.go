package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// ink is a colour of a chart. Its number is written into the SVG as a colour that
// nothing else has, and then replaced by the page's variable of the same name,
// so that one chart is right on a light and on a dark ground.
type ink uint8

const (
	text ink = iota + 1
	grid
	first
	second
	third
	warn
)

var inks = map[ink]string{text: "text", grid: "grid", first: "first", second: "second", third: "third", warn: "warn"}

// RGBA makes an ink a color.Color.
func (i ink) RGBA() (r, g, b, a uint32) {
	return color.RGBA{R: 1, G: 2, B: uint8(i), A: 255}.RGBA()
}

// recolour names the inks of an SVG.
func recolour(svg string) string {
	for i, name := range inks {
		svg = strings.ReplaceAll(svg, fmt.Sprintf("#0102%02X", uint8(i)), "var(--"+name+")")
	}
	return svg
}

// line is one curve of a chart.
type line struct {
	name   string
	ink    ink
	dashed bool
	points plotter.XYs
}

// chart is a drawing with a title that a screen reader says too.
type chart struct {
	title         string
	says          string // what it shows, in a sentence
	x             string // of the axis
	width, height vg.Length
	lines         []line
	marks         plotter.XYs // points that are set off
	bound         float64     // a level that is drawn across; 0: none
	xTicks        plot.Ticker // nil: levels
	log           bool        // y is times, on a logarithmic scale
	bytes         bool        // y is bytes a second
}

const (
	fullWidth, fullHeight = 22 * vg.Centimeter, 8.5 * vg.Centimeter
	halfWidth, halfHeight = 10.8 * vg.Centimeter, 5.4 * vg.Centimeter

	lastLabel = 36 // room for the one at the right end, which stands over it by half
)

// key says what a curve or a mark of a chart is. The page shows it beside the
// chart, where it covers nothing.
type key struct {
	Name, Ink string
	Sign      string // how it is drawn
}

func (c chart) keys() (keys []key) {
	if len(c.lines) < 2 {
		return nil
	}
	for _, l := range c.lines {
		sign := "━━"
		if l.dashed {
			sign = "╍╍"
		}
		keys = append(keys, key{l.name, inks[l.ink], sign})
	}
	if len(c.marks) > 0 {
		keys = append(keys, key{"did not hold", inks[warn], "◯"})
	}
	if c.bound > 0 {
		keys = append(keys, key{"bound", inks[warn], "┈┈"})
	}
	return keys
}

// draw is the chart as an SVG element for a page that has the variables.
func (c chart) draw() (template.HTML, error) {
	for _, points := range append([]plotter.XYs{c.marks}, c.points()...) {
		for i, at := range points {
			points[i] = plotter.XY{X: within(at.X), Y: within(at.Y)}
		}
	}
	p := plot.New()
	c.dress(p)
	for _, l := range c.lines {
		if err := c.addLine(p, l); err != nil {
			return "", fmt.Errorf("chart %q: %w", c.title, err)
		}
	}
	if err := c.addMarks(p); err != nil {
		return "", fmt.Errorf("chart %q: %w", c.title, err)
	}
	c.fit(p)
	canvas := vgsvg.New(c.width, c.height)
	p.Draw(draw.Crop(draw.New(canvas), 0, -lastLabel/2, 0, 0))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return "", fmt.Errorf("chart %q: %w", c.title, err)
	}
	return template.HTML(c.inline(svg.String())), nil // made here; its texts are escaped by vgsvg
}

func (c chart) points() (all []plotter.XYs) {
	for _, l := range c.lines {
		all = append(all, l.points)
	}
	return all
}

// within is a value that an axis can show: a report that was read from a file may
// have any.
func within(v float64) float64 { return min(max(v, 0), 1e15) }

// dress sets what all charts have alike.
func (c chart) dress(p *plot.Plot) {
	p.BackgroundColor = color.Transparent
	p.X.Label.Text = c.x
	p.X.Label.TextStyle.Color = ink(text)
	p.X.Label.TextStyle.Font.Size = 9
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle.Color, axis.LineStyle.Width = ink(grid), 0.6
		axis.Tick.LineStyle.Color = ink(grid)
		axis.Tick.Label.Color = ink(text)
		axis.Tick.Label.Font.Size = 9
		axis.Padding = 0
	}
	p.X.Tick.Marker = levels{}
	if c.xTicks != nil {
		p.X.Tick.Marker = c.xTicks
	}
	lines := plotter.NewGrid()
	lines.Horizontal = draw.LineStyle{Color: ink(grid), Width: 0.5}
	lines.Vertical.Width = 0
	p.Add(lines)
}

func (c chart) addLine(p *plot.Plot, l line) error {
	drawn, err := plotter.NewLine(l.points)
	if err != nil {
		return err
	}
	drawn.LineStyle = draw.LineStyle{Color: l.ink, Width: 1.4}
	if l.dashed {
		drawn.Dashes = []vg.Length{4, 3}
	}
	p.Add(drawn)
	return nil
}

// addMarks sets points off, and draws the bound.
func (c chart) addMarks(p *plot.Plot) error {
	if len(c.marks) > 0 {
		dots, err := plotter.NewScatter(c.marks)
		if err != nil {
			return err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: ink(warn), Radius: 4, Shape: draw.RingGlyph{}}
		p.Add(dots)
	}
	if c.bound > 0 && len(c.lines) > 0 {
		points := c.lines[0].points
		low, high, _, _ := plotter.XYRange(points)
		level, err := plotter.NewLine(plotter.XYs{{X: low, Y: c.bound}, {X: high, Y: c.bound}})
		if err != nil {
			return err
		}
		level.LineStyle = draw.LineStyle{Color: ink(warn), Width: 1, Dashes: []vg.Length{2, 2}}
		p.Add(level)
	}
	return nil
}

// fit fixes the axes after all is in: from 0, or a time on the logarithmic scale,
// and none without a length.
func (c chart) fit(p *plot.Plot) {
	p.X.Min = 0
	p.X.Max = max(p.X.Max, 1e-3)
	if !c.log {
		p.Y.Min, p.Y.Max = 0, max(1, p.Y.Max*1.15)
		p.Y.Tick.Marker = levels{bytes: c.bytes}
		return
	}
	p.Y.Min, p.Y.Max = below(p.Y.Min), nice(p.Y.Max)
	if p.Y.Max < 4*p.Y.Min {
		p.Y.Max = 10 * p.Y.Min
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, times{}
}

// below is 1, 2 or 5 of a power of ten, and not more than v, which is over 0.
func below(v float64) float64 { return 1 / nice(1/v) }

// inline makes of a document an element that fills its place in the page.
func (c chart) inline(svg string) string {
	at := strings.Index(svg, "<svg")
	end := at + strings.IndexByte(svg[at:], '>')
	return fmt.Sprintf(`<svg viewBox="0 0 %s %s" role="img" aria-label="%s">`, points(c.width), points(c.height),
		template.HTMLEscapeString(c.title+". "+c.says)) + recolour(svg[end+1:])
}

func points(l vg.Length) string { return strconv.FormatFloat(l.Points(), 'f', 2, 64) }

// times labels a logarithmic axis of microseconds, each decade and, where there
// are few, also its halves.
type times struct{}

// Ticks are the axis' marks.
func (times) Ticks(low, high float64) (ticks []plot.Tick) {
	few := high/low <= 1000
	for v := math.Pow10(int(math.Floor(math.Log10(low)))); v <= high*1.001; v *= 10 {
		for _, k := range []float64{1, 2, 5} {
			if at := k * v; (few || k == 1) && at >= low*0.999 && at <= high*1.001 {
				ticks = append(ticks, plot.Tick{Value: at, Label: micros(at)})
			}
		}
	}
	return ticks
}

// levels labels an axis of counts, or of bytes.
type levels struct{ bytes bool }

// Ticks are the axis' marks: about four.
func (l levels) Ticks(low, high float64) (ticks []plot.Tick) {
	step := nice((high - low) / 4)
	for v := 0.0; v <= high; v += step {
		label := pace(v)
		if l.bytes {
			label = size(v)
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label})
	}
	return ticks
}

// nice is 1, 2 or 5 of a power of ten, and not less than v.
func nice(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, k := range []float64{1, 2, 5} {
		if k*power >= v {
			return k * power
		}
	}
	return 10 * power
}

// nines labels the axis of the percentiles, whose x is log10(1/(1-q)).
type nines struct{}

// Ticks are the axis' marks.
func (nines) Ticks(low, high float64) (ticks []plot.Tick) {
	for _, label := range []string{"0", "50", "75", "90", "95", "99", "99.9", "99.99", "99.999", "99.9999", "99.99999", "99.999999"} {
		q, _ := strconv.ParseFloat(label, 64) // of the list above
		if x := tail(q / 100); x <= high && x >= low {
			ticks = append(ticks, plot.Tick{Value: x, Label: label + "%"})
		}
	}
	return ticks
}

// tail is where a quantile stands on the usual scale.
func tail(q float64) float64 { return -math.Log10(1 - q) }
