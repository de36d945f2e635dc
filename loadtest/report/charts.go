package report

import (
	"cmp"
	"html/template"
	"slices"

	"gonum.org/v1/plot/plotter"
)

// charts are those of the page: each is drawn when there are at least two points of it.
func (r *Result) charts() (drawn []drawing, err error) {
	for _, c := range append([]chart{r.percentileChart(), r.latencyChart(), r.kneeChart()}, r.trafficCharts()...) {
		if len(c.lines) == 0 || len(c.lines[0].points) < 2 {
			continue
		}
		svg, err := c.draw()
		if err != nil {
			return nil, err
		}
		drawn = append(drawn, drawing{Title: c.title, Says: c.says, Keys: c.keys(), SVG: svg, Half: c.width == halfWidth})
	}
	return drawn, nil
}

// drawing is a chart as the page takes it.
type drawing struct {
	Title, Says string
	Keys        []key
	SVG         template.HTML
	Half        bool
}

// percentileChart has latencies on the scale on which every nine more takes the
// same room.
func (r *Result) percentileChart() chart {
	var corrected, uncorrected plotter.XYs
	for _, p := range r.Percentiles {
		x := tail(min(p.Quantile, 1-1e-9))
		if p.Quantile >= 1 && len(corrected) > 0 {
			x = corrected[len(corrected)-1].X // the longest stands above the last point
		}
		corrected = append(corrected, plotter.XY{X: x, Y: level(p.Latency)})
		uncorrected = append(uncorrected, plotter.XY{X: x, Y: level(p.Uncorrected)})
	}
	c := chart{title: "Latency by percentile", x: "percentile", width: fullWidth, height: fullHeight, xTicks: nines{}, log: true,
		says:  "From the planned time to receipt, and beside it from publication, which leaves out what a late publisher held back.",
		lines: []line{{"planned to received", first, false, corrected}, {"published to received (uncorrected)", second, true, uncorrected}}}
	if r.Mode == Passive {
		c.says, c.lines = "From the ticks' own times to receipt.", []line{{"tick's own time to receipt", first, false, corrected}}
	}
	return c
}

func (r *Result) latencyChart() chart {
	return chart{title: "Latency over time", says: "Of each second of the run, or of a few seconds when it was long.",
		x: "seconds", width: fullWidth, height: fullHeight, log: true, lines: []line{
			{"max", third, true, r.along(func(row Row) float64 { return level(row.Max) })},
			{"p99", first, false, r.along(func(row Row) float64 { return level(row.P99) })},
			{"p50", second, false, r.along(func(row Row) float64 { return level(row.P50) })}}}
}

func (r *Result) trafficCharts() []chart {
	small := func(title string, of func(Row) float64) chart {
		return chart{title: title, x: "seconds", width: halfWidth, height: halfHeight, lines: []line{{title, first, false, r.along(of)}}}
	}
	wire := small("Bytes a second", func(row Row) float64 { return row.BytesPerSecond })
	wire.bytes = true
	all := []chart{small("Updates a second", func(row Row) float64 { return row.UpdatesPerSecond }), wire,
		small("Connections", func(row Row) float64 { return float64(row.Connections) })}
	if r.Mode == Publish {
		all = append(all, small("Ticks published a second", func(row Row) float64 { return row.PublishedPerSecond }))
	} else {
		all = append(all, small("Frames a second", func(row Row) float64 { return row.FramesPerSecond }))
	}
	return all
}

// along is a figure of every row, at the row's end.
func (r *Result) along(figure func(Row) float64) (points plotter.XYs) {
	for _, row := range r.Series {
		points = append(points, plotter.XY{X: row.At, Y: figure(row)})
	}
	return points
}

func (r *Result) kneeChart() chart {
	if r.Knee == nil {
		return chart{}
	}
	steps := slices.Clone(r.Knee.Steps)
	if d := r.Knee.Double; d != nil {
		steps = append(steps, d.Step)
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.Load, b.Load) })
	var p50, p99, broke plotter.XYs
	for _, s := range steps {
		p50 = append(p50, plotter.XY{X: s.Load, Y: level(s.P50)})
		p99 = append(p99, plotter.XY{X: s.Load, Y: level(s.P99)})
		if !s.Held {
			broke = append(broke, plotter.XY{X: s.Load, Y: level(s.P99)})
		}
	}
	return chart{title: "Latency by load", says: "Every load that was tried; the bound is " + r.Knee.Bound + ".", x: r.Knee.Dimension,
		width: fullWidth, height: fullHeight, log: true, bound: float64(max(r.Knee.BoundUS, 0)), marks: broke,
		lines: []line{{"p99", first, false, p99}, {"p50", second, false, p50}}}
}

// level is a latency that a logarithmic scale can show.
func level(us int64) float64 { return float64(max(us, 1)) }
