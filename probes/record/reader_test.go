package record

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

// written is the text of a whole record of two trials.
func written(t *testing.T) []byte {
	t.Helper()
	w, _ := create(t)
	for i := range 2 {
		if err := errors.Join(w.Reserve(Names{Trial: i, Arm: "around", Cell: "all", To: 100}), w.Trial(smallTrial(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.End(End{Status: "complete"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestARecordCutAnywhereStillOpens cuts a record at every byte near the ends of
// its lines, and at every 17th elsewhere: it opens if its header is whole, with
// every whole line, and is partial unless only the last line break is missing.
func TestARecordCutAnywhereStillOpens(t *testing.T) {
	text := written(t)
	headerEnd := bytes.IndexByte(text, '\n')
	for cut := range text {
		if near := text[max(0, cut-3):min(len(text), cut+3)]; cut%17 != 0 && !bytes.Contains(near, []byte("\n")) {
			continue
		}
		r, err := Read(bytes.NewReader(text[:cut]))
		if cut < headerEnd {
			if err == nil {
				t.Fatalf("cut at %d, inside of the header: no error", cut)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		whole := bytes.Count(text[:cut], []byte("\n"))
		read := 1 + len(r.Trials) + len(r.Names)
		if r.End != nil {
			read++
		}
		if read < whole || (r.Partial() == (cut >= len(text)-1)) {
			t.Fatalf("cut at %d of %d: %d lines whole, %d read, partial %v", cut, len(text), whole, read, r.Partial())
		}
		if read+len(r.Damage) < whole {
			t.Fatalf("cut at %d: what was lost is not named in %q", cut, r.Damage)
		}
	}
}

func TestWhatIsNotKnownIsPassedOver(t *testing.T) {
	lines := strings.SplitAfter(string(written(t)), "\n")
	newer := strings.Replace(lines[0], Schema, Schema+".7", 1)
	newer = strings.Replace(newer, `"run":`, `"colour":"blue","run":`, 1)
	text := newer + `{"type":"weather","weather":{"rain":true}}` + "\n" + strings.Join(lines[1:], "")
	r, err := Read(strings.NewReader(text))
	if err != nil || len(r.Trials) != 2 || len(r.Damage) != 0 || r.Partial() {
		t.Errorf("a record of a newer minor version: %v, %d trials, damage %q", err, len(r.Trials), r.Damage)
	}
}

func TestDamageInTheMiddleIsNamed(t *testing.T) {
	lines := strings.SplitAfter(string(written(t)), "\n")
	lines[2] = "{\"type\":\"trial\",\x00\x00\n"
	r, err := Read(strings.NewReader(strings.Join(lines, "")))
	if err != nil || len(r.Trials) != 1 || len(r.Damage) != 1 || !strings.HasPrefix(r.Damage[0], "line 3: ") {
		t.Errorf("%v, %d trials, damage %q; want one trial and line 3 named", err, len(r.Trials), r.Damage)
	}
}

func TestWhatIsNotARecordIsRefused(t *testing.T) {
	text := string(written(t))
	for name, test := range map[string]struct{ text, want string }{
		"empty":        {"", "has no header"},
		"other file":   {"name: edge/upload\n", "line 1: not a record"},
		"other schema": {strings.Replace(text, Schema, "loadline.verdict/v1", 1), `its schema is "loadline.verdict/v1"`},
		"newer major":  {strings.Replace(text, Schema, "loadline.record/v2", 1), "is newer than loadline.record/v1"},
		"no version":   {strings.Replace(text, Schema, "loadline.record/vx", 1), "names no version"},
		"no header":    {text[strings.IndexByte(text, '\n')+1:], "has no header"},
	} {
		if _, err := Read(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestAnyTrialSurvivesTheFile encodes trials of all shapes and reads them back.
func TestAnyTrialSurvivesTheFile(t *testing.T) {
	h := header()
	h.Schema = Schema
	first, err := line{Type: headerLine, Header: &h}.encoded()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := bytes.NewBuffer(bytes.Clone(first))
		var trials []Trial
		for i := range rapid.IntRange(0, 2).Draw(t, "trials") {
			trials = append(trials, anyTrial(t, i))
			b, err := line{Type: trialLine, Trial: &trials[i]}.encoded()
			if err != nil {
				t.Fatal(err)
			}
			text.Write(b)
		}
		got, err := Read(text)
		if err != nil || len(got.Damage) > 0 || !got.Partial() {
			t.Fatalf("%v, damage %q, partial %v", err, got.Damage, got.Partial())
		}
		if diff := cmp.Diff(trials, got.Trials, sameCounts, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("trials changed on the way (-written +read):\n%s", diff)
		}
	})
}

func anyTrial(t *rapid.T, index int) Trial {
	c := NewCollector(TrialHead{Index: index, Block: index, Arm: "around", Cell: "all", At: time.Duration(index) * time.Minute}, CollectorOptions{Length: 30 * time.Second})
	for seq, o := range rapid.SliceOfN(observations, 0, 30).Draw(t, "observations") {
		o.Seq = uint64(seq)
		c.Add(seq, o)
	}
	c.Tick(10*time.Second, unit.Bytes(rapid.IntRange(0, 1<<40).Draw(t, "moved")))
	return c.Finish(Health{CPU: rapid.Float64Range(0, 1).Draw(t, "cpu")}, 30*time.Second)
}

// TestRecordsOfOldStillOpen holds the reader to what it once wrote; a file is
// added here for every version and never changed.
func TestRecordsOfOldStillOpen(t *testing.T) {
	r, err := Open(filepath.Join("testdata", "v1", FileName))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Header.Scenario.Criteria
	if len(c) != 4 || *c[0].Margin != 0.05 || c[1].Against != "baseline" || *c[2].Max != 0 || c[0].Metric != metric.Goodput {
		t.Errorf("criteria %+v", c)
	}
	if r.Partial() || len(r.Damage) > 0 || len(r.Trials) != 4 || r.Header.Scenario.Name != "edge/upload-through-around" {
		t.Fatalf("partial %v, damage %q, %d trials of %s", r.Partial(), r.Damage, len(r.Trials), r.Header.Scenario.Name)
	}
	through := r.Values("all", "through", metric.Goodput, metric.Mean)
	around := r.Values("all", "around", metric.Goodput, metric.Mean)
	if len(through) != 2 || len(around) != 2 || around[0].Low < 2*through[0].Low {
		t.Errorf("goodput through %v, around %v: want two each, around at least twice as fast", through, around)
	}
	if p95 := r.Values("all", "around", metric.TTLB, metric.P95)[0]; p95.Low <= 0 || p95.N != 8 {
		t.Errorf("ttlb p95 around %+v: want over 8 ops", p95)
	}
	if r.Integrity[0].Lost != 1 || r.Warnings[0] == "" || r.Header.Arms[1].Role != scenarios.Candidate {
		t.Errorf("ledger %+v, warnings %q", r.Integrity, r.Warnings)
	}
	if raw, err := r.Observations(r.Trials[0]); err != nil || len(raw) != 8 || raw[0].Outcome != probes.OK {
		t.Errorf("observations %d %v", len(raw), err)
	}
}

// FuzzRead feeds the reader anything: it returns a run with a header or an
// error, and every accessor works on what it returned.
func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile(filepath.Join("testdata", "v1", FileName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add(golden[:len(golden)/2])
	f.Add([]byte(`{"type":"header","header":{"schema":"loadline.record/v1"}}` + "\n" + `{"type":"trial","trial":{"latency":{"ttlb":null,"service":{"done":null}},"backends":{"b":null}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		if r.Header.Schema == "" {
			t.Fatal("no header, and no error")
		}
		r.LeftBehind()
		for _, trial := range r.Trials {
			for _, m := range []metric.ID{metric.Goodput, metric.Errors, metric.TTLB, metric.Service, metric.IntegrityLost} {
				for _, s := range []metric.Stat{metric.Mean, metric.P99, metric.Max, metric.StatRate, metric.StatCount} {
					r.Values(trial.Cell, trial.Arm, m, s)
				}
			}
			r.Histograms(trial.Cell, trial.Arm, metric.TTLB)
		}
	})
}
