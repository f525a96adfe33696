package unit

import (
	"fmt"
	"math/big"
	"strconv"
)

// multiple is a written prefix of bytes.
type multiple struct {
	name string
	size Bytes
}

var (
	iec = []multiple{{"TiB", TiB}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}}
	si  = []multiple{{"TB", TB}, {"GB", GB}, {"MB", MB}, {"kB", KB}}
)

// multipleOf is the number of bytes that a written unit stands for; KB is
// another spelling of kB.
func multipleOf(name string) (Bytes, bool) {
	switch name {
	case "", "B":
		return 1, true
	case "KB": // as many write it
		return KB, true
	}
	for _, list := range [][]multiple{iec, si} {
		for _, m := range list {
			if m.name == name {
				return m.size, true
			}
		}
	}
	return 0, false
}

// ParseBytes reads a size such as 1GiB (2^30), 1GB (10^9), 1.5MiB or 4096. A
// size that is not a whole number of bytes is an error, never rounded.
func ParseBytes(text string) (Bytes, error) {
	value, name, ok := split(text)
	if !ok {
		return 0, &Error{fmt.Sprintf("%q is not a size", text), "write a size such as 64KiB, 1GiB or 1GB"}
	}
	size, ok := multipleOf(name)
	if !ok {
		return 0, &Error{fmt.Sprintf("%q has no unit of bytes that is known: %q", text, name), unitHint(name)}
	}
	value.Mul(value, new(big.Rat).SetInt64(int64(size)))
	if !value.IsInt() {
		return 0, &Error{fmt.Sprintf("%s is not a whole number of bytes", text), "use a smaller unit"}
	}
	if !value.Num().IsInt64() {
		return 0, &Error{fmt.Sprintf("%s is more than can be counted", text), "the largest size is 8388607TiB"}
	}
	return Bytes(value.Num().Int64()), nil
}

// unitHint tells apart the two readings of a unit that has two.
func unitHint(name string) string {
	switch name {
	case "K", "k", "Ki", "kb", "kib":
		return "write KiB for 1024 or kB for 1000 bytes"
	case "M", "m", "Mi", "mb", "mib", "Mb":
		return "write MiB for 2^20 or MB for 10^6 bytes"
	case "G", "g", "Gi", "gb", "gib", "Gb":
		return "write GiB for 2^30 or GB for 10^9 bytes"
	case "T", "t", "Ti", "tb", "tib", "Tb":
		return "write TiB for 2^40 or TB for 10^12 bytes"
	}
	return "one of B, KiB, MiB, GiB, TiB, kB, MB, GB, TB"
}

// String is exact where that is short ("100MiB", "1GB") and otherwise rounded
// ("1.2 GB"); the space tells the two apart.
func (b Bytes) String() string {
	if b < 0 {
		return "-" + (-b).String()
	}
	if text, whole := b.exact(); whole < 10000 {
		return text
	}
	for _, m := range si {
		if f := float64(b) / float64(m.size); f >= 9.95 {
			return fmt.Sprintf("%.0f %s", f, m.name)
		} else if f >= 1 {
			return fmt.Sprintf("%.1f %s", f, m.name)
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// exact is the shortest exact form and the number in it.
func (b Bytes) exact() (text string, whole int64) {
	text, whole = strconv.FormatInt(int64(b), 10)+"B", int64(b)
	if b == 0 {
		return "0B", 0
	}
	for _, list := range [][]multiple{iec, si} {
		for _, m := range list {
			if n := int64(b / m.size); b%m.size == 0 && n < whole {
				text, whole = strconv.FormatInt(n, 10)+m.name, n
			}
		}
	}
	return text, whole
}

// MarshalText is exact: what it writes is read as the same number of bytes.
func (b Bytes) MarshalText() ([]byte, error) {
	text, _ := b.exact()
	return []byte(text), nil
}

// UnmarshalText reads what ParseBytes reads.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	*b, err = ParseBytes(string(text))
	return err
}

// MarshalJSON is the number of bytes.
func (b Bytes) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, int64(b), 10), nil }

// UnmarshalJSON reads a number of bytes, or a size in quotes.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		*b = Bytes(n)
		return nil
	}
	return fromJSON(data, func(f float64) { *b = Bytes(f) }, b.UnmarshalText)
}

// JSONSchema describes the written form in draft-07.
func (Bytes) JSONSchema() map[string]any {
	return map[string]any{
		"type": []string{"integer", "string"}, "minimum": 0,
		"pattern": `^[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)? ?(B|[KMGT]iB|[kKMGT]B)?$`,
	}
}
