package load

import (
	"syscall"
	"time"
)

// shortSleep waits for less than two milliseconds. The runtime's own timers
// wake in whole milliseconds when nothing else goes on; the kernel's are good
// to some 50 µs and, unlike a spinning loop, cost no processor time.
func shortSleep(d time.Duration) {
	before := time.Now()
	ts := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&ts, nil) // a signal may cut it short; the caller looks at the clock
	if rest := d - time.Since(before); rest == d {
		time.Sleep(d) // a clock that only timers move, as in a test with fake time
	}
}
