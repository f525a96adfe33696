package strict

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loadline/scenarios/unit"
)

type colour string

func (colour) Words() []string { return []string{"red", "green"} }

// either is written as a word or as {n: 1}.
type either struct {
	Word string
	N    int
}

func (e *either) DecodeNode(n Node) Problems {
	if n.IsMapping() {
		var f struct {
			N int `key:"n" required:"true" min:"1"`
		}
		problems := n.Decode(&f)
		e.N = f.N
		return problems
	}
	word, ok := n.Scalar()
	if !ok {
		return Problems{n.Problem("is neither a word nor {n: 1}", "")}
	}
	e.Word = word
	return nil
}

type shared struct {
	Depth int `key:"depth" default:"3" doc:"how deep"`
}

type inner struct {
	X    int           `key:"x" required:"true"`
	Wait time.Duration `key:"wait" default:"5s"`
}

type options struct {
	shared2
	Name    string            `key:"name" required:"true" pattern:"^[a-z]+$" doc:"lower case"`
	Colour  colour            `key:"colour" default:"green"`
	Colours []colour          `key:"colours" one:"true" max:"2"`
	Size    unit.Bytes        `key:"size" default:"1.5KiB" min:"1KiB" max:"1GiB"`
	Share   *unit.Ratio       `key:"share" max:"100%"`
	Wait    time.Duration     `key:"wait" default:"1m" max:"1h"`
	On      bool              `key:"on" default:"true"`
	F       float64           `key:"f" min:"0.5"`
	U       uint8             `key:"u"`
	I       int               `key:"i" min:"-2"`
	Labels  map[string]string `key:"labels"`
	Inner   inner             `key:"inner"`
	Maybe   *inner            `key:"maybe"`
	Items   []inner           `key:"items" min:"1"`
	Either  either            `key:"either"`
	Raw     Node              `key:"raw"`
	Ignored int
}

// shared2 is exported by its fields only.
type shared2 = shared

func parse(t *testing.T, src string) Node {
	t.Helper()
	n, problems := Parse("f.yaml", []byte(src))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return n
}

func TestDefaultsFillAbsentKeys(t *testing.T) {
	var o options
	if problems := parse(t, "name: a").Decode(&o); len(problems) > 0 {
		t.Fatal(problems)
	}
	want := options{shared2: shared{Depth: 3}, Name: "a", Colour: "green", Size: 1536, Wait: time.Minute, On: true, Inner: inner{Wait: 5 * time.Second}}
	if o.Raw = (Node{}); !cmp.Equal(want, o, cmp.AllowUnexported(options{}, Node{})) {
		t.Errorf("got %+v", o)
	}
}

func TestEveryFormIsRead(t *testing.T) {
	var o options
	n := parse(t, `
name: abc
depth: 7
colours: red
size: 1GiB
share: 50%
on: false
f: 1e3
u: 255
i: -2
labels: {a: b, c: "1"}
maybe: {x: 1e2}
items: [{x: 1}, {x: 2, wait: 0s}]
either: {n: 4}
raw: {any: [thing]}
`)
	if problems := n.Decode(&o); len(problems) > 0 {
		t.Fatal(problems)
	}
	half := unit.Ratio(0.5)
	want := options{
		shared2: shared{Depth: 7}, Name: "abc", Colour: "green", Colours: []colour{"red"}, Size: unit.GiB, Share: &half,
		Wait: time.Minute, F: 1000, U: 255, I: -2, Labels: map[string]string{"a": "b", "c": "1"}, Inner: inner{Wait: 5 * time.Second},
		Maybe: &inner{X: 100, Wait: 5 * time.Second}, Items: []inner{{1, 5 * time.Second}, {2, 0}}, Either: either{N: 4},
	}
	if got := o.Raw.Child("any").Items()[0]; got.Path != "raw.any[0]" || got.Pos() != "f.yaml:15:13" {
		t.Errorf("a captured node lost its place: %+v", got)
	}
	if o.Raw = (Node{}); !cmp.Equal(want, o, cmp.AllowUnexported(options{}, Node{})) {
		t.Errorf("got %+v", o)
	}
}

func TestEveryProblemIsReportedAtItsPlace(t *testing.T) {
	var o options
	got := parse(t, `name: ABC
colour: reed
colours: [red, green, red]
size: 1023
share: 101%
wait: 2h
on: "true"
f: 0.25
u: 256
i: -3
labels: [a]
maybe: {wait: 1s}
items: []
either: {n: 0, m: 1}
inner: {x: [1]}
depth: {a: b}
zzz: 1
`).Decode(&o).Error()
	want := `f.yaml:1:7: name: "ABC" is not written right (lower case)
f.yaml:2:9: colour: unknown word "reed" (did you mean red?)
f.yaml:3:10: colours: has 3 items, and may have 2
f.yaml:4:7: size: 1023 is less than 1KiB
f.yaml:5:8: share: 101% is more than 100%
f.yaml:6:7: wait: 2h is more than 1h
f.yaml:7:5: on: "true" is neither true nor false (write true or false, without quotes)
f.yaml:8:4: f: 0.25 is less than 0.5
f.yaml:9:4: u: 256 is too large
f.yaml:10:4: i: -3 is less than -2
f.yaml:11:9: labels: is a list, not a mapping (write key: value)
f.yaml:12:8: maybe.x: is missing
f.yaml:13:8: items: is an empty list
f.yaml:14:13: either.n: 0 is less than 1
f.yaml:14:16: either.m: unknown key (the keys here are n)
f.yaml:15:12: inner.x: is a list, not a single value
f.yaml:16:8: depth: is a mapping, not a single value (how deep)
f.yaml:17:1: zzz: unknown key (the keys here are depth, name, colour, colours, size, share, wait, on, f, u, i, labels, inner, maybe, items, either, raw)`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestMistakesOfTheProgramPanic(t *testing.T) {
	for name, into := range map[string]any{
		"no pointer": options{},
		"no struct":  new(int),
		"a wrong default": &struct {
			N int `key:"n" default:"x"`
		}{},
		"a wrong bound": &struct {
			N int `key:"n" default:"1" min:"x"`
		}{},
		"required default": &struct {
			N int `key:"n" default:"1" required:"true"`
		}{},
		"unexported": &struct {
			n int `key:"n"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			parse(t, "{}").Decode(into)
		}()
	}
}

func TestNodesKeepTheirPlace(t *testing.T) {
	n := parse(t, "a: {b: [1, {id: two, c: 3}]}\nd: 4\n")
	if got := n.At("a", "b").Items()[1].At("c").Pos(); got != "f.yaml:1:25" {
		t.Errorf("c is at %s", got)
	}
	if got := n.At("a", "b").Items()[1].Path; got != "a.b.two" {
		t.Errorf("an item with an id is called %s", got)
	}
	missing := n.At("a", "x", "d")
	if missing.Path != "a.x.d" || missing.Pos() != "f.yaml:1:4" {
		t.Errorf("what is missing stands at %s %s, not at the part it is missing from", missing.Path, missing.Pos())
	}
	if w := n.Without("a"); strings.Join(w.Keys(), " ") != "d" || strings.Join(n.Keys(), " ") != "a d" {
		t.Errorf("Without gave %v and left %v", w.Keys(), n.Keys())
	}
	w := n.With("e", n.Child("d"))
	if got := w.Child("e").Pos(); got != "f.yaml:2:4" || len(n.Keys()) != 2 {
		t.Errorf("With put it at %s and left %v", got, n.Keys())
	}
	var absent Node
	if !absent.Absent() || absent.Keys() != nil || absent.Items() != nil || !absent.Child("x").Absent() || absent.Without("x").YAML != nil {
		t.Error("an absent node has parts")
	}
}

func TestAssignments(t *testing.T) {
	src := "a: {b: 1}\narms:\n  - {id: one, x: 1}\n  - {id: two, x: 2}\nlist: [1, 2, 3]\n"
	for assignment, want := range map[string]string{
		"a.b=2":            `{"a":{"b":"2"},"arms":[{"id":"one","x":1},{"id":"two","x":2}],"list":[1,2,3]}`,
		"arms.two.x=5":     `{"a":{"b":1},"arms":[{"id":"one","x":1},{"id":"two","x":"5"}],"list":[1,2,3]}`,
		"arms[0].x=6":      `{"a":{"b":1},"arms":[{"id":"one","x":"6"},{"id":"two","x":2}],"list":[1,2,3]}`,
		"arms.1.x=7":       `{"a":{"b":1},"arms":[{"id":"one","x":1},{"id":"two","x":"7"}],"list":[1,2,3]}`,
		"new.deep.key=8":   `{"a":{"b":1},"arms":[{"id":"one","x":1},{"id":"two","x":2}],"list":[1,2,3],"new":{"deep":{"key":"8"}}}`,
		"list[1]=9":        `{"a":{"b":1},"arms":[{"id":"one","x":1},{"id":"two","x":2}],"list":[1,"9",3]}`,
		"list.0=":          `{"a":{"b":1},"arms":[{"id":"one","x":1},{"id":"two","x":2}],"list":[2,3]}`,
		"a=":               `{"arms":[{"id":"one","x":1},{"id":"two","x":2}],"list":[1,2,3]}`,
		"arms.one={id: z}": `{"a":{"b":1},"arms":[{"id":"z"},{"id":"two","x":2}],"list":[1,2,3]}`,
		`a.c=["x", "y"]`:   `{"a":{"b":1,"c":["x","y"]},"arms":[{"id":"one","x":1},{"id":"two","x":2}],"list":[1,2,3]}`,
	} {
		n := parse(t, src)
		if problems := n.Set("--set", assignment); len(problems) > 0 {
			t.Errorf("%s: %v", assignment, problems)
		}
		var got any
		if err := n.YAML.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(got); string(text) != want {
			t.Errorf("%s gave\n%s, want\n%s", assignment, text, want)
		}
	}
}

func TestAnAssignedValueIsWhatTheFieldSays(t *testing.T) {
	var o struct {
		N int    `key:"n"`
		B bool   `key:"b"`
		S string `key:"s"`
		L []int  `key:"l" one:"true"`
	}
	n := parse(t, "{}")
	for _, a := range []string{"n=5", "b=true", "s=2026", "l=[1, 2]"} {
		if problems := n.Set("--set", a); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	if problems := n.Decode(&o); len(problems) > 0 || o.N != 5 || !o.B || o.S != "2026" || len(o.L) != 2 {
		t.Errorf("got %+v, %v", o, problems)
	}
}

func TestVariablesArePutIn(t *testing.T) {
	env := map[string]string{"A": "1", "EMPTY": "", "URL": "https://x/?sig=s", "DOLLAR": "${A}"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	for in, want := range map[string]string{
		"${A}":            "1",
		"x${A}y${A}z":     "x1y1z",
		"${B:-default}":   "default",
		"${B:-}":          "",
		"${EMPTY:-other}": "other",
		"${EMPTY}":        "",
		"$${A}":           "${A}",
		"$A $$ 5$":        "$A $$ 5$",
		"${DOLLAR}":       "${A}", // what is put in is not read again
		"${B:-a:-b}":      "a:-b",
		"${B:-/f/{name}}": "/f/{name}",
		"${A:-/f/{name}}": "1",
	} {
		n := parse(t, fmt.Sprintf("a: %q\n", in))
		if _, problems := n.Expand(lookup); len(problems) > 0 {
			t.Errorf("%s: %v", in, problems)
		} else if got, _ := n.Child("a").Scalar(); got != want {
			t.Errorf("%s became %q, want %q", in, got, want)
		}
	}
	n := parse(t, `{q: "/?k=${A}", u: "${URL}", p: "/${A}", "${A}": key}`)
	uses, problems := n.Expand(lookup)
	if len(problems) > 0 || len(uses) != 3 || !uses[0].InQuery || !uses[1].InQuery || uses[2].InQuery || uses[2].Path != "p" {
		t.Errorf("got %+v, %v", uses, problems)
	}
	if n.Child("${A}").Absent() {
		t.Error("a key was expanded")
	}
	if _, problems := parse(t, "a: ${A}").Expand(nil); len(problems) != 1 {
		t.Errorf("without an environment: %v", problems)
	}
}

func TestSchemaComesFromTheTags(t *testing.T) {
	schema := Schema(options{})
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"required":["name"]`, `"additionalProperties":false`, `"description":"lower case"`, `"enum":["red","green"]`,
		`"default":"1.5KiB"`, `"default":true`, `"default":3`, `"minimum":-2`, `"maximum":255`, `"maxItems":2`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if got := asWritten([]string{"auto", "1.1", "2"}); fmt.Sprint(got) != "[auto 1.1 1.1 2 2]" {
		t.Errorf("an unquoted 2 is a number in YAML: %v", got)
	}
}

func TestHugeFilesAreRefusedQuickly(t *testing.T) {
	start := time.Now()
	for name, src := range map[string]string{
		"large": strings.Repeat("# comment\n", 200_000),
		"keys":  manyKeys(60_000),
		"deep":  strings.Repeat("[", 50_000),
	} {
		n, problems := Parse("f.yaml", []byte(src))
		if len(problems) == 0 {
			t.Errorf("%s was accepted", name)
		}
		var o options
		if !n.Absent() {
			n.Decode(&o)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	return b.String()
}
