package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"loadline/scenarios/metric"
	"loadline/scenarios/redact"
	"loadline/scenarios/strict"
	"loadline/scenarios/unit"
	"loadline/scenarios/words"
)

// Options is what reading a scenario needs from outside.
type Options struct {
	// Env looks up an environment variable; nil means that none is set.
	Env func(name string) (value string, set bool)
	// Sets are path=value assignments, applied in order before ${NAME} is
	// expanded; see strict.Node.Set.
	Sets []string
	// Kinds are the kinds of work there are; nil accepts any.
	Kinds []string
	// Work decodes the work of a kind; its error may be Problems. Nil leaves
	// the work unread.
	Work func(kind string, raw Node) (Emitter, error)
}

// Emitter knows which metrics a work can emit.
type Emitter interface{ Metrics() []metric.ID }

// setOption is what an assignment is called in messages.
const setOption = "--set"

// ParseFS is Parse of a file.
func ParseFS(fsys fs.FS, name string, o Options) (Scenario, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Scenario{}, fmt.Errorf("scenario: %w", err)
	}
	return Parse(name, src, o)
}

// Parse reads a scenario, fills in its defaults and checks all that can be
// checked without doing anything. The error is Problems: everything that is
// wrong, in the order of the file.
func Parse(file string, src []byte, o Options) (Scenario, error) {
	root, problems := strict.Parse(file, src)
	if root.Absent() {
		return Scenario{}, problems
	}
	for _, set := range o.Sets {
		problems = append(problems, root.Set(setOption, set)...)
	}
	var known redact.Values
	foundIn(root, &known)
	used, missing := root.Expand(o.Env)
	problems = append(problems, missing...)
	foundIn(root, &known)
	known = lookedUp(known, root, used, o.Env)

	s := Scenario{File: file, Source: string(src), Overrides: o.Sets, Env: harmless(used), Secrets: known, Root: root}
	problems = append(problems, root.Decode(&s)...)
	c := checker{s: &s, root: root, decoded: problems}
	c.work(o)
	c.all()
	problems = append(problems, c.problems...)
	if len(problems) > 0 {
		for i := range problems {
			problems[i].What, problems[i].Hint = known.Scrub(problems[i].What), known.Scrub(problems[i].Hint)
		}
		return Scenario{}, tidied(problems)
	}
	return s, nil
}

// harmless are the variables that a record may keep.
func harmless(used []strict.Use) map[string]string {
	kept := map[string]string{}
	for _, use := range used {
		kept[use.Name] = use.Value
	}
	for _, use := range used {
		inQuery := use.InQuery && (use.QueryKey == "" || redact.IsQueryKey(use.QueryKey))
		if inQuery || strings.HasPrefix(use.Path, "work.headers.") || redact.IsVariable(use.Name) {
			delete(kept, use.Name)
		}
	}
	return kept
}

// Reopen reads a scenario again from what a record keeps of it. Variables that
// the record does not hold are looked up anew.
func Reopen(file, source string, overrides []string, env map[string]string, o Options) (Scenario, error) {
	now := o.Env
	o.Sets = overrides
	o.Env = func(name string) (string, bool) {
		if value, kept := env[name]; kept {
			return value, true
		}
		if now == nil {
			return "", false
		}
		return now(name)
	}
	return Parse(file, []byte(source), o)
}

// tidied sorts problems by place and drops repeated ones.
func tidied(ps Problems) Problems {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i], ps[j]
		if (a.Line == 0) != (b.Line == 0) {
			return a.Line != 0 // assignments after the file
		}
		return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col
	})
	out := ps[:0:0]
	seen := map[Problem]bool{}
	for _, p := range ps {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// checker finds what is wrong across fields. It runs on what could be decoded,
// so it treats zero values as fields that already have a problem.
type checker struct {
	s        *Scenario
	root     Node
	emitted  []metric.ID // nil if not known
	decoded  Problems    // what the decoder found
	problems Problems
}

// refuse adds a problem, unless the value could not be read in the first place.
func (c *checker) refuse(n Node, what, hint string) {
	p := n.Problem(what, hint)
	for _, d := range c.decoded {
		if d.File == p.File && d.Line == p.Line && d.Col == p.Col && d.Path == p.Path {
			return
		}
	}
	c.problems = append(c.problems, p)
}

func (c *checker) all() {
	c.arms()
	c.cells()
	c.load()
	c.event()
	c.criteria()
	c.design()
}

// work moves the cells written under work to where they belong and lets the
// kind decode the rest.
func (c *checker) work(o Options) {
	raw := c.s.Work.Raw
	if raw.Absent() {
		return
	}
	if inner := raw.Child("cells"); !inner.Absent() {
		if !c.root.Child("cells").Absent() {
			c.refuse(inner, "cells are written twice", "write them at the top or under work, not both")
		} else {
			c.problems = append(c.problems, inner.Decode(&c.s.Cells)...)
		}
		raw = raw.Without("cells")
	}
	c.secretHeaders(raw.Child("headers"))
	c.readbackArm(raw.Child("readback").Child("arm"))
	c.congestionArms(raw.Child("congestion"))
	raw = c.sized(raw)
	c.s.Work.Raw = raw

	kind := c.s.Work.Kind
	if kind == "" {
		return
	}
	if o.Kinds != nil && !contains(o.Kinds, kind) {
		c.refuse(raw.Child("kind"), fmt.Sprintf("there is no kind of work %q", kind), meant(kind, o.Kinds))
		return
	}
	if o.Work == nil {
		return
	}
	emitter, err := o.Work(kind, raw)
	var problems Problems
	switch {
	case errors.As(err, &problems):
		c.problems = append(c.problems, problems...)
	case err != nil:
		c.refuse(raw.At("kind"), err.Error(), "")
	default:
		c.emitted = emitter.Metrics()
	}
}

// sized gives the work the first of the cells' sizes if it has none, so that
// its kind sees a complete work.
func (c *checker) sized(raw Node) Node {
	sizes := c.cellsNode().Child("sizes")
	if len(c.s.Cells.Sizes) == 0 || !sizes.IsList() {
		return raw
	}
	own := raw.Child("size")
	if own.Absent() {
		return raw.With("size", sizes.Items()[0])
	}
	text, _ := own.Scalar()
	size, err := unit.ParseBytes(text)
	for _, s := range c.s.Cells.Sizes {
		if err != nil || s == size {
			return raw
		}
	}
	c.refuse(own, fmt.Sprintf("%s is none of the sizes of the cells", text), "leave size out, or add it to cells.sizes")
	return raw
}

// cellsNode is where the cells are written.
func (c *checker) cellsNode() Node {
	if top := c.root.Child("cells"); !top.Absent() {
		return top
	}
	return c.root.Child("work").Child("cells")
}

// secretHeaders refuses secrets that are written out. The message does not
// repeat them.
func (c *checker) secretHeaders(headers Node) {
	for _, name := range headers.Keys() {
		value := headers.Child(name)
		if _, literal := value.Scalar(); literal && IsSecretHeader(name) {
			c.refuse(value, "the value of this header is a secret, and may only be a reference", referenceHint)
		}
	}
}

// readbackArm checks the arm through which objects are read back, which the
// kind of work cannot know.
func (c *checker) readbackArm(at Node) {
	id, ok := at.Scalar()
	if ids := c.armIDs(); ok && id != "other" && len(ids) > 0 && !contains(ids, id) {
		c.refuse(at, fmt.Sprintf("there is no arm %q", id), meant(id, append(ids, "other")))
	}
}

// congestionArms checks the arms that are given a congestion control of their
// own, which the kind of work cannot know either.
func (c *checker) congestionArms(perArm Node) {
	ids := c.armIDs()
	for _, id := range perArm.Keys() {
		if len(ids) > 0 && !contains(ids, id) {
			c.refuse(perArm.Child(id), fmt.Sprintf("there is no arm %q", id), meant(id, ids))
		}
	}
}

func contains[T ~string](list []T, word T) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// meant is the hint for a word that is not in the list.
func meant(word string, known []string) string {
	if near, ok := words.Nearest(word, known); ok {
		return "did you mean " + near + "?"
	}
	return "one of " + strings.Join(known, ", ")
}
