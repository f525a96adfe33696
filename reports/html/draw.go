package html

import (
	"html/template"
	"math"
	"strconv"

	"loadline/reports"
	"loadline/reports/plot"
	"loadline/reports/verdict"
)

// criterion is a finding with its interval drawn.
type criterion struct {
	verdict.Finding
	Interval *interval
}

// interval are places on a logarithmic scale from 0 to 100 on which "the same"
// and "allowed" both show.
type interval struct{ Same, Allowed, From, Width, At float64 }

// cell is a cell with its figures.
type cell struct {
	reports.Cell
	PhaseBars        []phaseBar
	Transfer, Blocks template.HTML
	Curves           []curve
}

type phaseBar struct {
	Arm   string
	Parts []part
}

type part struct {
	Name    string
	Mean    float64
	Percent float64
	Colour  template.CSS
}

// curve is one trial's transfer rate for the script.
type curve struct {
	Name   string    `json:"name"`
	Colour string    `json:"colour"`
	T      []float64 `json:"t"`
	Y      []float64 `json:"y"`
}

// phaseColours are of the phases in order of time.
var phaseColours = map[string]template.CSS{
	"resolve": "#999999", "connect": "#66a61e", "tls": "#7570b3", "continue": "#e6ab02",
	"send": "#1b4f8a", "wait": "#d95f02", "receive": "#1b9e77",
}

func criteria(findings []verdict.Finding) []criterion {
	out := make([]criterion, len(findings))
	for i, f := range findings {
		out[i] = criterion{f, place(f)}
	}
	return out
}

// place lays an effect out; nil if there is none to draw. Bounds that are not
// known or infinite end at the border.
func place(f verdict.Finding) *interval {
	if math.IsNaN(f.Margin) || math.IsNaN(f.Effect.Ratio) || f.Effect.Ratio <= 0 {
		return nil
	}
	reach := math.Log(f.Margin) * 2
	for _, v := range []float64{f.Effect.Ratio, f.Effect.Low, f.Effect.High} {
		if l := math.Abs(math.Log(v)); !math.IsNaN(l) && !math.IsInf(l, 0) {
			reach = max(reach, l*1.1)
		}
	}
	at := func(v, otherwise float64) float64 {
		if math.IsNaN(v) || v <= 0 {
			v = otherwise
		}
		x := 50 + 50*math.Log(v)/reach
		return math.Round(min(max(x, 2), 98)*100) / 100
	}
	from, to := at(f.Effect.Low, 0), at(f.Effect.High, math.Inf(1))
	if math.IsNaN(f.Effect.Low) {
		from = 2
	}
	return &interval{Same: 50, Allowed: at(f.Margin, 1), From: from, Width: max(to-from, 0.5), At: at(f.Effect.Ratio, 1)}
}

func draw(cells []reports.Cell) ([]cell, error) {
	out := make([]cell, len(cells))
	for i, c := range cells {
		out[i] = cell{Cell: c, PhaseBars: phaseBars(c), Curves: curves(c)}
		if len(out[i].Curves) > 0 {
			svg, err := plot.Transfer(c)
			if err != nil {
				return nil, err
			}
			out[i].Transfer = template.HTML(svg)
		}
		if moves(c) {
			svg, err := plot.Blocks(c)
			if err != nil {
				return nil, err
			}
			out[i].Blocks = template.HTML(svg)
		}
	}
	return out, nil
}

func moves(c reports.Cell) bool {
	for _, a := range c.Arms {
		if a.Goodput.Max > 0 {
			return true
		}
	}
	return false
}

func phaseBars(c reports.Cell) []phaseBar {
	longest := 0.0
	for _, a := range c.Arms {
		longest = max(longest, total(a.Phases))
	}
	var bars []phaseBar
	for _, a := range c.Arms {
		if len(a.Phases) == 0 || longest == 0 {
			continue
		}
		bar := phaseBar{Arm: a.Arm}
		for _, p := range a.Phases {
			bar.Parts = append(bar.Parts, part{p.Name, p.Mean, math.Round(p.Mean/longest*1e4) / 100, phaseColours[p.Name]})
		}
		bars = append(bars, bar)
	}
	return bars
}

func total(phases []reports.Phase) float64 {
	sum := 0.0
	for _, p := range phases {
		sum += p.Mean
	}
	return sum
}

// curves are those of the trials that moved anything.
func curves(c reports.Cell) []curve {
	var out []curve
	for i, a := range c.Arms {
		for _, t := range a.Transfer {
			if len(t.T) > 1 && peak(t.BPS) > 0 {
				out = append(out, curve{a.Arm + " " + strconv.Itoa(t.Block+1), plot.Colour(i), t.T, t.BPS})
			}
		}
	}
	return out
}

func peak(values []float64) float64 {
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	return top
}

// colourOf is an arm's colour in every figure.
func colourOf(r reports.Report, arm string) string {
	for i, a := range r.Arms {
		if a.ID == arm {
			return plot.Colour(i)
		}
	}
	return plot.Colour(len(r.Arms))
}
