// Package all is the one table that names every renderer.
package all

import (
	"fmt"
	"strings"

	"loadline/reports"
	"loadline/reports/html"
	"loadline/reports/json"
	"loadline/reports/junit"
	"loadline/reports/markdown"
	"loadline/reports/text"
)

// Table is the list of renderers.
type Table []reports.Renderer

// Builtin are the renderers in the order in which the manual lists them.
func Builtin() Table {
	return Table{text.Renderer{}, json.Renderer{}, html.Renderer{}, junit.Renderer{}, markdown.Renderer{}}
}

// Find is the renderer of a format.
func (t Table) Find(format string) (reports.Renderer, error) {
	names := make([]string, len(t))
	for i, r := range t {
		if r.Format() == format {
			return r, nil
		}
		names[i] = r.Format()
	}
	return nil, fmt.Errorf("-o %s: no such format (hint: one of %s)", format, strings.Join(names, ", "))
}
