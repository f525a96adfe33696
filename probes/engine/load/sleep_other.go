//go:build !linux

package load

import "time"

// shortSleep waits for less than two milliseconds.
func shortSleep(d time.Duration) { time.Sleep(d) }
