package lab

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"loadline/infra/lab/pki"
)

//go:embed incident
var scenarioFiles embed.FS

// Incident is one known failure of a balancer, with the mechanism that it had
// in the field, and its healthy twin, which differs in what the failure needs
// and in nothing else. A clean incident has no failure: both its states are
// healthy, and whoever refuses it cries wolf.
type Incident struct {
	ID        string // D1 … D6, C1, C2
	Title     string
	Mechanism string // the deciding lines
	Program   string // haproxy or nginx
	Clean     bool
	Checks    []Check

	build func(b *bench, sick bool) error
}

// Check is one scenario run on an incident, and what it must find when the
// incident is sick. On the healthy twin every check must pass.
type Check struct {
	File string // scenario under incident/
	// Cell and Metric are those of the leading refusal; both empty where the
	// scenario must pass in spite of the incident.
	Cell   string
	Metric string
	// Cause has words of which the attribution, place or evidence, must hold one.
	Cause []string
}

// Refused says whether the check must refuse the sick incident.
func (c Check) Refused() bool { return c.Metric != "" }

// Scenario is the text of the check's scenario. The addresses in it are
// variables, which Stage.Env gives.
func (c Check) Scenario() []byte {
	text, err := scenarioFiles.ReadFile("incident/" + c.File)
	if err != nil {
		panic(err) // embedded: the table names a file that is not there
	}
	return text
}

// Incidents lists all incidents in order.
func Incidents() []Incident {
	return []Incident{
		{ID: "D1", Title: "HTTP/2 uploads are held to 64 kB per round trip", Program: "haproxy",
			Mechanism: "HAProxy 2.6 with its default HTTP/2 window, 50 ms away; the twin sets tune.h2.initial-window-size 16777216",
			Checks:    []Check{{File: "d1.yaml", Cell: "h2", Metric: "goodput", Cause: []string{"window"}}},
			build:     buildD1},
		{ID: "D2", Title: "large uploads are answered 504 although they are stored", Program: "haproxy",
			Mechanism: "timeout server 1s, and an origin that takes 40 ms per MiB to commit; the twin waits 1 m",
			Checks:    []Check{{File: "d2.yaml", Cell: "50MiB", Metric: "errors", Cause: []string{"stored all the same", "504"}}},
			build:     buildD2},
		{ID: "D3", Title: "one of three servers behind the balancer is sick", Program: "haproxy",
			Mechanism: "round robin over three origins of which the third answers 500 ms late and takes 2 MB/s; in the twin it is well",
			Checks:    []Check{{File: "d3.yaml", Cell: "all", Metric: "goodput", Cause: []string{"origin3"}}},
			build:     buildD3},
		{ID: "D4", Title: "downloads are slow after their first 10 MB", Program: "nginx",
			Mechanism: "limit_rate 2m; limit_rate_after 10m; the twin has neither",
			Checks: []Check{
				{File: "d4-download.yaml", Cell: "50MiB", Metric: "goodput", Cause: []string{"limit"}},
				{File: "d4-upload.yaml"},
			},
			build: buildD4},
		{ID: "D5", Title: "half an object is passed on as a whole one with status 200", Program: "nginx",
			Mechanism: "a hop of HTTP/1.0 before an origin that announces no length and dies in every third answer; the twin's hop speaks HTTP/1.1 and its origin lives",
			Checks:    []Check{{File: "d5.yaml", Cell: "all", Metric: "integrity.short", Cause: []string{"short", "truncat", "length"}}},
			build:     buildD5},
		{ID: "D6", Title: "every request opens a connection to the origin", Program: "nginx",
			Mechanism: "proxy_pass with its defaults, HTTP/1.0 without keep-alive, 10 ms before the origin; the twin keeps connections",
			Checks:    []Check{{File: "d6.yaml", Cell: "1KiB", Metric: "ttlb", Cause: []string{"each", "every", "constant", "wait", "round trip"}}},
			build:     buildD6},
		{ID: "C1", Title: "an ordinary HAProxy before an ordinary origin", Program: "haproxy", Clean: true,
			Mechanism: "TLS, HTTP/1.1 and HTTP/2, uploads", Checks: []Check{{File: "c1.yaml"}}, build: buildC1},
		{ID: "C2", Title: "an ordinary nginx before three ordinary origins", Program: "nginx", Clean: true,
			Mechanism: "cleartext HTTP/1.1 with keep-alive, downloads", Checks: []Check{{File: "c2.yaml"}}, build: buildC2},
	}
}

// FindIncident gives the incident with this ID, in either case.
func FindIncident(id string) (Incident, error) {
	var known []string
	for _, i := range Incidents() {
		if strings.EqualFold(i.ID, id) {
			return i, nil
		}
		known = append(known, i.ID)
	}
	return Incident{}, fmt.Errorf("no incident %q in the lab (known: %s)", id, strings.Join(known, " "))
}

// Up brings everything up that the incident needs, sick or as its healthy
// twin. The stage must be stopped; it also ends with ctx.
func (i Incident) Up(ctx context.Context, sick bool) (*Stage, error) {
	if _, err := Find(i.Program); err != nil {
		return nil, fmt.Errorf("incident %s: %w", i.ID, err)
	}
	b := &bench{ctx: ctx, stage: &Stage{incident: i, URL: "http://" + pki.DefaultNames[0]}}
	if err := i.build(b, sick && !i.Clean); err != nil {
		b.stage.Stop()
		return nil, fmt.Errorf("incident %s: %w", i.ID, err)
	}
	return b.stage, nil
}
