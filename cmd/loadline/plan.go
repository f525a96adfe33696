package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"loadline/scenarios"
	"loadline/scenarios/plan"
)

func validateCommand(a app) *cobra.Command {
	var sets []string
	c := &cobra.Command{
		Use: "validate FILE...", Short: "check scenarios strictly, all problems at once; offers no load",
		Example: "  loadline validate upload.yaml\n  loadline validate scenarios/*.yaml",
		Args:    needFiles,
		RunE: func(_ *cobra.Command, files []string) error {
			plans, err := readPlans(files, sets)
			if err != nil {
				return err
			}
			for i, p := range plans {
				fmt.Fprintf(a.stdout, "%s: ok: %s\n", files[i], p.Scenario.Name)
				for _, w := range p.Warnings {
					a.hint("%s: warning: %s", files[i], w)
				}
			}
			return nil
		},
	}
	setFlag(c, &sets)
	return c
}

func planCommand(a app) *cobra.Command {
	var sets []string
	var format string
	c := &cobra.Command{
		Use: "plan FILE...", Short: "say what a run would do: time, ops, bytes, what is created and deleted, and whether it can decide",
		Example: "  loadline plan upload.yaml\n  loadline plan upload.yaml -o json",
		Args:    needFiles,
		RunE: func(_ *cobra.Command, files []string) error {
			draw, known := map[string]func(io.Writer, plan.Plan) error{"text": drawPlan, "json": encodePlan}[format]
			if !known {
				return usage(fmt.Errorf("-o %s: no such format (hint: text or json)", format))
			}
			if format == "json" && len(files) > 1 {
				return usage(fmt.Errorf("-o json: a document holds one plan, and %d were asked for (hint: plan them one at a time)", len(files)))
			}
			plans, err := readPlans(files, sets)
			if err != nil {
				return err
			}
			for _, p := range plans {
				if err := draw(a.stdout, p); err != nil {
					return notKept(err)
				}
			}
			return nil
		},
	}
	setFlag(c, &sets)
	c.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	return c
}

func drawPlan(w io.Writer, p plan.Plan) error {
	e := p.Estimate()
	fmt.Fprintf(w, "%s: %s\n", p.Scenario.Name, p.Scenario.Purpose)
	fmt.Fprintf(w, "  blocks: %d at most, judged after %s; trials: %d; cells: %d\n", e.Blocks, list(p.Looks), e.Trials, len(p.Cells))
	fmt.Fprintf(w, "  %s if every op ends at once, %s at most; reading back comes after that\n", e.Shortest, e.Longest)
	fmt.Fprintf(w, "  fingerprint %s, seed %d\n\n", p.Fingerprint, p.Scenario.Design.Seed)
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(plain())
	t.AppendHeader(table.Row{"arm", "where", "trials", "ops", "sends", "receives", "stores", "reads back", "creates", "deletes"})
	for _, x := range e.Arms {
		t.AppendRow(table.Row{x.Arm, x.Where, x.Trials, x.Ops.Count(), x.Sends.Bytes(), x.Receives.Bytes(), x.Stores.Bytes(), x.Reads.Bytes(), x.Creates.Count(), x.Deletes.Count()})
	}
	t.Render()
	for i, x := range e.Total.Words() {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "  %s\n", x)
	}
	for _, x := range p.Warnings {
		fmt.Fprintf(w, "\nwarning: %s\n", x)
	}
	return nil
}

// list is numbers in words: 8, 10 and 12.
func list(numbers []int) string {
	text := ""
	for i, n := range numbers {
		switch {
		case i > 0 && i == len(numbers)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += strconv.Itoa(n)
	}
	return text
}

func plain() table.Style {
	s := table.StyleDefault
	s.Format.Header = 0
	s.Options = table.OptionsNoBordersAndSeparators
	return s
}

func encodePlan(w io.Writer, p plan.Plan) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Schema      string           `json:"schema"`
		Scenario    string           `json:"scenario"`
		Fingerprint plan.Fingerprint `json:"fingerprint"`
		Looks       []int            `json:"looks"`
		Cells       []plan.Cell      `json:"cells"`
		Estimate    plan.Estimate    `json:"estimate"`
		Warnings    []string         `json:"warnings"`
	}{"loadline.plan/v1", p.Scenario.Name, p.Fingerprint, p.Looks, p.Cells, p.Estimate(), append([]string{}, p.Warnings...)})
}

func schemaCommand(a app) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of scenario files, for editors", Args: cobra.NoArgs,
		Example: "  loadline schema > loadline.schema.json",
		RunE: func(*cobra.Command, []string) error {
			schema, err := scenarios.Schema(kinds())
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(schema)
			return err
		},
	}
}
