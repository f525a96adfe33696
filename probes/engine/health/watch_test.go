package health

import (
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"
)

// burn uses one core for d.
func burn(d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
	}
}

// TestTheShareIsThatOfTheTimeUsed holds however little of a core a busy
// machine gives us: what was used over what could have been.
func TestTheShareIsThatOfTheTimeUsed(t *testing.T) {
	idle := Begin(0)
	time.Sleep(200 * time.Millisecond)
	rested := idle.End()
	began := time.Now()
	used := processCPU()
	busy := Begin(0)
	burn(300 * time.Millisecond)
	worked := busy.End()
	want := float64(processCPU()-used) / (float64(time.Since(began)) * float64(runtime.GOMAXPROCS(0)))
	if worked.CPU < want*0.9 || worked.CPU > want*1.1 {
		t.Errorf("busy: %.3f of our cores, used %.3f", worked.CPU, want)
	}
	if rested.CPU > 0.2 {
		t.Errorf("idle: %.3f of our cores", rested.CPU)
	}
	if worked.Machine <= 0 || worked.Machine > 1 {
		t.Errorf("machine %.2f", worked.Machine)
	}
}

func TestShareIsOfTheCoresThatAreAllowed(t *testing.T) {
	whole, half := Begin(0), Begin(float64(runtime.GOMAXPROCS(0))/2)
	burn(200 * time.Millisecond)
	a, b := whole.End(), half.End()
	if ratio := b.CPU / a.CPU; ratio < 1.8 || ratio > 2.4 {
		t.Errorf("share %.2f of all cores and %.2f of half of them", a.CPU, b.CPU)
	}
}

// TestStarvedGoroutinesAreSeen plants the fault: more spinning goroutines than
// cores, so that the canary has to wait for its turn.
func TestStarvedGoroutinesAreSeen(t *testing.T) {
	w := Begin(0)
	done := make(chan struct{})
	const spinners = 8
	for range spinners * runtime.GOMAXPROCS(0) {
		go func() { burn(600 * time.Millisecond); done <- struct{}{} }()
	}
	for range spinners * runtime.GOMAXPROCS(0) {
		<-done
	}
	if h := w.End(); h.SchedLag < 5*time.Millisecond {
		t.Errorf("scheduling lag %v with %d spinning goroutines per core", h.SchedLag, spinners)
	}
}

func TestCollectorPausesAreSeen(t *testing.T) {
	w := Begin(0)
	none := Begin(0).End()
	runtime.GC()
	if h := w.End(); h.GCPause <= 0 {
		t.Errorf("pause %v after a collection", h.GCPause)
	}
	if none.GCPause > 100*time.Millisecond {
		t.Errorf("pause %v in no time", none.GCPause)
	}
}

func TestClockStepIsTheDifferenceOfTheClocks(t *testing.T) {
	w := Begin(0)
	time.Sleep(20 * time.Millisecond)
	if h := w.End(); h.ClockStep.Abs() > 5*time.Millisecond {
		t.Errorf("step %v of a clock that nobody set", h.ClockStep)
	}
	w = Begin(0)
	w.wall = w.wall.Add(-time.Hour) // as if the clock were set while we watched
	if h := w.End(); (h.ClockStep - time.Hour).Abs() > time.Second {
		t.Errorf("step %v of a clock set forward by an hour", h.ClockStep)
	}
}

func TestSocketsAreCounted(t *testing.T) {
	before := sockets()
	var open []net.Listener
	for range 5 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		open = append(open, l)
	}
	if got := sockets() - before; runtime.GOOS == "linux" && got < len(open) {
		t.Errorf("%d more sockets, %d were opened", got, len(open))
	}
}

func TestLocalAddresses(t *testing.T) {
	local := map[string]bool{"127.0.0.1:80": true, "[::1]:443": true, "127.0.0.9": true, "192.0.2.1:80": false, "": false, "files.example.org:443": false}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			local[net.JoinHostPort(n.IP.String(), "80")] = true
		}
	}
	for address, want := range local {
		if got := Local(address); got != want {
			t.Errorf("%q is local: %v, want %v", address, got, want)
		}
	}
}

func TestQuantileOfARuntimeHistogram(t *testing.T) {
	h := histogram{counts: []uint64{90, 0, 9, 1}, edges: []float64{0, 0.001, 0.002, 0.003, 0.004}}
	for q, want := range map[float64]time.Duration{0.5: time.Millisecond, 0.9: time.Millisecond, 0.95: 3 * time.Millisecond, 1: 4 * time.Millisecond} {
		if got := h.quantile(q); got != want {
			t.Errorf("quantile %g = %v, want %v", q, got, want)
		}
	}
	if got := (histogram{}).quantile(0.99); got != 0 {
		t.Errorf("quantile of nothing = %v", got)
	}
	if later := (histogram{counts: []uint64{95, 0, 9, 3}, edges: h.edges}).since(h); fmt.Sprint(later.counts) != "[5 0 0 2]" {
		t.Errorf("since: %v", later.counts)
	}
}
