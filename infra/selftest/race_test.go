//go:build race

package selftest

func init() { raced = true }
