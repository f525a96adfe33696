package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"loadline/reports"
	"loadline/reports/all"
	"loadline/reports/html"
	"loadline/reports/text"
)

// ofScenario in a file's name stands for the scenario that the file is about.
const ofScenario = "{scenario}"

// output is one -o: a format, and a file or stdout. It takes the report of
// every scenario in turn.
type output struct {
	renderer reports.Renderer
	file     string // empty is stdout
	held     []reports.Report
}

// parseOutputs reads the -o flags; at most one may go to stdout, and text does
// if none was given.
func parseOutputs(flags []string, stdout io.Writer) ([]*output, error) {
	var outs []*output
	var problems []error
	onStdout := 0
	for _, f := range flags {
		format, file, named := strings.Cut(f, "=")
		r, err := all.Builtin().Find(format)
		switch {
		case err != nil:
			problems = append(problems, err)
			continue
		case named && file == "":
			problems = append(problems, fmt.Errorf("-o %s: there is no file after the = (hint: -o %s=FILE, or -o %s for stdout)", f, format, format))
		case file == "":
			onStdout++
		case slices.ContainsFunc(outs, func(o *output) bool { return o.file == file }):
			problems = append(problems, fmt.Errorf("-o %s: another -o writes to %s too (hint: give each a file of its own)", f, file))
		}
		outs = append(outs, &output{renderer: r, file: file})
	}
	if onStdout > 1 {
		problems = append(problems, errors.New("-o: more than one format would go to stdout (hint: give the others a file, such as -o json=verdict.json)"))
	}
	if len(problems) > 0 {
		return nil, usage(errors.Join(problems...))
	}
	if onStdout == 0 {
		outs = append(outs, &output{renderer: text.Renderer{}})
	}
	for _, o := range outs {
		if o.file == "" && o.renderer.Format() == "text" {
			o.renderer = text.Renderer{Color: colours(stdout)}
		}
	}
	return outs, nil
}

// checkRoom refuses outputs for which there is no folder and those in which one
// scenario would overwrite another, before any load is offered: a gate that
// reads the file would read the last one's verdict for all. The folder of the
// runs is made when the first begins.
func checkRoom(outs []*output, scenarios []string, runs string) error {
	var problems []error
	for _, o := range outs {
		format := o.renderer.Format()
		if err := o.hasFolder(scenarios, runs); err != nil {
			problems = append(problems, err)
			continue
		}
		if !o.apart() {
			if len(scenarios) > 1 && !o.shared() {
				problems = append(problems, fmt.Errorf("-o %s: a %s document holds one scenario, and %d are run (hint: -o %s=%s.%s writes a file for each)",
					strings.TrimSuffix(format+"="+o.file, "="), format, len(scenarios), format, ofScenario, format))
			}
			continue
		}
		of := map[string]string{}
		for _, name := range scenarios {
			path := o.path(name)
			if other, taken := of[path]; taken {
				problems = append(problems, fmt.Errorf("-o %s=%s: %s and %s would both be written to %s (hint: give the scenarios other names)", format, o.file, other, name, path))
			}
			of[path] = name
		}
	}
	if len(problems) > 0 {
		return usage(errors.Join(problems...))
	}
	return nil
}

// apart reports whether every scenario gets a file of its own.
func (o *output) apart() bool { return strings.Contains(o.file, ofScenario) }

// path is the file of a scenario; the folder in its name becomes a part of it.
func (o *output) path(scenario string) string {
	return strings.ReplaceAll(o.file, ofScenario, strings.ReplaceAll(scenario, "/", "-"))
}

// hasFolder fails if a file would lie in no folder.
func (o *output) hasFolder(scenarios []string, runs string) error {
	if o.file == "" {
		return nil
	}
	for _, name := range scenarios {
		dir := filepath.Dir(o.path(name))
		if info, err := os.Stat(dir); (err != nil || !info.IsDir()) && dir != filepath.Clean(runs) {
			return fmt.Errorf("-o %s=%s: there is no folder %s (hint: mkdir -p %s)", o.renderer.Format(), o.file, dir, dir)
		}
	}
	return nil
}

// shared reports whether one document may hold several scenarios.
func (o *output) shared() bool {
	_, appends := o.renderer.(reports.Appender)
	return appends || o.joins()
}

func (o *output) joins() bool {
	_, joins := o.renderer.(reports.Joiner)
	return joins
}

// take draws the report of one scenario at once, so that a later crash costs
// nothing; only a joined document on stdout has to wait for the end.
func (o *output) take(stdout io.Writer, r reports.Report) error {
	o.held = append(o.held, r)
	switch {
	case o.file == "" && o.joins():
		return nil
	case o.file == "":
		var b bytes.Buffer
		if a, ok := o.renderer.(reports.Appender); ok && len(o.held) > 1 {
			b.WriteString(a.Separator())
		}
		if err := o.renderer.Render(&b, r); err != nil {
			return fmt.Errorf("stdout: %w", err)
		}
		return toStdout(stdout, b.Bytes())
	case o.apart():
		return writeFile(o.path(r.Scenario), o.renderer.Format(), func(w io.Writer) error { return o.renderer.Render(w, r) })
	default:
		return writeFile(o.file, o.renderer.Format(), o.drawHeld)
	}
}

// miss notes a scenario that left no run. On stdout stderr says so; a file that
// an earlier run left would still say PASS, and a suite that is missing reads
// as one that is well.
func (o *output) miss(stdout io.Writer, r reports.Report) error {
	if o.file == "" && !o.joins() {
		return nil
	}
	return o.take(stdout, r)
}

// end writes what had to wait.
func (o *output) end(stdout io.Writer) error {
	if o.file != "" || !o.joins() || len(o.held) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := o.drawHeld(&b); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return toStdout(stdout, b.Bytes())
}

// drawHeld draws one document of all reports so far.
func (o *output) drawHeld(w io.Writer) error {
	if j, ok := o.renderer.(reports.Joiner); ok {
		return j.RenderAll(w, o.held)
	}
	for i, r := range o.held {
		if a, ok := o.renderer.(reports.Appender); ok && i > 0 {
			if _, err := io.WriteString(w, a.Separator()); err != nil {
				return err
			}
		}
		if err := o.renderer.Render(w, r); err != nil {
			return err
		}
	}
	return nil
}

// each does something with every output. A file that cannot be written is a
// record that could not be kept; the others are still written.
func each(outs []*output, do func(*output) error) error {
	var problems []error
	for _, o := range outs {
		if err := do(o); err != nil {
			problems = append(problems, notKept(err))
		}
	}
	return errors.Join(problems...)
}

// write draws the one report of a command to every output.
func write(outs []*output, stdout io.Writer, r reports.Report) error {
	return each(outs, func(o *output) error { return errors.Join(o.take(stdout, r), o.end(stdout)) })
}

func toStdout(stdout io.Writer, b []byte) error {
	if _, err := stdout.Write(b); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}

func writeFile(file, format string, draw func(io.Writer) error) error {
	var b bytes.Buffer
	err := draw(&b)
	if err == nil {
		err = os.WriteFile(file, b.Bytes(), 0o644)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("-o %s: %w (hint: make the directory first)", format, err)
	case err != nil:
		return fmt.Errorf("-o %s=%s: %w", format, file, err)
	}
	return nil
}

// keepPage writes the HTML page beside the record and returns its path.
func keepPage(dir string, r reports.Report) (string, error) {
	if dir == "" {
		return "", nil
	}
	path := filepath.Join(dir, "report.html")
	page := html.Renderer{}
	return path, writeFile(path, page.Format(), func(w io.Writer) error { return page.Render(w, r) })
}

// colours reports whether w is a terminal whose user has not asked for none.
func colours(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}
