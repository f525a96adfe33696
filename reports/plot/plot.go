// Package plot draws figures of a report as SVG with gonum/plot: the layer
// that prints, and that stands where no script runs. Values come in base
// units and are labelled with prefixes on the axes.
package plot

import (
	"bytes"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"

	"gonum.org/v1/plot/vg/draw"

	"loadline/reports"
	"loadline/scenarios/metric"
)

// Size of every figure, in points; pages scale it.
const (
	width  vg.Length = 640
	height vg.Length = 240
)

// colours of the arms in order: the reference first. They differ in lightness
// too, for those who do not tell the hues apart.
var colours = []color.RGBA{{0x1b, 0x4f, 0x8a, 0xff}, {0xd9, 0x5f, 0x02, 0xff}, {0x1b, 0x9e, 0x77, 0xff}, {0x75, 0x70, 0xb3, 0xff}}

// Colour is the colour of the i-th arm as #rrggbb, for the interactive layer.
func Colour(i int) string {
	c := colours[i%len(colours)]
	const digits = "0123456789abcdef"
	b := []byte{'#'}
	for _, v := range []uint8{c.R, c.G, c.B} {
		b = append(b, digits[v>>4], digits[v&15])
	}
	return string(b)
}

// Transfer draws the rate over the time of a trial, all trials of an arm in
// one colour: where a path is slow, and from when on.
func Transfer(c reports.Cell) ([]byte, error) {
	p := figure("seconds from the start of the trial", "bytes per second", string(metric.BytesPerSecond))
	for i, arm := range c.Arms {
		for j, curve := range arm.Transfer {
			xy := points(curve.T, curve.BPS)
			if len(xy) == 0 {
				continue
			}
			line, err := plotter.NewLine(xy)
			if err != nil {
				return nil, err
			}
			line.Color = colours[i%len(colours)]
			line.Width = vg.Points(1)
			p.Add(line)
			if j == 0 {
				p.Legend.Add(arm.Arm, line)
			}
		}
	}
	p.Y.Max *= 1.25 // room for the legend
	return svg(p)
}

// Blocks draws the goodput of each block with both bounds of what cut ops
// leave open: the values that the judge compares.
func Blocks(c reports.Cell) ([]byte, error) {
	p := figure("block", "goodput", string(metric.BytesPerSecond))
	for i, arm := range c.Arms {
		xy := make(plotter.XYs, 0, len(arm.PerBlock))
		for _, b := range arm.PerBlock {
			xy = append(xy, plotter.XY{X: float64(b.Block + 1), Y: b.High})
		}
		if len(xy) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(xy)
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color = colours[i%len(colours)], colours[i%len(colours)]
		p.Add(line, dots)
		p.Legend.Add(arm.Arm, line, dots)
	}
	p.Y.Max *= 1.25 // room for the legend
	return svg(p)
}

func figure(x, y, unit string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Y.Min = 0
	p.Y.Tick.Marker = ticks{unit}
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
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

func points(x, y []float64) plotter.XYs {
	xy := make(plotter.XYs, 0, len(x))
	for i := range x {
		if !math.IsNaN(y[i]) && !math.IsInf(y[i], 0) {
			xy = append(xy, plotter.XY{X: x[i], Y: y[i]})
		}
	}
	return xy
}

// svg renders without the XML declaration, to stand within a page.
func svg(p *plot.Plot) ([]byte, error) {
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
