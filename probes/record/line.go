package record

import "encoding/json"

// line is one line of a record: its type, and under the field of the same name
// what it holds. Readers skip types and fields that they do not know.
type line struct {
	Type      string      `json:"type"`
	Header    *Header     `json:"header,omitempty"`
	Names     *Names      `json:"names,omitempty"`
	Trial     *Trial      `json:"trial,omitempty"`
	Integrity []Integrity `json:"integrity,omitempty"`
	Warning   string      `json:"warning,omitempty"`
	Removed   *Names      `json:"removed,omitempty"`
	End       *End        `json:"end,omitempty"`
}

// The types of lines.
const (
	headerLine    = "header"
	namesLine     = "names"
	trialLine     = "trial"
	integrityLine = "integrity"
	warningLine   = "warning"
	removedLine   = "removed"
	endLine       = "end"
)

// encoded is the line with its end.
func (l line) encoded() ([]byte, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}
