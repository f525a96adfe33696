package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// healthy is a machine in which every check is content.
func healthy(t *testing.T) Machine {
	return Machine{
		Root: fstest.MapFS{
			"proc/loadavg":                                                    {Data: []byte("0.05 0.10 0.20 1/234 5678\n")},
			"proc/meminfo":                                                    {Data: []byte("MemTotal: 16000000 kB\nMemFree: 100 kB\nMemAvailable: 8000000 kB\n")},
			"proc/self/cgroup":                                                {Data: []byte("0::/\n")},
			"proc/sys/net/ipv4/ip_local_port_range":                           {Data: []byte("32768\t60999\n")},
			"proc/sys/net/ipv4/tcp_wmem":                                      {Data: []byte("4096\t16384\t4194304\n")},
			"proc/sys/net/ipv4/tcp_rmem":                                      {Data: []byte("4096\t131072\t6291456\n")},
			"proc/sys/net/ipv4/tcp_congestion_control":                        {Data: []byte("cubic\n")},
			"proc/sys/net/ipv4/tcp_available_congestion_control":              {Data: []byte("reno cubic\n")},
			"sys/devices/system/clocksource/clocksource0/current_clocksource": {Data: []byte("tsc\n")},
		},
		Out:      t.TempDir(),
		Hosts:    []string{"files.example.org"},
		Environ:  func(string) string { return "" },
		LookPath: func(name string) (string, error) { return "/usr/sbin/" + name, nil },
		Resolve:  func(context.Context, string) ([]string, error) { return []string{"10.0.0.1"}, nil },
	}
}

// set is the machine with one file changed.
func (m Machine) set(path, content string) Machine {
	tree := fstest.MapFS{}
	for name, file := range m.Root.(fstest.MapFS) {
		tree[name] = file
	}
	tree[path] = &fstest.MapFile{Data: []byte(content)}
	m.Root = tree
	return m
}

func run(t *testing.T, name string, m Machine) Result {
	t.Helper()
	for _, c := range Checks() {
		if c.Name == name {
			return Examine(t.Context(), m, []Check{c})[0]
		}
	}
	t.Fatalf("there is no check %q", name)
	return Result{}
}

// TestEachCheckSeesItsFault plants one fault for each check, and asks the
// healthy twin too.
func TestEachCheckSeesItsFault(t *testing.T) {
	well := healthy(t)
	sick := func(change func(m *Machine)) Machine {
		m := well
		change(&m)
		return m
	}
	for _, test := range []struct {
		check string
		sick  Machine
		want  Status
		says  string
	}{
		{"load", well.set("proc/loadavg", "4096.0 1 1 1/2 3"), Warn, "more blocks"},
		{"memory", well.set("proc/meminfo", "MemAvailable: 100000 kB"), Warn, "2 MiB for each stream"},
		{"memory", well.set("sys/fs/cgroup/memory.max", "134217728"), Warn, "128MiB"},
		{"clock", well.set("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet"), Warn, "hpet"},
		{"local ports", well.set("proc/sys/net/ipv4/ip_local_port_range", "50000 50999"), Warn, "1000 (50000 to 50999)"},
		{"socket buffers", well.set("proc/sys/net/ipv4/tcp_rmem", "4096 65536 212992"), Warn, "21 MB/s"},
		{"congestion control", sick(func(m *Machine) { m.Congestion = []string{"bbr"} }), Fail, "modprobe tcp_bbr"},
		{"names", sick(func(m *Machine) {
			m.Resolve = func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
		}), Fail, "no such host"},
		{"names", sick(func(m *Machine) {
			m.Resolve = func(context.Context, string) ([]string, error) {
				time.Sleep(120 * time.Millisecond)
				return []string{"10.0.0.1"}, nil
			}
		}), Warn, "target.resolve"},
		{"proxy environment", sick(func(m *Machine) {
			m.Environ = func(name string) string { return map[string]string{"https_proxy": "http://proxy"}[name] }
		}), Warn, "HTTPS_PROXY"},
		{"haproxy", sick(func(m *Machine) {
			m.LookPath = func(string) (string, error) { return "", errors.New("not found") }
		}), Warn, "apt-get install haproxy"},
		{"nginx", sick(func(m *Machine) {
			m.LookPath = func(string) (string, error) { return "", errors.New("not found") }
		}), Warn, "apt-get install nginx"},
		{"record directory", sick(func(m *Machine) { m.Out = "/proc/1" }), Fail, "--out DIR"},
	} {
		if got := run(t, test.check, well); got.Status != OK || got.Why != "" || got.Fix != "" || got.Found == "" {
			t.Errorf("%s, healthy: %+v, want ok", test.check, got)
		}
		got := run(t, test.check, test.sick)
		if text := got.Found + " " + got.Why + " " + got.Fix; got.Status != test.want || !strings.Contains(text, test.says) {
			t.Errorf("%s, sick: %+v, want %s with %q", test.check, got, test.want, test.says)
		}
		if got.Why == "" || got.Fix == "" {
			t.Errorf("%s: %+v says no reason or no remedy", test.check, got)
		}
	}
}

func TestAProcessorLimitBelowTheThreadsIsSeen(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	got := run(t, "processor", healthy(t).set("sys/fs/cgroup/cpu.max", "200000 100000"))
	if got.Status != Warn || got.Fix != "export GOMAXPROCS=2" {
		t.Errorf("4 threads on 2 cores' worth: %+v", got)
	}
	if got := run(t, "processor", healthy(t).set("sys/fs/cgroup/cpu.max", "400000 100000")); runtime.NumCPU() > 1 && got.Status != OK {
		t.Errorf("4 threads on 4 cores' worth: %+v", got)
	}
}

func TestWhatCannotBeReadIsNotTakenForWell(t *testing.T) {
	empty := healthy(t)
	empty.Root = fstest.MapFS{}
	for _, check := range []string{"load", "memory", "local ports", "socket buffers", "congestion control"} {
		if got := run(t, check, empty); got.Status != Warn || got.Found != "not known" {
			t.Errorf("%s: %+v, want a warning that it is not known", check, got)
		}
	}
}

func TestARecordDirectoryThatIsNotThereYetIsLookedForAbove(t *testing.T) {
	m := healthy(t)
	m.Out = filepath.Join(m.Out, "runs", "of", "today")
	if got := run(t, "record directory", m); got.Status != OK {
		t.Errorf("%+v", got)
	}
	if left, _ := os.ReadDir(filepath.Dir(filepath.Dir(filepath.Dir(m.Out)))); len(left) > 0 {
		t.Errorf("the check left %v behind", left)
	}
}

func TestAnExaminationNeverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := Check{"stuck", func(context.Context, Machine) Result { <-release; return fine("late") }}
		before := time.Now()
		got := Examine(t.Context(), Machine{}, []Check{stuck})[0]
		if got.Status != Warn || got.Check != "stuck" || time.Since(before) > patience+time.Second {
			t.Errorf("%+v after %v", got, time.Since(before))
		}
		close(release)
	})
}

// TestThisMachineIsExamined runs every check for real: all answer, and text and
// JSON say the same.
func TestThisMachineIsExamined(t *testing.T) {
	results := Examine(t.Context(), Machine{Out: t.TempDir()}, Checks())
	var text, object bytes.Buffer
	if err := errors.Join(WriteText(&text, results), WriteJSON(&object, results)); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &text)
	var got struct {
		Schema string
		Status Status
		Checks []Result
	}
	if err := json.Unmarshal(object.Bytes(), &got); err != nil || got.Schema != Schema || got.Status != Worst(results) || len(got.Checks) != len(Checks()) {
		t.Errorf("%v: %+v", err, got)
	}
	for i, r := range results {
		if r != got.Checks[i] || r.Check == "" || r.Found == "" || !strings.Contains(text.String(), r.Found) {
			t.Errorf("%+v is not in both outputs", r)
		}
	}
}

func TestTheWorstStatusCounts(t *testing.T) {
	for want, all := range map[Status][]Result{
		OK:   {{Status: OK}},
		Warn: {{Status: OK}, {Status: Warn}, {Status: OK}},
		Fail: {{Status: Fail}, {Status: Warn}},
	} {
		if got := Worst(all); got != want {
			t.Errorf("%+v: %s, want %s", all, got, want)
		}
	}
	if Worst(nil) != OK {
		t.Error("no checks are not ok")
	}
}
