package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// layers is the import law from the inside out: a package may import packages
// of earlier rows and of its own folder, never of later rows. Values flow from
// the scenario to the exit code, and so do imports.
var layers = [][]string{
	{"scenarios/unit", "scenarios/words", "scenarios/redact"},
	{"scenarios/metric"},
	{"scenarios/strict"},
	{"scenarios"},
	{"scenarios/plan"},
	{"scenarios/catalog"},
	{"probes"},
	{"probes/pace", "probes/record", "probes/internal/payload", "probes/internal/netpath", "probes/internal/reach", "probes/internal/credential", "probes/internal/lanes", "probes/internal/removal"},
	{"probes/transfer", "probes/storm", "probes/tcp", "probes/engine"},
	{"probes/all", "probes/probetest"},
	{"reports/compare"},
	{"reports/baseline"},
	{"reports/verdict"},
	{"reports/attribution"},
	{"reports"},
	{"reports/plot"},
	{"reports/text", "reports/html", "reports/json", "reports/junit", "reports/markdown"},
	{"reports/all"},
	{"infra/hostinfo"},
	{"infra/conduct"},
	{"infra"},
	{"cmd/loadline"},
}

// pure folders describe and judge; what they may never import, and why.
var impure = map[string]string{
	"net":      "it dials",
	"net/http": "it dials",
	"os":       "it reads the machine; take bytes, an fs.FS or a function instead",
	"os/exec":  "it starts programs",
	"log":      "it prints; return warnings as values",
	"log/slog": "it prints; return warnings as values",
}

// adapters are libraries that belong to one folder each, so that a change of
// library is a change of one folder.
var adapters = map[string][]string{
	"github.com/tsenart/vegeta/v12/lib":       {"probes/pace", "probes/storm", "probes/record"},
	"gonum.org/v1/plot":                       {"reports/plot"},
	"github.com/spf13/cobra":                  {"cmd/loadline"},
	"github.com/HdrHistogram/hdrhistogram-go": {"probes/record", "reports/compare", "probes/storm"},
	"github.com/montanaflynn/stats":           {"reports/compare", "reports"},
	"go.yaml.in/yaml/v4":                      {"scenarios"},
	"github.com/vbauerster/mpb/v8":            {"cmd/loadline"},
	"github.com/shirou/gopsutil/v4/cpu":       {"infra/hostinfo", "infra/doctor", "probes/engine"},
	"github.com/prometheus/procfs":            {"infra/hostinfo", "infra/doctor", "probes/engine"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestImportsFollowTheFlowOfData(t *testing.T) {
	for _, p := range listPackages(t) {
		from := rank(p.ImportPath)
		if from < 0 {
			t.Errorf("%s has no row in the import law: add it to layers where its data flows", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if to := rank(imp); strings.HasPrefix(imp, "loadline/") && to > from {
				t.Errorf("%s imports %s, which comes later: values flow scenarios, probes, reports, infra, cmd, and so do imports", p.ImportPath, imp)
			}
			if why, bad := impure[imp]; bad && isPure(p.ImportPath) {
				t.Errorf("%s imports %s: scenarios and reports are pure, and %s", p.ImportPath, imp, why)
			}
			if home, owned := adapters[imp]; owned && !within(p.ImportPath, home) {
				t.Errorf("%s imports %s, which belongs to %s alone", p.ImportPath, imp, strings.Join(home, ", "))
			}
		}
	}
}

// isPure leaves out the golden files of the renderers' tests.
func isPure(path string) bool {
	return within(path, []string{"scenarios", "reports"}) && !within(path, []string{"reports/rendertest"})
}

func within(path string, folders []string) bool {
	path = strings.TrimPrefix(path, "loadline/")
	for _, f := range folders {
		if path == f || strings.HasPrefix(path, f+"/") {
			return true
		}
	}
	return false
}

// rank is the row of the longest folder that holds the package, −1 if none.
func rank(path string) int {
	best, length := -1, -1
	for i, row := range layers {
		for _, f := range row {
			if within(path, []string{f}) && len(f) > length {
				best, length = i, len(f)
			}
		}
	}
	return best
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var ps []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return ps
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		ps = append(ps, p)
	}
}

func TestModuleHasNoReplace(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"replace ", "replace(", "exclude "} {
		if strings.Contains(string(mod), "\n"+word) {
			t.Errorf("go.mod has %q: go install of a module with it is refused", strings.TrimSpace(word))
		}
	}
}
