//go:build race

package selftest

// raced is set where the race detector is on.
const raced = true
