package storm_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/engine"
	"loadline/probes/record"
	"loadline/probes/storm"
	"loadline/scenarios"
	"loadline/scenarios/plan"
)

// nginx serves 1 KiB files from a configuration of its own on loopback.
type nginx struct{ url string }

func startNginx(t testing.TB) nginx {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program = "/usr/sbin/nginx"; !executable(program) {
			t.Skip("nginx is not installed")
		}
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_ = l.Close()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // else its workers could not read the test's folder
	}
	config := fmt.Sprintf(`daemon off; %[3]s pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 2;
events { worker_connections 512; }
http {
  access_log off; sendfile on; keepalive_requests 100000000; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p;
  fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen %[2]s; root %[1]s; location = /status { stub_status; } }
}`, dir, at, user)
	for name, text := range map[string][]byte{"nginx.conf": []byte(config), "small": small} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-c", filepath.Join(dir, "nginx.conf"), "-e", filepath.Join(dir, "error.log"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	n := nginx{"http://" + at}
	for range 100 {
		if c, err := net.Dial("tcp", at); err == nil {
			_ = c.Close()
			return n
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx does not answer")
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// requests is how many requests nginx has answered.
func (n nginx) requests(t testing.TB) float64 {
	t.Helper()
	resp, err := http.Get(n.url + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	http.DefaultClient.CloseIdleConnections()
	lines := strings.Split(string(text), "\n")
	if len(lines) < 3 {
		t.Fatalf("nginx has no stub_status: %s", text)
	}
	counts := strings.Fields(lines[2])
	total, err := strconv.ParseFloat(counts[len(counts)-1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// cost is what one client spent.
type cost struct{ perSecond, perCPUSecond float64 }

// spent is the CPU time of this process, or of its children that have ended.
func spent(t testing.TB, who int) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// command measures another program by what its own process used.
func command(t testing.TB, n nginx, name string, args ...string) cost {
	t.Helper()
	cmd := exec.Command(name, args...)
	before, began := n.requests(t), time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	count := n.requests(t) - before - 1
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return cost{count / took.Seconds(), count / used.Seconds()}
}

// plan16 is a closed storm of 16 in flight.
func plan16(t testing.TB, url string, length time.Duration) plan.Plan {
	t.Helper()
	text := fmt.Sprintf(`name: bench/storm
arms:
  - {id: a, role: reference, target: {url: %q}}
  - {id: b, role: candidate, target: {url: %q}}
work: {kind: http.storm, targets: [{path: /small}], expect: {size: 1KiB}}
load: {model: closed, in_flight: 16, warmup: 0s, measure: %v, drain: 2s}
design: {blocks: 1, rest: 0s}
criteria: [{metric: errors, stat: rate, max: 0%%}]
`, url, url, length)
	p, err := plan.Read("bench.yaml", []byte(text), scenarios.Options{}, probes.Table{storm.Probe{}})
	if err != nil {
		t.Fatal(err)
	}
	p.Trials = p.Trials[:1]
	return p
}

// ours measures the whole path: engine, storm and collector.
func ours(t testing.TB, n nginx, length time.Duration) cost {
	t.Helper()
	p := plan16(t, n.url, length)
	before, used, began := n.requests(t), spent(t, syscall.RUSAGE_SELF), time.Now()
	run, err := engine.Run(context.Background(), p, engine.Options{Table: probes.Table{storm.Probe{}}, Header: record.Header{Run: "bench"}})
	took, cpu := time.Since(began), spent(t, syscall.RUSAGE_SELF)-used
	if err != nil {
		t.Fatal(err)
	}
	count := n.requests(t) - before - 1
	trial := run.Trials[0]
	if ok := trial.Ops[probes.OK]; float64(ok) != count || trial.Total() != ok {
		t.Errorf("nginx answered %.0f requests, the record has %v", count, trial.Ops)
	}
	return cost{count / took.Seconds(), count / cpu.Seconds()}
}

// TestBenchStorm holds a storm of small requests to 1.3 times vegeta's own
// command in requests per CPU-second, with planned times and phases on, and
// says how far wrk still is. The clients take turns within each round.
func TestBenchStorm(t *testing.T) {
	if os.Getenv("LOADLINE_BENCH") == "" {
		t.Skip("LOADLINE_BENCH is not set")
	}
	const rounds, length = 5, 3 * time.Second
	n := startNginx(t)
	dir := t.TempDir()
	vegeta := filepath.Join(dir, "vegeta")
	if out, err := exec.Command("go", "build", "-o", vegeta, "github.com/tsenart/vegeta/v12").CombinedOutput(); err != nil {
		t.Fatalf("build vegeta: %v\n%s", err, out)
	}
	targets := filepath.Join(dir, "targets")
	if err := os.WriteFile(targets, []byte("GET "+n.url+"/small\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	attack := []string{"attack", "-rate", "0", "-max-workers", "16", "-workers", "16", "-connections", "16", "-duration", length.String(), "-targets", targets, "-output", filepath.Join(dir, "results")}
	clients := []struct {
		name    string
		measure func() cost
	}{
		{"loadline", func() cost { return ours(t, n, length) }},
		{"vegeta", func() cost { return command(t, n, vegeta, attack...) }},
		{"vegeta -max-body 0", func() cost { return command(t, n, vegeta, append(attack, "-max-body", "0")...) }},
	}
	if wrk, err := exec.LookPath("wrk"); err == nil {
		clients = append(clients, struct {
			name    string
			measure func() cost
		}{"wrk", func() cost {
			return command(t, n, wrk, "-t1", "-c16", "-d", strconv.Itoa(int(length.Seconds()))+"s", n.url+"/small")
		}})
	}
	all := map[string][]cost{}
	for range rounds {
		for _, c := range clients {
			all[c.name] = append(all[c.name], c.measure())
		}
	}
	mid := map[string]float64{}
	for _, c := range clients {
		mid[c.name] = median(all[c.name], func(c cost) float64 { return c.perCPUSecond })
		t.Logf("%-20s %7.0f requests/s %7.0f requests/CPU-second %5.1f µs each", c.name,
			median(all[c.name], func(c cost) float64 { return c.perSecond }), mid[c.name], 1e6/mid[c.name])
	}
	t.Logf("loadline is %.2f × vegeta, %.2f × vegeta without bodies, %.2f × wrk", mid["loadline"]/mid["vegeta"], mid["loadline"]/mid["vegeta -max-body 0"], mid["loadline"]/mid["wrk"])
	if ratio := mid["loadline"] / mid["vegeta -max-body 0"]; ratio < 1.3 {
		t.Errorf("%.2f times vegeta's requests per CPU-second, want 1.3", ratio)
	}
}

func median(all []cost, of func(cost) float64) float64 {
	values := make([]float64, len(all))
	for i, c := range all {
		values[i] = of(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
