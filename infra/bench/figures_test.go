//go:build linux

package bench

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rounds is how often the clients take turns; odd, so that a median is a
// round that happened.
const rounds = 7

// figure is one line of the table that the README shows.
type figure struct {
	what, ours, peers, ratio, target string
	reached                          bool // means nothing without a target
}

var figures struct {
	sync.Mutex
	list []figure
}

// report prints a figure with the test and keeps it for the table.
func report(t *testing.T, f figure) {
	t.Helper()
	t.Logf("%s: loadline %s, beside %s: %s (target %s: %s)", f.what, f.ours, orDash(f.peers), orDash(f.ratio), orDash(f.target), f.said())
	figures.Lock()
	defer figures.Unlock()
	figures.list = append(figures.list, f)
}

func (f figure) said() string {
	switch {
	case f.target == "":
		return "for information"
	case f.reached:
		return "reached"
	}
	return "not reached"
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// printFigures writes the table in Markdown.
func printFigures(w io.Writer) {
	if len(figures.list) == 0 {
		return
	}
	fmt.Fprintf(w, "\nMedians of %d rounds (%d for transfers) on %d cores, %s.\n\n", rounds, transferRounds, runtime.NumCPU(), runtime.Version())
	fmt.Fprintln(w, "| | loadline | beside | ratio (range) | target | |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	for _, f := range figures.list {
		cells := []string{f.what, f.ours, orDash(f.peers), orDash(f.ratio), orDash(f.target), f.said()}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
}

// beside is the ratio of two series whose rounds were neighbours in time.
type beside struct{ median, low, high float64 }

func ratios(ours, theirs []float64) beside {
	all := make([]float64, len(ours))
	for i := range ours {
		all[i] = ours[i] / theirs[i]
	}
	return beside{median(all), slices.Min(all), slices.Max(all)}
}

func (b beside) String() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", b.median, b.low, b.high) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// takeTurns lets each client do one turn per round, in an order that changes
// from round to round.
func takeTurns(n int, clients ...func()) {
	for round := range n {
		for i := range clients {
			clients[(i+round)%len(clients)]()
		}
	}
}
