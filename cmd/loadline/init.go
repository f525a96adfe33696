package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"loadline/probes/all"
	"loadline/scenarios"
	"loadline/scenarios/catalog"
)

// schemaFile is where the scenarios' first line tells editors to look.
const schemaFile = "loadline.schema.json"

func initCommand(a app) *cobra.Command {
	var from, around, through string
	var list bool
	c := &cobra.Command{
		Use: "init [FILE]", Short: "write a scenario of the catalogue that runs against your own target",
		Long: `init copies a scenario of the catalogue to FILE (loadline.yaml), fills in the
two ways to your service if you give them, and puts the JSON Schema for editors
beside it. It never writes over a file.`,
		Example: "  loadline init --list\n  loadline init upload.yaml --around https://origin.example.org --through https://files.example.org",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if list {
				return listCatalogue(a)
			}
			file := "loadline.yaml"
			if len(args) == 1 {
				file = args[0]
			}
			return initialise(a, file, from, map[string]string{"AROUND": around, "THROUGH": through})
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list the catalogue instead")
	c.Flags().StringVar(&from, "from", "edge/upload-through-around", "scenario of the catalogue to start from")
	c.Flags().StringVar(&around, "around", "", "URL that goes around the part that changes")
	c.Flags().StringVar(&through, "through", "", "URL that goes through it")
	return c
}

func listCatalogue(a app) error {
	for _, name := range catalog.Names() {
		src, err := fs.ReadFile(catalog.FS, name+".yaml")
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%-32s %s\n", name, purpose(src))
	}
	return nil
}

// purpose is the scenario's own line on what it is for.
func purpose(src []byte) string {
	for line := range strings.Lines(string(src)) {
		if text, ok := strings.CutPrefix(line, "purpose:"); ok {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// ways are the variables of the catalogue that stand for targets.
var ways = []string{"AROUND", "THROUGH"}

// isTarget reports whether a text can be the URL of an arm, as it stands
// between the quotes and braces of a scenario.
func isTarget(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(text, "\"\\${}\n")
}

func initialise(a app, file, from string, urls map[string]string) error {
	src, err := fs.ReadFile(catalog.FS, strings.TrimSuffix(from, ".yaml")+".yaml")
	if err != nil {
		return usage(fmt.Errorf("--from %s: not in the catalogue (hint: loadline init --list)", from))
	}
	text := string(src)
	for _, name := range ways {
		if urls[name] == "" {
			continue
		}
		flag := "--" + strings.ToLower(name)
		if !isTarget(urls[name]) {
			return usage(fmt.Errorf("%s %q is not an absolute http or https URL (hint: write one such as https://files.example.org)", flag, urls[name]))
		}
		if !strings.Contains(text, "${"+name+"}") {
			a.hint("%s has no arm that takes %s: it is left out", from, flag)
		}
		text = strings.ReplaceAll(text, "${"+name+"}", "${"+name+":-"+urls[name]+"}")
	}
	if err := create(file, []byte(text)); err != nil {
		return err
	}
	schema, err := scenarios.Schema(kinds())
	if err != nil {
		return err
	}
	beside := filepath.Join(filepath.Dir(file), schemaFile)
	if err := create(beside, schema); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	fmt.Fprintf(a.stdout, "wrote %s\n", file)
	for _, name := range ways {
		if urls[name] == "" && strings.Contains(text, "${"+name+"}") {
			a.hint("set %s to the URL it stands for, or write it into %s", name, file)
		}
	}
	a.hint("next: loadline plan %s", file)
	return nil
}

// create writes a file that is not there yet.
func create(file string, content []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage(fmt.Errorf("%s is not written over: %w (hint: name another file, or remove this one)", file, fs.ErrExist))
	case errors.Is(err, fs.ErrNotExist):
		return usage(fmt.Errorf("%w (hint: make the directory first)", err))
	case err != nil:
		return usage(fmt.Errorf("%w (hint: name a file in a directory that you may write to)", err))
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return notKept(err)
	}
	return nil
}

// kinds are the options of every kind of work, for the schema.
func kinds() map[string]any {
	out := map[string]any{}
	for _, p := range all.Builtin() {
		out[p.Info().Kind] = p.Info().Options
	}
	return out
}
