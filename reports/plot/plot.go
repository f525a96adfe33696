// Package plot draws figures of a report as SVG with gonum/plot: the layer
// that prints, and that stands where no script runs. Values come in base
// units and are labelled with prefixes on the axes. Figures have no legend and
// no background: the page names the arms by their colours, and has its own.
package plot

import (
	"bytes"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"loadline/reports"
	"loadline/scenarios/metric"
)

// Size of every figure, in points; pages scale it. At this size the words on
// the axes can still be read on a telephone.
const (
	width  vg.Length = 420
	height vg.Length = 200
)

// colours of the arms in order: the reference first. They differ in lightness
// too, for those who do not tell the hues apart.
var colours = []color.RGBA{{0x1b, 0x4f, 0x8a, 0xff}, {0xd9, 0x5f, 0x02, 0xff}, {0x1b, 0x9e, 0x77, 0xff}, {0x75, 0x70, 0xb3, 0xff}}

// Colours is the number of colours; further arms begin again with the first.
const Colours = 4

// Transfer draws the rate over the time of a trial, all trials of an arm in
// one colour: where a path is slow, and from when on. It is nil if there is
// nothing to draw.
func Transfer(c reports.Cell) ([]byte, error) {
	p := figure("seconds from the start of the trial", string(metric.BytesPerSecond))
	drawn := false
	for _, arm := range c.Arms {
		for _, curve := range arm.Transfer {
			xy := points(curve.T, curve.BPS)
			if len(xy) == 0 {
				continue
			}
			line, err := plotter.NewLine(xy)
			if err != nil {
				return nil, err
			}
			line.Color, line.Width = colours[arm.Number%Colours], vg.Points(1)
			p.Add(line)
			drawn = true
		}
	}
	return svg(p, drawn)
}

// Blocks draws the goodput of each block, the values that the judge compares,
// with a bar down to what is proven where cut ops leave it open. It is nil if
// there is nothing to draw.
func Blocks(c reports.Cell) ([]byte, error) {
	p := figure("block", string(metric.BytesPerSecond))
	p.X.Tick.Marker = whole{}
	drawn := false
	for i, arm := range c.Arms {
		// Arms stand beside each other, so that no bar hides another.
		aside := 0.08 * (float64(i) - float64(len(c.Arms)-1)/2)
		known := bounded{}
		for _, b := range arm.PerBlock {
			if finite(b.Low) && finite(b.High) {
				known.XYs = append(known.XYs, plotter.XY{X: float64(b.Block+1) + aside, Y: b.High})
				known.YErrors = append(known.YErrors, struct{ Low, High float64 }{b.High - b.Low, 0})
			}
		}
		if len(known.XYs) == 0 {
			continue
		}
		if err := known.draw(p, colours[arm.Number%Colours]); err != nil {
			return nil, err
		}
		drawn = true
	}
	p.X.Min, p.X.Max = p.X.Min-0.2, p.X.Max+0.2
	return svg(p, drawn)
}

// bounded are values with how far down each may really be.
type bounded struct {
	plotter.XYs
	plotter.YErrors
}

func (b bounded) draw(p *plot.Plot, c color.Color) error {
	line, dots, err := plotter.NewLinePoints(b.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(b)
	if err != nil {
		return err
	}
	dots.Shape, dots.Radius = draw.CircleGlyph{}, vg.Points(2)
	line.Color, dots.Color, bars.Color = c, c, c
	bars.CapWidth = vg.Points(4)
	p.Add(line, dots, bars)
	return nil
}

func figure(x, unit string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Label.Text = x
	p.Y.Min = 0
	p.Y.Tick.Marker = ticks{unit}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xd9}, color.Gray{0xd9}
	p.Add(grid)
	return p
}

// ticks labels an axis with prefixes.
type ticks struct{ unit string }

// Ticks labels the default marks as quantities.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	marks := plot.DefaultTicks{}.Ticks(low, high)
	for i, m := range marks {
		if m.Label != "" {
			marks[i].Label = reports.Quantity(m.Value, t.unit)
		}
	}
	return marks
}

// whole labels an axis of things that are counted.
type whole struct{}

// Ticks marks whole numbers, at most some ten of them.
func (whole) Ticks(low, high float64) []plot.Tick {
	var marks []plot.Tick
	step := max(1, math.Ceil((high-low)/10))
	for v := math.Ceil(low); v <= high; v += step {
		marks = append(marks, plot.Tick{Value: v, Label: reports.Quantity(v, string(metric.Count))})
	}
	return marks
}

func points(x, y []float64) plotter.XYs {
	xy := make(plotter.XYs, 0, len(x))
	for i := range x {
		if finite(x[i]) && finite(y[i]) {
			xy = append(xy, plotter.XY{X: x[i], Y: y[i]})
		}
	}
	return xy
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// svg renders without the XML declaration, to stand within a page.
func svg(p *plot.Plot, drawn bool) ([]byte, error) {
	if !drawn {
		return nil, nil
	}
	if p.Y.Max <= 0 {
		p.Y.Max = 1 // nothing moved: a line along the bottom
	}
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	if i := bytes.Index(b.Bytes(), []byte("<svg")); i > 0 {
		return b.Bytes()[i:], nil
	}
	return b.Bytes(), nil
}
