package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"loadline/infra/doctor"
)

func doctorCommand(a app) *cobra.Command {
	var m doctor.Machine
	var format string
	c := &cobra.Command{
		Use: "doctor", Short: "check this machine before it offers load; each failure comes with the command that mends it",
		Example: "  loadline doctor\n  loadline doctor --host files.example.org --congestion cubic -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			draw := doctor.WriteText
			switch format {
			case "text":
			case "json":
				draw = doctor.WriteJSON
			default:
				return usage(fmt.Errorf("-o %s: no such format (hint: text or json)", format))
			}
			results := doctor.Examine(c.Context(), m, doctor.Checks())
			if err := draw(a.stdout, results); err != nil {
				return notKept(err)
			}
			if doctor.Worst(results) == doctor.Fail {
				return unreachable(errors.New("no run on this machine could be trusted or kept; the failed checks say what mends it"))
			}
			return nil
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	c.Flags().StringVar(&m.Out, "out", ".", "directory that records would go to")
	c.Flags().StringSliceVar(&m.Hosts, "host", nil, "names of targets to look up")
	c.Flags().StringSliceVar(&m.Congestion, "congestion", nil, "congestion controls that arms would ask for")
	return c
}
