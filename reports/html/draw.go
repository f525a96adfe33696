package html

import (
	"html/template"
	"math"
	"strconv"

	"loadline/reports"
	"loadline/reports/plot"
	"loadline/reports/verdict"
)

// The bounds of what a page carries, so that one of a long run still opens at
// once: points and trials of all curves together, trials listed, and per arm
// and cell the failed ops and the ops of the ledger. The record holds all.
const (
	maxPoints   = 50_000
	maxCurves   = 300
	maxTrials   = 1000
	maxFailures = 20
	maxCases    = 25
)

// criterion is a finding with its interval drawn.
type criterion struct {
	verdict.Finding
	Interval *interval
}

// interval are places in percent on a logarithmic scale on which "the same"
// (50) and "allowed" both show. Width is 0 where the interval says nothing.
type interval struct{ Allowed, From, Width, At float64 }

// cell is a cell with its figures.
type cell struct {
	reports.Cell
	// Open cells are shown at once, the others on demand.
	Open             bool
	PhaseBars        []phaseBar
	Kernel           []kernelRow
	Transfer, Blocks template.HTML
	Live             live
}

// kernelRow is what the kernel saw of an arm's connections.
type kernelRow struct {
	Arm string
	reports.Kernel
}

type phaseBar struct {
	Arm   string
	Parts []part
}

type part struct {
	Name    string
	Mean    float64
	Percent float64
}

// live is the transfer rate of every trial for the script: in MB/s, a point
// every Step seconds.
type live struct {
	Arms   []armOf `json:"arms"`
	Curves []curve `json:"curves"`
}

type armOf struct {
	Name   string `json:"name"`
	Colour int    `json:"colour"`
}

type curve struct {
	Arm  int     `json:"arm"`
	Step float64 `json:"step"`
	Y    []short `json:"y"`
}

// short is a number of three digits, which is what a figure can show.
type short float64

// MarshalJSON writes three significant digits.
func (s short) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'g', 3, 64), nil
}

func criteria(findings []verdict.Finding) []criterion {
	out := make([]criterion, len(findings))
	for i, f := range findings {
		out[i] = criterion{f, place(f)}
	}
	return out
}

// place lays an effect out; nil if there is none to draw. A bound that is
// infinite ends at the border.
func place(f verdict.Finding) *interval {
	if reports.EffectWords(f) == reports.Unknown || math.IsNaN(f.Effect.Ratio) {
		return nil
	}
	reach := max(0.02, 2*math.Log(f.Margin))
	for _, v := range []float64{f.Effect.Ratio, f.Effect.Low, f.Effect.High} {
		if l := math.Abs(math.Log(v)); !math.IsNaN(l) && !math.IsInf(l, 0) {
			reach = max(reach, l*1.1)
		}
	}
	at := func(v float64) float64 {
		x := 50 + 50*math.Log(max(v, 0))/reach
		return math.Round(min(max(x, 1), 99)*100) / 100
	}
	i := &interval{Allowed: at(f.Margin), At: at(f.Effect.Ratio)}
	if above, below := f.Effect.Low > 0, f.Effect.High < math.Inf(1); above || below {
		i.From = 1
		if above {
			i.From = at(f.Effect.Low)
		}
		to := 99.0
		if below {
			to = at(f.Effect.High)
		}
		i.Width = math.Round(max(to-i.From, 0.5)*100) / 100
	}
	return i
}

// draw makes the figures of all cells. Where there are many cells, those that
// nothing is wrong with are closed, and curves get fewer and coarser.
func draw(r reports.Report) ([]cell, error) {
	const openAll = 3
	arms := 1
	for _, c := range r.Cells {
		arms = max(arms, len(c.Arms))
	}
	perArm := min(max(2, maxCurves/(arms*max(1, len(r.Cells)))), maxCurves)
	cells := thinned(r.Cells, perArm)
	out := make([]cell, len(cells))
	for i, c := range cells {
		out[i] = cell{Cell: c, Open: len(cells) <= openAll || wrong(r, c.ID), PhaseBars: phaseBars(c), Kernel: kernelRows(c), Live: curves(c)}
		transfer, err := plot.Transfer(c)
		if err != nil {
			return nil, err
		}
		blocks, err := plot.Blocks(c)
		if err != nil {
			return nil, err
		}
		if len(out[i].Live.Curves) > 0 {
			out[i].Transfer = template.HTML(transfer)
		}
		if moves(c) {
			out[i].Blocks = template.HTML(blocks)
		}
	}
	return out, nil
}

// wrong reports whether a cell has a finding that a person must look at.
func wrong(r reports.Report, id string) bool {
	for _, f := range r.Decision.Findings {
		if f.Cell == id && f.Verdict == verdict.Regressed {
			return true
		}
	}
	return false
}

// thinned are the cells with so many curves per arm, all of them together of
// no more than maxPoints points.
func thinned(cells []reports.Cell, perArm int) []reports.Cell {
	n := 0
	for _, c := range cells {
		for _, a := range c.Arms {
			n += min(len(a.Transfer), perArm)
		}
	}
	most := maxPoints / max(1, n)
	out := make([]reports.Cell, len(cells))
	for i, c := range cells {
		out[i] = reports.Cell{ID: c.ID, Arms: append([]reports.CellArm{}, c.Arms...)}
		for j := range out[i].Arms {
			a := &out[i].Arms[j]
			kept := a.Transfer[:min(len(a.Transfer), perArm)]
			a.Transfer = make([]reports.Curve, len(kept))
			for k, t := range kept {
				a.Transfer[k] = t.Coarser(most)
			}
		}
	}
	return out
}

func moves(c reports.Cell) bool {
	for _, a := range c.Arms {
		if a.Moved.Max > 0 {
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
		if len(a.Phases) == 0 || !(longest > 0) || math.IsInf(longest, 1) {
			continue
		}
		bar := phaseBar{Arm: a.Arm}
		for _, p := range a.Phases {
			bar.Parts = append(bar.Parts, part{p.Name, p.Mean, math.Round(p.Mean/longest*1e4) / 100})
		}
		bars = append(bars, bar)
	}
	return bars
}

// kernelRows are those of the arms of which the kernel told something.
func kernelRows(c reports.Cell) []kernelRow {
	var rows []kernelRow
	for _, a := range c.Arms {
		if k, ok := a.Kernel(); ok {
			rows = append(rows, kernelRow{a.Arm, k})
		}
	}
	return rows
}

func total(phases []reports.Phase) float64 {
	sum := 0.0
	for _, p := range phases {
		sum += p.Mean
	}
	return sum
}

// curves are those of the trials that moved anything.
func curves(c reports.Cell) live {
	var out live
	for i, a := range c.Arms {
		out.Arms = append(out.Arms, armOf{a.Arm, a.Number % plot.Colours})
		for _, t := range a.Transfer {
			if len(t.T) < 2 || peak(t.BPS) <= 0 {
				continue
			}
			drawn := curve{Arm: i, Step: t.T[1] - t.T[0]}
			for _, bps := range t.BPS {
				drawn.Y = append(drawn.Y, short(bps/1e6))
			}
			out.Curves = append(out.Curves, drawn)
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
