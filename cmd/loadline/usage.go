package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"loadline/probes/record"
)

// strict makes every command of the tree refuse what it does not take, with
// exit 20 and a remedy. Left alone, a group of commands answers a subcommand
// that it does not have with its help and exit 0, which a pipeline reads as a
// pass.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Hidden = true // every command has --help
			c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error { return helpOn(root, args) }
		}
	}
	strictly(root)
}

func strictly(c *cobra.Command) {
	for _, sub := range c.Commands() {
		strictly(sub)
	}
	if c.HasSubCommands() && !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noSuchCommand(c, args[0])
			}
			return c.Help()
		}
		return
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil || errors.As(err, new(ending)) {
				return err
			}
			return usage(fmt.Errorf("%s was given %s (hint: %s; --help says more)", c.CommandPath(), given(args), c.UseLine()))
		}
	}
}

// given is the arguments of a command line in words.
func given(args []string) string {
	switch len(args) {
	case 0:
		return "no argument"
	case 1:
		return fmt.Sprintf("the argument %q", args[0])
	}
	return fmt.Sprintf("%d arguments, %q", len(args), args)
}

func noSuchCommand(group *cobra.Command, name string) error {
	group.SuggestionsMinimumDistance = 2
	var meant []string
	for _, s := range group.SuggestionsFor(name) {
		meant = append(meant, group.CommandPath()+" "+s)
	}
	hint := group.CommandPath() + " --help lists them"
	if len(meant) > 0 {
		hint = strings.Join(meant, " or ") + "; " + hint
	}
	return usage(fmt.Errorf("unknown command %q for %q (hint: %s)", name, group.CommandPath(), hint))
}

// helpOn is loadline help COMMAND.
func helpOn(root *cobra.Command, args []string) error {
	c, rest, err := root.Find(args)
	if err != nil || len(rest) > 0 {
		return noSuchCommand(c, rest[0])
	}
	return c.Help()
}

// openRun opens a record, and says where records are if there is none.
func openRun(path string) (record.Run, error) {
	run, err := record.Open(path)
	switch {
	case err == nil:
		return run, nil
	case !errors.Is(err, fs.ErrNotExist):
		return run, usage(err)
	}
	if below, _ := filepath.Glob(filepath.Join(path, "*", record.FileName)); len(below) > 0 {
		return run, usage(fmt.Errorf("%s: holds runs and is none itself (hint: name one, such as %s)", path, filepath.Dir(below[len(below)-1])))
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return run, usage(fmt.Errorf("%s: no record of a run lies here, which is a file %s (hint: name the directory of a run; run writes them below loadline-runs, or --out)", path, record.FileName))
	}
	return run, usage(fmt.Errorf("%w (hint: name the directory of a run; run writes them below loadline-runs, or --out)", err))
}
