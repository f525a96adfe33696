package unit

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// ParseRatio reads a share such as 5% or 0.05.
func ParseRatio(text string) (Ratio, error) {
	value, name, ok := split(text)
	if !ok || (name != "" && name != "%") {
		return 0, &Error{fmt.Sprintf("%q is not a share", text), "write a share such as 5% or 0.05"}
	}
	if name == "%" {
		value.Quo(value, big.NewRat(100, 1))
	}
	f, ok := float(value)
	if !ok {
		return 0, &Error{fmt.Sprintf("%q is more than can be counted", text), "write a share such as 5%"}
	}
	return Ratio(f), nil
}

// String is the share as a percentage with four significant digits: "5%".
func (r Ratio) String() string { return percent(float64(r), 4) }

// MarshalText is exact, as a percentage.
func (r Ratio) MarshalText() ([]byte, error) { return []byte(percent(float64(r), -1)), nil }

// UnmarshalText reads what ParseRatio reads.
func (r *Ratio) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRatio(string(text))
	return err
}

// MarshalJSON is the plain share: 0.05 for 5%.
func (r Ratio) MarshalJSON() ([]byte, error) { return json.Marshal(float64(r)) }

// UnmarshalJSON reads a plain share, or one in quotes.
func (r *Ratio) UnmarshalJSON(data []byte) error {
	return fromJSON(data, func(f float64) { *r = Ratio(f) }, r.UnmarshalText)
}

// JSONSchema describes the written form in draft-07.
func (Ratio) JSONSchema() map[string]any {
	return map[string]any{
		"type": []string{"number", "string"}, "minimum": 0,
		"pattern": `^[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)? ?%?$`,
	}
}

// maxMargin bounds a margin: beyond it nothing is being asked.
const maxMargin = 1000

// ParseMargin reads a margin such as 5%, 1.05x or 2x, in the metric's own
// direction. A bare number is refused: 1.05 could be read both ways.
func ParseMargin(text string) (Margin, error) {
	value, name, ok := split(text)
	if ok {
		switch name {
		case "%":
			value.Quo(value, big.NewRat(100, 1))
		case "x", "×":
			value.Sub(value, big.NewRat(1, 1))
		default:
			ok = false
		}
	}
	if !ok {
		return 0, &Error{fmt.Sprintf("%q is not a margin", text), "write a margin such as 5% or 1.05x"}
	}
	f, _ := value.Float64()
	if f <= 0 {
		return 0, &Error{fmt.Sprintf("%s allows nothing to be worse, which no measurement can show", text),
			"write a margin above 0%, such as 5% or 1.05x"}
	}
	if f > maxMargin {
		return 0, &Error{fmt.Sprintf("%s would allow anything", text), "write a margin of 1000x or less"}
	}
	return Margin(f), nil
}

// Worse is how many times worse is allowed: 1.05 for 5%.
func (m Margin) Worse() float64 { return 1 + float64(m) }

// String is how many times worse is allowed: "1.05×".
func (m Margin) String() string {
	return strconv.FormatFloat(m.Worse(), 'g', 4, 64) + "×"
}

// MarshalText is exact, as a percentage.
func (m Margin) MarshalText() ([]byte, error) { return []byte(percent(float64(m), -1)), nil }

// UnmarshalText reads what ParseMargin reads.
func (m *Margin) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMargin(strings.TrimSpace(string(text)))
	return err
}

// MarshalJSON is the margin less one: 0.05 for 5%.
func (m Margin) MarshalJSON() ([]byte, error) { return json.Marshal(float64(m)) }

// UnmarshalJSON reads the margin less one, or a margin in quotes.
func (m *Margin) UnmarshalJSON(data []byte) error {
	return fromJSON(data, func(f float64) { *m = Margin(f) }, m.UnmarshalText)
}

// JSONSchema describes the written form in draft-07.
func (Margin) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)? ?(%|x|×)$`}
}
