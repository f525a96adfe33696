package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"loadline/probes/record"
)

// version is the release; a build from a checkout says its revision.
const version = "0.1.0"

// tool describes this binary for records and reports.
func tool() record.Tool {
	t := record.Tool{Version: version, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				t.Revision = s.Value
			}
		}
	}
	return t
}

func versionCommand(a app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "print version, revision and licence", Args: cobra.NoArgs,
		Example: "  loadline version\n  loadline version --json",
		RunE: func(*cobra.Command, []string) error {
			t := tool()
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(t)
			}
			fmt.Fprintf(a.stdout, "loadline %s", t.Version)
			if t.Revision != "" {
				fmt.Fprintf(a.stdout, " (%s)", t.Revision)
			}
			fmt.Fprintf(a.stdout, " %s %s/%s\nAGPL-3.0-or-later: you may have, change and share the source\n", t.Go, runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
