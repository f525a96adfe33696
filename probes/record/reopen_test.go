package record

import (
	"os"
	"testing"
	"time"
)

func TestReopenContinuesBehindATornLine(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Header{Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	n := Names{Trial: 0, Arm: "through", Cell: "all", From: 0, To: 4}
	if err := w.Reserve(n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(w.Path(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"type":"trial","trial":{"ind`); err != nil {
		t.Fatal(err)
	}
	f.Close()

	again, err := Reopen(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Removed(n); err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if left := r.LeftBehind(); len(left) != 0 {
		t.Errorf("after Removed, %v is still left behind", left)
	}
	if len(r.Damage) != 0 {
		t.Errorf("damage %v, want none: the torn line was given up", r.Damage)
	}
}
