package fault

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// field reads and writes one key of a fault's text.
type field struct {
	key   string
	parse func(*Fault, string) error
	text  func(Fault) string // empty when the key is unset
}

var fields = []field{
	{"on", func(f *Fault, s string) error { f.On = Direction(s); return oneOf(s, "upload", "download") },
		func(f Fault) string { return string(f.On) }},
	{"name", func(f *Fault, s string) error { f.Name = s; return nil }, func(f Fault) string { return f.Name }},
	{"above", func(f *Fault, s string) error { return parseBytes(&f.Above, s) }, func(f Fault) string { return number(f.Above) }},
	{"skip", func(f *Fault, s string) error { return parseInt(&f.Skip, s) }, func(f Fault) string { return number(int64(f.Skip)) }},
	{"every", func(f *Fault, s string) error { return parseInt(&f.Every, s) }, func(f Fault) string { return number(int64(f.Every)) }},
	{"p", func(f *Fault, s string) (err error) { f.P, err = strconv.ParseFloat(s, 64); return err },
		func(f Fault) string { return optional(f.P != 0, strconv.FormatFloat(f.P, 'g', -1, 64)) }},
	{"seed", func(f *Fault, s string) (err error) { f.Seed, err = strconv.ParseUint(s, 10, 64); return err },
		func(f Fault) string { return optional(f.Seed != 0, strconv.FormatUint(f.Seed, 10)) }},
	{"times", func(f *Fault, s string) error { return parseInt(&f.Times, s) }, func(f Fault) string { return number(int64(f.Times)) }},
	{"at", func(f *Fault, s string) error { return parseBytes(&f.At, s) }, func(f Fault) string { return number(f.At) }},
	{"size", func(f *Fault, s string) error { return parseBytes(&f.Size, s) }, func(f Fault) string { return number(f.Size) }},
	{"delay", func(f *Fault, s string) (err error) { f.Delay, err = time.ParseDuration(s); return err },
		func(f Fault) string { return optional(f.Delay != 0, f.Delay.String()) }},
	{"rate", func(f *Fault, s string) error { return parseBytes(&f.Rate, strings.TrimSuffix(s, "/s")) },
		func(f Fault) string { return number(f.Rate) }},
	{"status", func(f *Fault, s string) error { return parseInt(&f.Status, s) }, func(f Fault) string { return number(int64(f.Status)) }},
	{"store", func(f *Fault, s string) (err error) { f.Store, err = strconv.ParseBool(s); return err },
		func(f Fault) string { return optional(f.Store, "true") }},
}

// Parse reads one fault from its line of text and checks it.
func Parse(line string) (Fault, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return Fault{}, fmt.Errorf("fault: empty line (write: KIND key=value …; kinds: %s)", kindList())
	}
	f := Fault{Kind: Kind(words[0])}
	for _, w := range words[1:] {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			return Fault{}, fmt.Errorf("fault %s: %q is not key=value", f.Kind, w)
		}
		if err := f.set(key, value); err != nil {
			return Fault{}, fmt.Errorf("fault %s: %s: %w", f.Kind, w, err)
		}
	}
	return f, f.Check()
}

func (f *Fault) set(key, value string) error {
	known := make([]string, 0, len(fields))
	for _, fd := range fields {
		if fd.key == key {
			return fd.parse(f, value)
		}
		known = append(known, fd.key)
	}
	return fmt.Errorf("no such key (known: %s)", strings.Join(known, " "))
}

// String writes f as the line that Parse reads.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(string(f.Kind))
	for _, fd := range fields {
		if v := fd.text(f); v != "" {
			b.WriteString(" " + fd.key + "=" + v)
		}
	}
	return b.String()
}

// suffixes are tried in this order, so that MiB is not read as a B with "Mi".
var suffixes = []struct {
	text string
	n    int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
}

func parseBytes(n *int64, s string) error {
	factor := int64(1)
	for _, x := range suffixes {
		if t, ok := strings.CutSuffix(s, x.text); ok {
			s, factor = t, x.n
			break
		}
	}
	v, err := strconv.ParseInt(s, 10, 64)
	*n = v * factor
	if err == nil && v != 0 && *n/v != factor {
		return strconv.ErrRange
	}
	return err
}

func parseInt(n *int, s string) (err error) {
	*n, err = strconv.Atoi(s)
	return err
}

func number(n int64) string { return optional(n != 0, strconv.FormatInt(n, 10)) }

func optional(set bool, s string) string {
	if !set {
		return ""
	}
	return s
}

func oneOf(s string, allowed ...string) error {
	for _, a := range allowed {
		if s == a {
			return nil
		}
	}
	return fmt.Errorf("want %s", strings.Join(allowed, " or "))
}
