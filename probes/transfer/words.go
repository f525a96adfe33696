package transfer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// Options that may be written in more than one way read themselves. Each
// marshals to the form it is written in, so that an identity is readable.

// Range is the part of an object that a download asks for.
type Range struct {
	// Mode is empty (the whole), "tail", "span" or "random".
	Mode string
	// From and To are the first and last offset of a span; Length is that of
	// a tail or a random part.
	From, To, Length unit.Bytes
}

// UnmarshalText reads "tail 1MiB", "0-1048575" or "random 64KiB".
func (r *Range) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) == 2 && (words[0] == "tail" || words[0] == "random") {
		n, err := unit.ParseBytes(words[1])
		if err != nil {
			return err
		}
		if n <= 0 {
			return fmt.Errorf("%q asks for no bytes", text)
		}
		*r = Range{Mode: words[0], Length: n}
		return nil
	}
	first, last, ok := strings.Cut(string(text), "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if !ok || err1 != nil || err2 != nil || from < 0 || to < from {
		return fmt.Errorf("%q is not a range: write tail 1MiB, random 64KiB, or first-last in bytes such as 0-1048575", text)
	}
	*r = Range{Mode: "span", From: unit.Bytes(from), To: unit.Bytes(to)}
	return nil
}

// MarshalText writes the form that UnmarshalText reads; empty for the whole.
func (r Range) MarshalText() ([]byte, error) {
	switch r.Mode {
	case "":
		return nil, nil
	case "span":
		return fmt.Appendf(nil, "%d-%d", r.From, r.To), nil
	}
	return fmt.Appendf(nil, "%s %dB", r.Mode, r.Length), nil
}

// JSONSchema describes the written form in draft-07.
func (Range) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `^(tail|random) \S+$|^[0-9]+-[0-9]+$`}
}

// of is the part of an object of the given size, as offset and length; the
// seed places a random part. ok is false if the object is too small for it.
func (r Range) of(size unit.Bytes, seed uint64) (off, n int64, ok bool) {
	switch r.Mode {
	case "tail":
		return int64(size - r.Length), int64(r.Length), r.Length <= size
	case "span":
		return int64(r.From), int64(r.To - r.From + 1), r.To < size
	case "random":
		if r.Length > size {
			return 0, 0, false
		}
		dice := rand.New(rand.NewPCG(seed, 0x72616e6765)) // "range": a stream apart from the body's
		return dice.Int64N(int64(size-r.Length) + 1), int64(r.Length), true
	}
	return 0, int64(size), true
}

// header is the Range header for a part at off; empty for the whole.
func (r Range) header(off, n int64) string {
	switch r.Mode {
	case "":
		return ""
	case "tail":
		return fmt.Sprintf("bytes=-%d", n)
	}
	return fmt.Sprintf("bytes=%d-%d", off, off+n-1)
}

// Connections says how ops share connections.
type Connections struct {
	// Mode is "reuse", "fresh", "shared" or "idle".
	Mode string
	// Idle is the pause between two ops on one connection.
	Idle time.Duration
}

// DecodeNode reads a word, or {idle: 30s}.
func (c *Connections) DecodeNode(n scenarios.Node) scenarios.Problems {
	if n.IsMapping() {
		var in struct {
			Idle time.Duration `key:"idle" required:"true" min:"1ms" max:"24h" doc:"pause between ops on one connection, such as 30s"`
		}
		problems := n.Decode(&in)
		*c = Connections{Mode: "idle", Idle: in.Idle}
		return problems
	}
	text, _ := n.Scalar()
	switch text {
	case "reuse", "fresh", "shared":
		*c = Connections{Mode: text}
		return nil
	}
	return scenarios.Problems{n.Problem(fmt.Sprintf("%q is not a way to use connections", text), "reuse, fresh, shared, or {idle: 30s}")}
}

// MarshalJSON writes the form that DecodeNode reads.
func (c Connections) MarshalJSON() ([]byte, error) {
	if c.Mode == "idle" {
		return json.Marshal(map[string]string{"idle": c.Idle.String()})
	}
	return json.Marshal(c.Mode)
}

// JSONSchema describes the written forms in draft-07.
func (Connections) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"enum": []string{"reuse", "fresh", "shared"}},
		map[string]any{"type": "object", "properties": map[string]any{"idle": map[string]any{"type": "string"}}, "required": []string{"idle"}, "additionalProperties": false},
	}}
}

// Switch is on or off.
type Switch bool

// DecodeNode reads 100-continue, on or off, true or false.
func (s *Switch) DecodeNode(n scenarios.Node) scenarios.Problems {
	text, _ := n.Scalar()
	on, known := switched(text)
	if !known && text != "100-continue" {
		return scenarios.Problems{n.Problem(fmt.Sprintf("%q is neither 100-continue nor off", text), "write 100-continue or off")}
	}
	*s = Switch(on || !known)
	return nil
}

// switched reads the words that turn an option on or off.
func switched(text string) (on, known bool) {
	switch text {
	case "on", "true":
		return true, true
	case "off", "false":
		return false, true
	}
	return false, false
}

// JSONSchema describes the written forms in draft-07.
func (Switch) JSONSchema() map[string]any {
	return map[string]any{"enum": []any{"100-continue", true, false, "on", "off"}}
}

// Congestion is the TCP congestion control of all arms (under the empty key)
// or of named ones.
type Congestion map[string]string

// DecodeNode reads a word, or a mapping of arm to word.
func (c *Congestion) DecodeNode(n scenarios.Node) scenarios.Problems {
	if text, ok := n.Scalar(); ok {
		*c = Congestion{"": text}
		return badCongestion(n, text)
	}
	if !n.IsMapping() {
		return scenarios.Problems{n.Problem("is a list", "write cubic, or {through: cubic}")}
	}
	*c = Congestion{}
	var problems scenarios.Problems
	for _, arm := range n.Keys() {
		text, _ := n.Child(arm).Scalar()
		(*c)[arm] = text
		problems = append(problems, badCongestion(n.Child(arm), text)...)
	}
	return problems
}

func badCongestion(n scenarios.Node, text string) scenarios.Problems {
	if text == "" || len(text) > 15 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return scenarios.Problems{n.Problem(fmt.Sprintf("%q is no name of a TCP congestion control", text), "such as cubic, bbr or reno")}
	}
	return nil
}

// JSONSchema describes the written forms in draft-07.
func (Congestion) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "string"},
		map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}},
	}}
}

// in is the congestion control for an arm; a null arm uses its original's.
func (c Congestion) in(arm string) string {
	if own, ok := c[strings.TrimSuffix(arm, "~null")]; ok {
		return own
	}
	return c[""]
}
