package export

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"loadline/probes"
	"loadline/probes/record"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

var started = time.Date(2023, 10, 9, 8, 30, 15, 0, time.UTC)

// kept is a run read back from disk: 50 ops due every 20 ms on each of two
// arms. Around takes 5 ms; through was frozen for the ops due from 400 to
// 600 ms, which a closed generator started late: they all end at 600 ms. One op
// through came corrupt with status 200, one was refused with 503, one dropped.
func kept(t *testing.T, extra uint64) record.Run {
	t.Helper()
	w, err := record.Create(t.TempDir(), record.Header{
		Started: started,
		Arms: []scenarios.Arm{
			{ID: "around", Target: scenarios.Target{URL: "http://10.0.0.1/"}},
			{ID: "through", Target: scenarios.Target{URL: "https://files.example.org/"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, arm := range []string{"around", "through"} {
		c := record.NewCollector(record.TrialHead{Index: i, Arm: arm, Cell: "all", At: time.Duration(i) * time.Minute}, record.CollectorOptions{Raw: extra > 0})
		for seq := range 50 + extra {
			c.Add(int(seq), observed(arm, seq))
		}
		if err := w.Trial(c.Finish(record.Health{}, time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	run, err := record.Open(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func observed(arm string, seq uint64) probes.Observation {
	due := time.Duration(seq) * 20 * time.Millisecond
	o := probes.Observation{
		Seq: seq, Due: probes.MarkAt(due), Start: probes.MarkAt(due), End: probes.MarkAt(due + 5*time.Millisecond),
		Sent: unit.KiB, Received: 2 * unit.KiB, Outcome: probes.OK, Peer: probes.Peer{Status: 201},
	}
	if arm == "around" {
		return o
	}
	switch {
	case seq >= 20 && seq < 30:
		o.Start, o.End = probes.MarkAt(595*time.Millisecond), probes.MarkAt(600*time.Millisecond)
	case seq == 40:
		o.Outcome, o.Peer.Status = probes.Corrupt, 200
	case seq == 41:
		o.Outcome, o.Peer.Status = probes.Status, 503
	case seq == 42:
		o = probes.Observation{Seq: seq, Due: o.Due, Outcome: probes.Dropped}
	}
	return o
}

// metrics are vegeta's own figures of what was written.
func metrics(t *testing.T, run record.Run, o VegetaOptions) (vegeta.Metrics, vegeta.Results) {
	t.Helper()
	var b bytes.Buffer
	if err := Vegeta(&b, run, o); err != nil {
		t.Fatal(err)
	}
	decode := vegeta.DecoderFor(&b)
	if decode == nil {
		t.Fatalf("%s: vegeta does not know the encoding", o.Encoding)
	}
	var m vegeta.Metrics
	var all vegeta.Results
	for {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		m.Add(&r)
		all.Add(&r)
	}
	m.Close()
	return m, all
}

func TestVegetaReadsWhatWasExported(t *testing.T) {
	run := kept(t, 0)
	for _, encoding := range Encodings {
		m, all := metrics(t, run, VegetaOptions{Encoding: encoding, Arm: "through"})
		if m.Requests != 50 || len(m.Errors) != 3 || math.Abs(m.Success-47./50) > 1e-9 {
			t.Errorf("%s: %d requests, errors %v, success %v; want 50, three kinds and 94%%: a corrupt body is no success", encoding, m.Requests, m.Errors, m.Success)
		}
		if got := m.Latencies.Max; got != 200*time.Millisecond {
			t.Errorf("%s: longest %v, want 200 ms from when it was due, not the 5 ms from when it started", encoding, got)
		}
		if first := all[0]; !first.Timestamp.Equal(started.Add(time.Minute)) || first.Latency != 5*time.Millisecond || first.BytesOut != 1024 || first.BytesIn != 2048 || first.Code != 201 || first.Attack != "through" {
			t.Errorf("%s: first result %+v", encoding, first)
		}
		if len(all[0].Body) > 0 || len(all[0].Headers) > 0 {
			t.Errorf("%s: a body or headers were written", encoding)
		}
	}
}

func TestAllArmsComeInOrderOfTime(t *testing.T) {
	m, all := metrics(t, kept(t, 0), VegetaOptions{})
	if m.Requests != 100 {
		t.Errorf("%d requests, want those of both arms", m.Requests)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Timestamp.Before(all[i-1].Timestamp) {
			t.Fatalf("result %d comes before the one it follows", i)
		}
	}
}

func TestManyObservationsAreReadFromBesideTheRecord(t *testing.T) {
	run := kept(t, record.RawLimit)
	if run.Trials[0].RawFile == "" || run.Trials[0].Raw != nil {
		t.Fatal("more than the limit were kept in the record itself")
	}
	if m, _ := metrics(t, run, VegetaOptions{Arm: "around"}); m.Requests != 50+record.RawLimit {
		t.Errorf("%d requests, want %d", m.Requests, 50+record.RawLimit)
	}
}

func TestWhatWasNotKeptCannotBeExported(t *testing.T) {
	run := kept(t, 0)
	run.Trials[1].Raw = nil
	var b bytes.Buffer
	if err := Vegeta(&b, run, VegetaOptions{}); !errors.Is(err, record.ErrNoRaw) || b.Len() > 0 || !strings.Contains(err.Error(), "hint") {
		t.Errorf("%v and %d bytes, want record.ErrNoRaw with a hint, and none", err, b.Len())
	}
	for _, o := range []VegetaOptions{{Encoding: "xml"}, {Arm: "none"}} {
		if err := Vegeta(&b, run, o); err == nil || !strings.Contains(err.Error(), "hint") {
			t.Errorf("%+v: %v, want an error with a hint", o, err)
		}
	}
}
