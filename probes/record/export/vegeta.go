// Package export writes the raw observations of a record in the formats of
// other tools, so that people keep the tools they know. It is not a report:
// what is written has no verdict, and loses what the other format cannot say.
package export

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"loadline/probes"
	"loadline/probes/record"
)

// VegetaOptions choose what is written and how.
type VegetaOptions struct {
	// Encoding is one of Encodings; empty is gob.
	Encoding string
	// Arm and Cell limit it to one arm or cell; empty means all.
	Arm, Cell string
}

// Encodings are the encodings that vegeta reads, its own default first.
var Encodings = []string{"gob", "csv", "json"}

// Vegeta writes the run's raw observations as vegeta results, in order of
// time; `vegeta report` and `vegeta plot` read them.
//
// A result's timestamp is when the op was due and its latency the response
// time from then on, in nanoseconds, so that waiting on our own side counts,
// which vegeta's own results leave out. Attack is the arm, with the cell where
// there are several. The code is the answer's status, or 200 for an op that
// ended well without one, and 0 for every op that did not: vegeta takes any 2xx
// for a success, also of a body that was corrupt. The error is the outcome. An
// op that was cut has the time it had lasted; one that was dropped has 0.
// Bodies and headers are blank.
//
// If a chosen trial's observations were not kept, the error wraps
// record.ErrNoRaw and nothing is written.
func Vegeta(w io.Writer, run record.Run, o VegetaOptions) error {
	encoder, err := encoderFor(w, o.Encoding)
	if err != nil {
		return err
	}
	results, err := vegetaResults(run, o)
	if err != nil {
		return err
	}
	for i := range results {
		if err := encoder.Encode(&results[i]); err != nil {
			return fmt.Errorf("write vegeta results: %w", err)
		}
	}
	return nil
}

func encoderFor(w io.Writer, encoding string) (vegeta.Encoder, error) {
	switch encoding {
	case "", "gob":
		return vegeta.NewEncoder(w), nil
	case "csv":
		return vegeta.NewCSVEncoder(w), nil
	case "json":
		return vegeta.NewJSONEncoder(w), nil
	}
	return nil, fmt.Errorf("vegeta results have no encoding %q (hint: one of %s)", encoding, strings.Join(Encodings, ", "))
}

func vegetaResults(run record.Run, o VegetaOptions) (vegeta.Results, error) {
	urls := map[string]string{}
	for _, a := range run.Header.Arms {
		urls[a.ID] = a.Target.URL
	}
	var results vegeta.Results
	for _, t := range run.Trials {
		if o.Arm != "" && t.Arm != o.Arm || o.Cell != "" && t.Cell != o.Cell {
			continue
		}
		all, err := run.Observations(t)
		if err != nil {
			return nil, err
		}
		attack := t.Arm
		if len(run.Header.Cells) > 1 {
			attack += " " + t.Cell
		}
		for _, raw := range all {
			r := vegetaResult(raw, run.Header.Started.Add(t.At))
			r.Attack, r.URL = attack, urls[t.Arm]
			results = append(results, r)
		}
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("the run has no ops of arm %q in cell %q (hint: leave out the arm or cell)", o.Arm, o.Cell)
	}
	slices.SortStableFunc(results, func(a, b vegeta.Result) int { return a.Timestamp.Compare(b.Timestamp) })
	return results, nil
}

// vegetaResult is one observation of a trial whose zero was at epoch.
func vegetaResult(raw record.Raw, epoch time.Time) vegeta.Result {
	due := max(raw.Due, 0)
	r := vegeta.Result{
		Seq:       raw.Seq,
		Timestamp: epoch.Add(time.Duration(due)),
		BytesOut:  uint64(raw.Sent),
		BytesIn:   uint64(raw.Received),
	}
	if raw.End >= due {
		r.Latency = time.Duration(raw.End - due)
	}
	switch {
	case raw.Outcome == probes.OK && raw.Status == 0:
		r.Code = 200
	case raw.Outcome == probes.OK:
		r.Code = uint16(raw.Status)
	case raw.Outcome == probes.Status:
		r.Code, r.Error = uint16(raw.Status), fmt.Sprintf("%s %d", raw.Outcome, raw.Status)
	default:
		r.Error = string(raw.Outcome)
	}
	return r
}
