package unit

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// bits are the written units of network links, in bytes per second.
var bits = map[string]int64{"kbit": 125, "Mbit": 125_000, "Gbit": 125_000_000}

// ParseBytesPerSecond reads a rate such as 200MB/s, 1.5GiB/s or 10Gbit/s.
func ParseBytesPerSecond(text string) (BytesPerSecond, error) {
	name, per, _ := strings.Cut(strings.TrimSpace(text), "/")
	value, name, ok := split(name)
	if !ok || per != "s" || name == "" {
		return 0, &Error{fmt.Sprintf("%q is not a rate of bytes", text), "write a rate such as 200MB/s, 1GiB/s or 10Gbit/s"}
	}
	factor, ok := bits[name]
	if !ok {
		size, known := multipleOf(name)
		if !known {
			return 0, &Error{fmt.Sprintf("%q has no unit of bytes that is known: %q", text, name), unitHint(name)}
		}
		factor = int64(size)
	}
	f, ok := float(value.Mul(value, new(big.Rat).SetInt64(factor)))
	if !ok {
		return 0, &Error{fmt.Sprintf("%q is more than can be counted", text), "write a rate such as 200MB/s"}
	}
	return BytesPerSecond(f), nil
}

// String is the rate with three significant digits, in SI units: "200 MB/s".
func (r BytesPerSecond) String() string {
	if r < 0 {
		return "-" + (-r).String()
	}
	for _, m := range si {
		if f := float64(r) / float64(m.size); f >= 0.9995 {
			return significant(f) + " " + m.name + "/s"
		}
	}
	return significant(float64(r)) + " B/s"
}

// MarshalText is exact, in bytes per second.
func (r BytesPerSecond) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(r), 'f', -1, 64) + "B/s"), nil
}

// UnmarshalText reads what ParseBytesPerSecond reads.
func (r *BytesPerSecond) UnmarshalText(text []byte) (err error) {
	*r, err = ParseBytesPerSecond(string(text))
	return err
}

// MarshalJSON is the number of bytes per second.
func (r BytesPerSecond) MarshalJSON() ([]byte, error) { return json.Marshal(float64(r)) }

// UnmarshalJSON reads a number of bytes per second, or a rate in quotes.
func (r *BytesPerSecond) UnmarshalJSON(data []byte) error {
	return fromJSON(data, func(f float64) { *r = BytesPerSecond(f) }, r.UnmarshalText)
}

// JSONSchema describes the written form in draft-07.
func (BytesPerSecond) JSONSchema() map[string]any {
	return map[string]any{
		"type":    "string",
		"pattern": `^[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)? ?(B|[KMGT]iB|[kKMGT]B|[kMG]bit)/s$`,
	}
}

// periods are the written units of time of a rate, in seconds.
var periods = map[string]int64{"s": 1, "min": 60, "h": 3600}

// ParsePerSecond reads a rate of events such as 50/s, 3000/min or 10/h.
func ParsePerSecond(text string) (PerSecond, error) {
	count, per, _ := strings.Cut(strings.TrimSpace(text), "/")
	value, rest, ok := split(count)
	seconds, known := periods[per]
	if !ok || rest != "" || !known {
		return 0, &Error{fmt.Sprintf("%q is not a rate", text), "write a rate such as 50/s or 3000/min"}
	}
	f, ok := float(value.Quo(value, new(big.Rat).SetInt64(seconds)))
	if !ok {
		return 0, &Error{fmt.Sprintf("%q is more than can be counted", text), "write a rate such as 50/s"}
	}
	return PerSecond(f), nil
}

// String is the rate with three significant digits: "50/s".
func (r PerSecond) String() string {
	if r < 0 {
		return "-" + (-r).String()
	}
	return significant(float64(r)) + "/s"
}

// MarshalText is exact, per second.
func (r PerSecond) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s"), nil
}

// UnmarshalText reads what ParsePerSecond reads.
func (r *PerSecond) UnmarshalText(text []byte) (err error) {
	*r, err = ParsePerSecond(string(text))
	return err
}

// MarshalJSON is the number per second.
func (r PerSecond) MarshalJSON() ([]byte, error) { return json.Marshal(float64(r)) }

// UnmarshalJSON reads a number per second, or a rate in quotes.
func (r *PerSecond) UnmarshalJSON(data []byte) error {
	return fromJSON(data, func(f float64) { *r = PerSecond(f) }, r.UnmarshalText)
}

// JSONSchema describes the written form in draft-07.
func (PerSecond) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)?/(s|min|h)$`}
}
