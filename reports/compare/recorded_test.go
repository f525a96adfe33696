package compare

import (
	"encoding/csv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// run is one recorded benchmark run. Every figure is oriented so that larger is
// worse: seconds per operation and microseconds.
type run struct {
	unix    int64
	figures [4]float64 // 1/throughput, p50, p99, p99.9
}

// The criteria of a recorded gate, with the margins of gates research §2.
var (
	recordedNames   = [4]string{"throughput", "p50", "p99", "p99.9"}
	recordedMargins = [4]float64{0.05, 0.05, 0.15, 0.25}
)

// neighbours is two runs of the same code next to each other in time.
type neighbours [2]run

// recorded is the pairs of neighbouring runs of each workload, in a fixed
// order of workloads.
func recorded(t testing.TB) (names []string, pairs [][]neighbours) {
	t.Helper()
	f, err := os.Open("testdata/rocksdb-ci-2023/runs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	byCode := map[[2]string][]run{} // workload and commit
	for _, row := range rows[1:] {
		number := func(name string) float64 {
			x, err := strconv.ParseFloat(row[column[name]], 64)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		key := [2]string{row[column["workload"]], row[column["commit"]]}
		byCode[key] = append(byCode[key], run{
			unix:    int64(number("unix_time")),
			figures: [4]float64{1 / number("ops_sec"), number("p50_usec"), number("p99_usec"), number("p999_usec")},
		})
		if !slices.Contains(names, key[0]) {
			names = append(names, key[0])
		}
	}
	slices.Sort(names)
	pairs = make([][]neighbours, len(names))
	for key, runs := range byCode {
		slices.SortFunc(runs, func(a, b run) int { return int(a.unix - b.unix) })
		w := slices.Index(names, key[0])
		for i := range len(runs) - 1 {
			pairs[w] = append(pairs[w], neighbours{runs[i], runs[i+1]})
		}
	}
	for w := range pairs { // the map above has no order
		slices.SortFunc(pairs[w], func(a, b neighbours) int { return int(a[0].unix - b[0].unix) })
	}
	return names, pairs
}

// replay draws n of a workload's neighbouring pairs, labels each at random
// with one label for all its metrics, and makes the candidate factor[c] times
// worse in criterion c: whole recorded runs are scaled, nothing is redrawn.
func replay(random *rand.Rand, from []neighbours, n int, factor [4]float64) [][]Pair {
	criteria := make([][]Pair, len(factor))
	for _, i := range random.Perm(len(from))[:n] {
		label := random.IntN(2)
		ref, cand := from[i][label], from[i][1-label]
		for c, f := range factor {
			criteria[c] = append(criteria[c], Exact(ref.figures[c], f*cand.figures[c]))
		}
	}
	return criteria
}

var unchanged = [4]float64{1, 1, 1, 1}

// T1 on recorded runs: an unchanged candidate is refused in at most 1 % of
// whole-gate decisions (at most 10 in 2,000 replays), over all looks, metrics
// and clear harm.
func TestT1RecordedFalseAlarms(t *testing.T) {
	names, pairs := recorded(t)
	random := rand.New(rand.NewPCG(2023, 1))
	for _, blocks := range []int{8, 12, 24} {
		var one, all tally
		for i := range replays(300, 4000) {
			w := i % len(names)
			g := gate{cap: blocks, margins: recordedMargins[:]}
			one.add(g.play(pairwise(replay(random, pairs[w], blocks, unchanged)...)))
		}
		for range replays(60, 2000) {
			g := gate{cap: blocks}
			var criteria [][]Pair
			for w := range names {
				criteria = append(criteria, replay(random, pairs[w], blocks, unchanged)...)
				g.margins = append(g.margins, recordedMargins[:]...)
			}
			all.add(g.play(pairwise(criteria...)))
		}
		t.Logf("cap %2d, one workload, 4 criteria:   %v", blocks, &one)
		t.Logf("cap %2d, 8 workloads, 32 criteria:   %v", blocks, &all)
		one.atMost(t, "false alarms, 4 criteria", one.of[Regressed], 0.005)
		all.atMost(t, "false alarms, 32 criteria", all.of[Regressed], 0.005)
	}
}

// T2 on recorded runs: a candidate worse by the margin passes in at most 5 %,
// worse by twice the margin in at most 0.1 % of replays, each criterion alone.
func TestT2RecordedSlowdownsPass(t *testing.T) {
	names, pairs := recorded(t)
	random := rand.New(rand.NewPCG(2023, 2))
	targets := []struct{ times, most float64 }{{1, 0.05}, {2, 0.001}}
	for _, blocks := range []int{8, 12, 24} {
		for c, margin := range recordedMargins {
			for _, target := range targets {
				var all tally
				worst := make([]tally, len(names))
				factor := unchanged
				factor[c] = 1 + target.times*margin
				g := gate{cap: blocks, margins: []float64{margin}}
				for i := range replays(400, 8000) {
					w := i % len(names)
					outcome, n := g.play(pairwise(replay(random, pairs[w], blocks, factor)[c]))
					all.add(outcome, n)
					worst[w].add(outcome, n)
				}
				w := slices.IndexFunc(worst, func(a tally) bool {
					return !slices.ContainsFunc(worst, func(b tally) bool { return b.passed() > a.passed() })
				})
				t.Logf("cap %2d, %-10s worse by %v x %2.0f %%: %v; most passes: %s %.2f %%", blocks, recordedNames[c],
					target.times, 100*margin, &all, names[w], worst[w].share(worst[w].passed()))
				all.atMost(t, "slowdowns let through", all.passed(), target.most)
			}
		}
	}
}
