package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"loadline/reports"
	"loadline/reports/all"
	"loadline/reports/html"
	"loadline/reports/text"
)

// output is one -o: a format, and a file or stdout.
type output struct {
	renderer reports.Renderer
	file     string // empty is stdout
}

// parseOutputs reads the -o flags; at most one may go to stdout, and text does
// if none was given.
func parseOutputs(flags []string, stdout io.Writer) ([]output, error) {
	var outs []output
	var problems []error
	onStdout := 0
	for _, f := range flags {
		format, file, _ := strings.Cut(f, "=")
		r, err := all.Builtin().Find(format)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if file == "" {
			onStdout++
		}
		outs = append(outs, output{r, file})
	}
	if onStdout > 1 {
		problems = append(problems, errors.New("-o: more than one format would go to stdout (hint: give the others a file, such as -o json=verdict.json)"))
	}
	if len(problems) > 0 {
		return nil, usage(errors.Join(problems...))
	}
	if onStdout == 0 {
		outs = append(outs, output{renderer: text.Renderer{}})
	}
	for i, o := range outs {
		if o.file == "" && o.renderer.Format() == "text" {
			outs[i].renderer = text.Renderer{Color: colours(stdout)}
		}
	}
	return outs, nil
}

// colours reports whether w is a terminal whose user has not asked for none.
func colours(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// write renders the report to every output. A file that cannot be written is a
// record that could not be kept; the others are still written.
func write(outs []output, stdout io.Writer, r reports.Report) error {
	var problems []error
	for _, o := range outs {
		if o.file == "" {
			if err := o.renderer.Render(stdout, r); err != nil {
				problems = append(problems, notKept(fmt.Errorf("stdout: %w", err)))
			}
			continue
		}
		if err := writeFile(o.file, o.renderer, r); err != nil {
			problems = append(problems, notKept(err))
		}
	}
	return errors.Join(problems...)
}

func writeFile(file string, renderer reports.Renderer, r reports.Report) error {
	var b bytes.Buffer
	if err := renderer.Render(&b, r); err != nil {
		return fmt.Errorf("-o %s=%s: %w", renderer.Format(), file, err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("-o %s: %w", renderer.Format(), err)
	}
	return nil
}

// keepPage writes the HTML page beside the record and returns its path.
func keepPage(dir string, r reports.Report) (string, error) {
	if dir == "" {
		return "", nil
	}
	path := filepath.Join(dir, "report.html")
	return path, writeFile(path, html.Renderer{}, r)
}
