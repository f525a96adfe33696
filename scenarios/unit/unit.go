// Package unit holds the quantities of the scenario language as types, so that
// bytes, rates and ratios are parsed once, printed one way and never mixed.
//
// Base units are at rest everywhere: bytes, bytes per second, events per
// second, and ratios as plain numbers (0.05, not 5). Prefixes exist only in
// text. IEC and SI are kept apart: 1 GiB is 2^30 bytes and 1 GB is 10^9.
// Durations are time.Duration of the standard library.
//
// Each type has three forms: MarshalText is exact and can be parsed again,
// String is for people and may round, and JSON is the plain number in the base
// unit, because machines should not have to parse prefixes.
package unit

// Bytes is a count of bytes.
type Bytes int64

// BytesPerSecond is a transfer rate in bytes per second.
type BytesPerSecond float64

// PerSecond is a rate of events, such as requests, per second.
type PerSecond float64

// Ratio is a plain share: 0.05 is written 5%.
type Ratio float64

// Margin says how many times worse is allowed in the metric's own direction,
// less one: 0.05 is written 5% or 1.05x, 1 is written 100% or 2x.
type Margin float64

// The IEC and SI multiples that the language knows.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
	TiB Bytes = 1 << 40
	KB  Bytes = 1e3
	MB  Bytes = 1e6
	GB  Bytes = 1e9
	TB  Bytes = 1e12
)

// Error says what is wrong with a written quantity and how to write it.
type Error struct{ What, Hint string }

func (e *Error) Error() string { return e.What + " (" + e.Hint + ")" }

// Parts are the two halves of the message, for a list of problems.
func (e *Error) Parts() (what, hint string) { return e.What, e.Hint }
