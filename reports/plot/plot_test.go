package plot_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"loadline/reports"
	"loadline/reports/plot"
	"loadline/reports/rendertest"
)

var figures = []struct {
	name string
	draw func(reports.Cell) ([]byte, error)
}{{"transfer", plot.Transfer}, {"blocks", plot.Blocks}}

func TestFiguresAreThoseOfTheGoldenFiles(t *testing.T) {
	cell := rendertest.Regressed().Cells[1]
	for i := range cell.Arms {
		// Two trials of an arm show all that a figure has.
		cell.Arms[i].Transfer = cell.Arms[i].Transfer[:2]
	}
	for _, f := range figures {
		t.Run(f.name, func(t *testing.T) {
			got, err := f.draw(cell)
			if err != nil {
				t.Fatal(err)
			}
			rendertest.Equal(t, f.name+".svg", got)
		})
	}
}

// TestAFigureSurvivesAnyValue draws values that no axis has room for.
func TestAFigureSurvivesAnyValue(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, values := range map[string][]float64{
		"nothing": nil, "not a number": {nan, nan}, "no end": {inf, inf, -inf}, "mixed": {1e6, nan, inf, 2e6},
		"zero": {0, 0, 0}, "one": {5e6}, "huge": {math.MaxFloat64 / 4, 1}, "the same": {7, 7, 7},
	} {
		arm := reports.CellArm{Arm: "through", Transfer: []reports.Curve{{}}}
		for i, v := range values {
			arm.Transfer[0].T = append(arm.Transfer[0].T, float64(i))
			arm.Transfer[0].BPS = append(arm.Transfer[0].BPS, v)
			arm.PerBlock = append(arm.PerBlock, reports.BlockValue{Block: i, Low: v / 2, High: v})
		}
		for _, f := range figures {
			got, err := f.draw(reports.Cell{Arms: []reports.CellArm{{}, arm}})
			if err != nil {
				t.Errorf("%s of %s: %v", f.name, name, err)
			}
			if nothing := name == "nothing" || name == "not a number" || name == "no end"; nothing != (got == nil) {
				t.Errorf("%s of %s: %d bytes", f.name, name, len(got))
			}
			wellFormed(t, f.name+" of "+name, string(got))
		}
	}
}

func wellFormed(t *testing.T, what, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		switch _, err := d.Token(); {
		case errors.Is(err, io.EOF):
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%s: a coordinate is not a number", what)
			}
			return
		case err != nil:
			t.Errorf("%s: %v", what, err)
			return
		}
	}
}

// TestBlocksShowBothBounds compares a figure of open values with one of the
// same values proven.
func TestBlocksShowBothBounds(t *testing.T) {
	cell := func(low float64) reports.Cell {
		return reports.Cell{Arms: []reports.CellArm{{PerBlock: []reports.BlockValue{{Block: 0, Low: low, High: 9e6}, {Block: 1, Low: 9e6, High: 9e6}}}}}
	}
	proven, err := plot.Blocks(cell(9e6))
	if err != nil {
		t.Fatal(err)
	}
	open, err := plot.Blocks(cell(1e6))
	if err != nil {
		t.Fatal(err)
	}
	if string(proven) == string(open) {
		t.Error("a value that cut ops leave open looks like one that is proven")
	}
}
