package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// header is that of a run of testdata/scenario.yaml, with every field that a
// reader may look at.
func header() Header {
	src, err := os.ReadFile(filepath.Join("testdata", "scenario.yaml"))
	if err != nil {
		panic(err)
	}
	env := map[string]string{"AROUND": "http://10.0.0.1/", "DEPOSIT_TOKEN": canary}
	scenario, err := scenarios.Parse("scenario.yaml", src, scenarios.Options{
		Env:  func(name string) (string, bool) { value, set := env[name]; return value, set },
		Sets: []string{"load.in_flight=8"},
	})
	if err != nil {
		panic(err)
	}
	return Header{
		Run:         "20231009t083015z-4f1c9a02",
		Started:     time.Date(2023, 10, 9, 8, 30, 15, 0, time.UTC),
		Tool:        Tool{Version: "1.0.0", Revision: "abc", Go: "go1.26"},
		Scenario:    scenario,
		Source:      scenario.Source,
		Overrides:   scenario.Overrides,
		Spec:        []byte(`{"kind":"http.transfer","direction":"upload"}`),
		Fingerprint: "f00d",
		Arms:        scenario.Arms,
		Cells:       []plan.Cell{{ID: "all", Size: unit.GiB, InFlight: 4}},
		Looks:       []int{8, 12},
		Environment: Environment{Host: "gen", Cores: 2, Memory: 4 * unit.GiB},
	}
}

// op is an observation that ended well: due and started at `at`, over `took`
// later, with half of that until the first byte.
func op(seq uint64, at, took time.Duration) probes.Observation {
	return probes.Observation{
		Seq: seq, Name: "op", Due: probes.MarkAt(at), Start: probes.MarkAt(at),
		FirstByte: probes.MarkAt(at + took/2), End: probes.MarkAt(at + took),
		Received: unit.MiB, Verified: unit.MiB, Outcome: probes.OK,
		Phases: probes.Phases{Wait: took / 2, Receive: took / 2},
		Peer:   probes.Peer{Address: "10.0.0.1:80", Protocol: "HTTP/1.1", Status: 200, Backend: "b1"},
	}
}

// smallTrial is a trial of ten good ops, one that failed and one that was cut.
func smallTrial(index int) Trial {
	c := NewCollector(TrialHead{Index: index, Block: index / 2, Arm: "around", Role: scenarios.Reference, Cell: "all"}, CollectorOptions{Length: 10 * time.Second})
	for i := range uint64(10) {
		c.Add(int(i), op(i, time.Duration(i)*time.Second, 100*time.Millisecond))
	}
	failed := op(10, 2*time.Second, 50*time.Millisecond)
	failed.Outcome, failed.Err = probes.Reset, errors.New("connection reset by peer")
	c.Add(0, failed)
	cut := op(11, 9*time.Second, time.Second)
	cut.Outcome, cut.Received, cut.Verified = probes.Cut, 512*unit.KiB, 0
	c.Add(1, cut)
	c.Tick(5*time.Second, 5*unit.MiB)
	c.Tick(10*time.Second, 10*unit.MiB+512*unit.KiB)
	return c.Finish(Health{CPU: 0.2}, 10*time.Second)
}

func create(t *testing.T) (*Writer, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "runs")
	w, err := Create(dir, header())
	if err != nil {
		t.Fatal(err)
	}
	return w, dir
}

func TestARecordReadsBackAsItWasWritten(t *testing.T) {
	w, _ := create(t)
	names := Names{Trial: 0, Arm: "around", Cell: "all", From: 0, To: 512}
	ledger := []Integrity{{Arm: "around", Cell: "all", Acknowledged: 10, Intact: 9, Lost: 1, Cases: []Case{{Name: "op", Finding: "lost", Evidence: []string{"404 through around"}}}}}
	trial := smallTrial(0)
	end := End{At: header().Started.Add(time.Minute), Status: "complete"}
	for _, err := range []error{
		w.Reserve(names), w.Trial(trial), w.Warn("the target refuses DELETE"), w.Integrity(ledger),
		w.Removed(Names{Trial: 0, Arm: "around", Cell: "all", From: 0, To: 500}), w.End(end), w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := Open(filepath.Dir(w.Path()))
	if err != nil {
		t.Fatal(err)
	}
	want := Run{
		Header: header(), Trials: []Trial{trial}, Integrity: ledger,
		Warnings: []string{"the target refuses DELETE"},
		Names:    []Names{names}, Removed: []Names{{Trial: 0, Arm: "around", Cell: "all", From: 0, To: 500}},
		End: &end, Path: w.Path(),
	}
	want.Header.Schema = Schema
	want.Header.Scenario.Secrets = nil // for the life of the run only
	if diff := cmp.Diff(want, got, sameCounts, cmpopts.IgnoreTypes(scenarios.Node{}), cmpopts.IgnoreFields(scenarios.Criterion{}, "Pos"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the record changed on the way (-written +read):\n%s", diff)
	}
	left := []Names{{Trial: 0, Arm: "around", Cell: "all", From: 500, To: 512}}
	if diff := cmp.Diff(left, got.LeftBehind()); diff != "" {
		t.Errorf("left behind (-want +got):\n%s", diff)
	}
}

// sameCounts compares histograms by what they hold.
var sameCounts = cmp.Comparer(func(a, b *Hist) bool {
	if a.Count() != b.Count() || a.beyond() != b.beyond() {
		return false
	}
	return cmp.Equal(occupied(a), occupied(b), cmp.AllowUnexported(countAt{}))
})

func TestARecordIsPrivateAndNeverWrittenOver(t *testing.T) {
	w, dir := create(t)
	defer w.Close()
	for path, want := range map[string]fs.FileMode{w.Path(): 0o600, filepath.Dir(w.Path()): 0o700 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
	var notKept *ErrNotKept
	if _, err := Create(dir, header()); !errors.Is(err, fs.ErrExist) || errors.As(err, &notKept) {
		t.Errorf("a second run of the same id: %v, want fs.ErrExist and not ErrNotKept", err)
	}
}

func TestTheCollectorTellsApartWhatEndedAndWhatDidNot(t *testing.T) {
	got := smallTrial(3)
	if got.Bytes.Proven != 10*unit.MiB || got.Bytes.Moved != 10*unit.MiB+512*unit.KiB {
		t.Errorf("bytes %+v: want 10 MiB proven, and 512 KiB more moved", got.Bytes)
	}
	service := got.Latency[metric.Service]
	if service.Done.Count() != 10 || service.Unended.Count() != 2 {
		t.Errorf("service: %d done, %d unended; want 10 and 2", service.Done.Count(), service.Unended.Count())
	}
	if got.Offered != 12 || got.Failed() != 1 || len(got.Raw) != 12 || len(got.Failures) != 1 {
		t.Errorf("offered %d failed %d raw %d failures %d", got.Offered, got.Failed(), len(got.Raw), len(got.Failures))
	}
	var moved int64
	for _, n := range got.Timeline.Bytes {
		moved += n
	}
	if moved != int64(10*unit.MiB+512*unit.KiB) {
		t.Errorf("the timeline holds %d bytes", moved)
	}
}
