package selftest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Schema is the version of what WriteJSON writes.
const Schema = "loadline.selftest/v1"

// Failed counts the faults that were missed and the twins that were not silent.
func Failed(outcomes []Outcome) (missed, alarms int) {
	for _, o := range outcomes {
		if o.Missed != "" {
			missed++
		}
		if o.Alarm != "" {
			alarms++
		}
	}
	return missed, alarms
}

// WriteText writes a table for people, and under it what went wrong.
func WriteText(w io.Writer, outcomes []Outcome) error {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Format.Header = 0
	style.Options = table.OptionsNoBordersAndSeparators
	t.SetStyle(style)
	t.AppendHeader(table.Row{"planted", "at", "caught by", "", "healthy twin", ""})
	var problems strings.Builder
	for _, o := range outcomes {
		t.AppendRow(table.Row{o.Case.Plants, o.Case.At, string(o.Case.By), mark(o.Missed), o.Twin, mark(o.Alarm)})
		for _, p := range []string{o.Missed, o.Alarm} {
			if p != "" {
				fmt.Fprintf(&problems, "✗ %s: %s\n", o.Case.Name, p)
			}
		}
		if o.Starved && !o.OK() {
			fmt.Fprintf(&problems, "  %s: the machine had no core to spare; try again when it is idle\n", o.Case.Name)
		}
	}
	missed, alarms := Failed(outcomes)
	summary := fmt.Sprintf("%d of %d planted faults caught, %d of %d healthy twins silent",
		len(outcomes)-missed, len(outcomes), len(outcomes)-alarms, len(outcomes))
	_, err := fmt.Fprintf(w, "%s\n\n%s%s\n", t.Render(), problems.String(), summary)
	return err
}

func mark(problem string) string {
	if problem == "" {
		return "✓"
	}
	return "✗"
}

type row struct {
	Name    string  `json:"name"`
	Plants  string  `json:"plants"`
	At      Place   `json:"at"`
	By      string  `json:"by"`
	Caught  bool    `json:"caught"`
	Missed  string  `json:"missed,omitempty"`
	Verdict string  `json:"verdict"`
	Where   string  `json:"where"`
	Silent  bool    `json:"twin_silent"`
	Alarm   string  `json:"alarm,omitempty"`
	Twin    string  `json:"twin_verdict"`
	Starved bool    `json:"starved,omitempty"`
	Seconds float64 `json:"seconds"`
}

// WriteJSON writes the outcomes for programs; fields are only ever added.
func WriteJSON(w io.Writer, outcomes []Outcome) error {
	rows := make([]row, 0, len(outcomes))
	ok := true
	for _, o := range outcomes {
		ok = ok && o.OK()
		rows = append(rows, row{
			Name: o.Case.Name, Plants: o.Case.Plants, At: o.Case.At, By: string(o.Case.By),
			Caught: o.Missed == "", Missed: o.Missed, Verdict: o.Verdict, Where: o.Where,
			Silent: o.Alarm == "", Alarm: o.Alarm, Twin: o.Twin, Starved: o.Starved, Seconds: o.Took.Seconds(),
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Schema string `json:"schema"`
		OK     bool   `json:"ok"`
		Cases  []row  `json:"cases"`
	}{Schema, ok, rows})
}
