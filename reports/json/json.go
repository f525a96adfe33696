// Package json writes the decision as a document for programs: the public
// contract loadline.verdict/v1. Fields are only ever added. A number that is
// not known is null, and an infinite one is the string "inf".
package json

import (
	_ "embed"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"loadline/probes/record"
	"loadline/reports"
	"loadline/reports/verdict"
)

// Schema names the contract.
const Schema = "loadline.verdict/v1"

// SchemaDocument is the contract as JSON Schema, draft-07.
//
//go:embed schema.json
var SchemaDocument []byte

// Renderer writes loadline.verdict/v1.
type Renderer struct{}

// Format is "json".
func (Renderer) Format() string { return "json" }

// Render writes the document, indented, with a final newline.
func (Renderer) Render(w io.Writer, r reports.Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(document(r))
}

type doc struct {
	Schema      string            `json:"schema"`
	Verdict     verdict.Verdict   `json:"verdict"`
	ExitCode    int               `json:"exit_code"`
	Sentence    string            `json:"sentence"`
	Run         string            `json:"run"`
	Scenario    string            `json:"scenario"`
	Started     time.Time         `json:"started"`
	Seconds     number            `json:"seconds"`
	Partial     string            `json:"partial,omitempty"`
	Findings    []finding         `json:"findings"`
	Integrity   integrity         `json:"integrity"`
	Attribution attributed        `json:"attribution"`
	Health      health            `json:"health"`
	Warnings    []string          `json:"warnings"`
	MoreBlocks  int               `json:"more_blocks,omitempty"`
	Environment map[string]string `json:"environment"`
	Tool        record.Tool       `json:"tool"`
	Fingerprint string            `json:"fingerprint"`
	Reproduce   []string          `json:"reproduce"`
}

type finding struct {
	Metric    string          `json:"metric"`
	Stat      string          `json:"stat"`
	Unit      string          `json:"unit"`
	Cell      string          `json:"cell"`
	Arm       string          `json:"arm"`
	Reference string          `json:"reference"`
	Verdict   verdict.Verdict `json:"verdict"`
	Effect    effect          `json:"effect"`
	Values    values          `json:"values"`
	Margin    number          `json:"margin"`
	Max       number          `json:"max"`
	N         int             `json:"n"`
	Reason    string          `json:"reason"`
	Clear     bool            `json:"clear_harm,omitempty"`
}

type effect struct {
	Ratio number `json:"ratio"`
	Low   number `json:"low"`
	High  number `json:"high"`
}

type values struct {
	Reference number `json:"reference"`
	Candidate number `json:"candidate"`
}

type integrity struct {
	Acknowledged     uint64             `json:"acknowledged"`
	Intact           uint64             `json:"intact"`
	Lost             uint64             `json:"lost"`
	Corrupt          uint64             `json:"corrupt"`
	Duplicated       uint64             `json:"duplicated"`
	RefusedButStored uint64             `json:"refused_but_stored"`
	Unverified       uint64             `json:"unverified"`
	LossUpperBound95 number             `json:"loss_upper_bound_95"`
	ReadWrong        uint64             `json:"read_wrong"`
	Arms             []record.Integrity `json:"arms,omitempty"`
}

type attributed struct {
	Arm      string   `json:"arm"`
	Where    string   `json:"where"`
	Evidence []string `json:"evidence"`
}

type health struct {
	OK       bool     `json:"ok"`
	Problems []string `json:"problems"`
	Remarks  []string `json:"remarks"`
}

func document(r reports.Report) doc {
	d := r.Decision
	out := doc{
		Schema: Schema, Verdict: d.Verdict, ExitCode: r.Exit, Sentence: d.Sentence,
		Run: r.Run, Scenario: r.Scenario, Started: r.Started.UTC(), Seconds: number(r.Took.Seconds()), Partial: r.Partial,
		Findings: make([]finding, 0, len(d.Findings)),
		Integrity: integrity{
			d.Integrity.Acknowledged, d.Integrity.Intact, d.Integrity.Lost, d.Integrity.Corrupt, d.Integrity.Duplicated,
			d.Integrity.RefusedButStored, d.Integrity.Unverified, number(d.Integrity.LossUpperBound95), d.Integrity.ReadWrong, r.Ledger,
		},
		Attribution: attributed{r.Attribution.Arm, r.Attribution.Where, list(r.Attribution.Evidence)},
		Health:      health{d.Health.OK, list(d.Health.Problems), list(d.Health.Remarks)},
		Warnings:    list(d.Warnings), MoreBlocks: d.MoreBlocks,
		Environment: make(map[string]string, len(r.Environment)),
		Tool:        r.Tool, Fingerprint: r.Fingerprint, Reproduce: list(r.Reproduce),
	}
	for _, f := range r.Environment {
		out.Environment[f.Name] = f.Value
	}
	for _, f := range d.Findings {
		out.Findings = append(out.Findings, finding{
			f.Metric, f.Stat, f.Unit, f.Cell, f.Arm, f.Reference, f.Verdict,
			effect{number(f.Effect.Ratio), number(f.Effect.Low), number(f.Effect.High)},
			values{number(f.Values.Reference), number(f.Values.Candidate)},
			number(f.Margin), number(f.Max), f.N, f.Reason, f.Clear,
		})
	}
	return out
}

// list keeps an empty list a list: programs index it without asking.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// number is a float that JSON can hold whatever it is.
type number float64

// MarshalJSON writes null for NaN, "inf" and "-inf" for the infinities.
func (n number) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte("null"), nil
	case math.IsInf(v, 1):
		return []byte(`"inf"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-inf"`), nil
	default:
		return strconv.AppendFloat(nil, v, 'g', 6, 64), nil
	}
}
