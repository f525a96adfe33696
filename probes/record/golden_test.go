package record

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"loadline/probes"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

var writeGolden = flag.String("write-golden", "", "write the golden record of this version to testdata/`NAME`, which must not exist")

// TestWriteGolden makes the file that TestRecordsOfOldStillOpen reads: run it
// once for a new version of the schema, and never again for an old one.
func TestWriteGolden(t *testing.T) {
	if *writeGolden == "" {
		t.Skip("only with -write-golden")
	}
	h := header()
	h.Run = *writeGolden
	w, err := Create("testdata", h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		t := goldenTrial(i)
		err = errors.Join(err, w.Reserve(Names{Trial: i, Arm: t.Arm, Cell: "all", To: 16}), w.Trial(t), w.Removed(Names{Trial: i, Arm: t.Arm, Cell: "all", To: 16}))
	}
	err = errors.Join(err,
		w.Warn("through: DELETE is refused"),
		w.Integrity([]Integrity{{Arm: "through", Cell: "all", Acknowledged: 12, Intact: 11, Lost: 1, Cases: []Case{{Name: "op-3", Trial: 1, Seq: 3, Outcome: probes.OK, Finding: "lost", Evidence: []string{"404 through around"}}}}}),
		w.End(End{At: h.Started.Add(time.Minute), Status: "complete"}), w.Close(),
		os.Chmod(filepath.Join("testdata", h.Run), 0o755), os.Chmod(w.Path(), 0o644))
	if err != nil {
		t.Fatal(err)
	}
}

// goldenTrial is a trial of eight ops around, or of six that are ten times
// slower through, of which one is cut and one fails.
func goldenTrial(index int) Trial {
	head := TrialHead{Index: index, Block: index / 2, Slot: index % 2, Arm: "around", Role: scenarios.Reference, Cell: "all", At: time.Duration(index) * 12 * time.Second}
	n, took := uint64(8), time.Second
	if index%2 == 1 {
		head.Arm, head.Role, n, took = "through", scenarios.Candidate, 6, 5*time.Second
	}
	c := NewCollector(head, CollectorOptions{Length: 10 * time.Second})
	for i := range n {
		o := op(i, time.Duration(i)*500*time.Millisecond, took)
		o.Socket = probes.Socket{Conn: i%2 + 1, Reused: i > 1, RTT: 400 * time.Microsecond, MinRTT: 300 * time.Microsecond, Busy: took / 2, RwndLimit: took / 4, Congestion: "cubic"}
		switch {
		case head.Arm == "through" && i == 4:
			o.Outcome, o.Err, o.Peer.RequestID = probes.Reset, errors.New("read tcp 10.0.0.9:4242->10.0.0.1:443: connection reset by peer"), "r-4"
		case head.Arm == "through" && i == 5:
			o.Outcome, o.Received, o.Verified = probes.Cut, 512*unit.KiB, 0
		}
		c.Add(int(i), o)
	}
	c.Tick(10*time.Second, unit.Bytes(n)*unit.MiB)
	return c.Finish(Health{CPU: 0.1, Machine: 0.3, LateP99: time.Millisecond}, 10*time.Second)
}
