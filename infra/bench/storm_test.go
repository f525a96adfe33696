//go:build linux

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/record"
)

// stormLength is how long a client offers load per turn.
const stormLength = 4 * time.Second

// hits is what one turn of a client of small requests came to, by the
// server's count and the kernel's.
type hits struct{ perSecond, perCPU float64 }

func perSecond(h hits) float64 { return h.perSecond }
func perCPU(h hits) float64    { return h.perCPU }

// TestStorm is 1 KiB over 16 kept connections: as fast as it goes and, because
// planned times are only at work in an open load, at two planned rates.
// Each client is its own command, from its start to its end: ours plans,
// measures phases, keeps a record, judges it and draws its page.
func TestStorm(t *testing.T) {
	wanted(t)
	n := startNginx(t)
	s := storm{nginx: n, dir: t.TempDir(), loadline: build(t, "loadline/cmd/loadline"), vegeta: build(t, "github.com/tsenart/vegeta/v12")}
	s.targets = filepath.Join(s.dir, "targets")
	must(t, os.WriteFile(s.targets, []byte("GET "+n.url+"/small\n"), 0o644))
	t.Run("as fast as it goes", func(t *testing.T) { s.saturated(t) })
	t.Run("planned, about all", func(t *testing.T) { s.planned(t, 30_000, true) })
	t.Run("planned, with room", func(t *testing.T) { s.planned(t, 4000, false) })
}

type storm struct {
	nginx                          nginx
	dir, loadline, vegeta, targets string
}

func build(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(filepath.Dir(pkg))+"-bin")
	cmd := exec.Command("go", "build", "-o", path, pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

func (s storm) saturated(t *testing.T) {
	var ours, plain, lean, wrks []hits
	attack := s.attack("-rate", "0", "-max-workers", "16", "-workers", "16")
	clients := []func(){
		func() { ours = append(ours, s.ours(t, "model: closed, in_flight: 16")) },
		func() { lean = append(lean, s.command(t, s.vegeta, append(attack, "-max-body", "0")...)) },
		func() { plain = append(plain, s.command(t, s.vegeta, attack...)) },
	}
	wrk, err := exec.LookPath("wrk")
	if err == nil {
		clients = append(clients, func() {
			seconds := strconv.Itoa(int(stormLength.Seconds()))
			wrks = append(wrks, s.command(t, wrk, "-t1", "-c16", "-d", seconds+"s", s.nginx.url+"/small"))
		})
	}
	takeTurns(rounds, clients...)
	const what = "1 KiB requests, 16 connections, as fast as it goes"
	s.report(t, what, "vegeta -max-body 0", ours, lean, true)
	s.report(t, what, "vegeta", ours, plain, true)
	if wrk != "" {
		s.report(t, what, "wrk -t1", ours, wrks, false)
	}
	rate := ratios(mapped(ours, perSecond), mapped(lean, perSecond))
	report(t, figure{
		what: "the same, requests per second", ours: count(ours, perSecond), peers: "vegeta -max-body 0 " + count(lean, perSecond), ratio: rate.String(),
	})
}

// planned offers a rate. Far below what the machine can carry, each request
// wakes a client that sleeps, and costs mostly that.
func (s storm) planned(t *testing.T, rate int, held bool) {
	var ours, lean []hits
	attack := s.attack("-rate", strconv.Itoa(rate)+"/1s", "-max-workers", "16", "-workers", "16", "-max-body", "0")
	takeTurns(rounds,
		func() { ours = append(ours, s.ours(t, fmt.Sprintf("model: open, rate: %d/s, in_flight: 16", rate))) },
		func() { lean = append(lean, s.command(t, s.vegeta, attack...)) },
	)
	s.report(t, fmt.Sprintf("1 KiB requests, 16 connections, %d/s planned", rate), "vegeta -max-body 0", ours, lean, held)
}

func (s storm) report(t *testing.T, what, peer string, ours, theirs []hits, held bool) {
	t.Helper()
	r := ratios(mapped(ours, perCPU), mapped(theirs, perCPU))
	f := figure{what: what, ours: count(ours, perCPU) + " per CPU-s", peers: peer + " " + count(theirs, perCPU), ratio: r.String()}
	if held {
		f.target, f.reached = "≥ 1.3", r.median >= 1.3
	}
	report(t, f)
}

func count(all []hits, of func(hits) float64) string {
	return strconv.FormatFloat(median(mapped(all, of)), 'f', 0, 64)
}

func (s storm) attack(how ...string) []string {
	return append([]string{
		"attack", "-connections", "16", "-duration", stormLength.String(), "-targets", s.targets, "-output", filepath.Join(s.dir, "results"),
	}, how...)
}

// command measures another program.
func (s storm) command(t *testing.T, name string, args ...string) hits {
	t.Helper()
	before := s.nginx.settled(t)
	_, cpu := program(t, name, args...)
	return s.counted(t, before, cpu, stormLength)
}

// counted is what the server answered since before, but for the question.
func (s storm) counted(t *testing.T, before float64, cpu, length time.Duration) hits {
	n := s.nginx.requests(t) - before - 1
	return hits{n / length.Seconds(), n / cpu.Seconds()}
}

const stormScenario = `name: bench/storm
arms:
  - {id: a, role: reference, target: {url: %[1]q}}
  - {id: b, role: candidate, target: {url: %[1]q}}
work: {kind: http.storm, targets: [{path: /small}], expect: {size: 1KiB}}
load: {%[2]s, warmup: 0s, measure: %[3]v, drain: 2s}
design: {blocks: 1, rest: 0s}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`

// ours measures the command loadline; its two arms are the same server and
// share the time of a turn. Each request that the server answered must be in
// the record, and none that was sent may have failed.
func (s storm) ours(t *testing.T, load string) hits {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "storm.yaml")
	must(t, os.WriteFile(file, fmt.Appendf(nil, stormScenario, s.nginx.url, load, stormLength/2), 0o644))
	before := s.nginx.settled(t)
	_, cpu := program(t, s.loadline, "run", file, "--out", filepath.Join(dir, "runs"))
	h := s.counted(t, before, cpu, stormLength)
	kept, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	must(t, err)
	run, err := record.Open(kept[0])
	must(t, err)
	var good, all uint64
	for _, trial := range run.Trials {
		good += trial.Ops[probes.OK]
		all += trial.Total() - trial.Ops[probes.Dropped]
	}
	if answered := h.perSecond * stormLength.Seconds(); float64(good) != answered || good != all {
		t.Errorf("nginx answered %.0f requests; the record has %d, of which %d ended well", answered, all, good)
	}
	return h
}
