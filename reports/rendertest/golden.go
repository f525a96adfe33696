package rendertest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loadline/reports"
)

// Golden draws every report twice and compares it with the golden files of
// the calling package, testdata/<report>.<suffix>. LOADLINE_UPDATE=1 writes
// them again.
func Golden(t *testing.T, renderer reports.Renderer, suffix string) {
	t.Helper()
	for _, named := range Reports() {
		t.Run(named.Name, func(t *testing.T) {
			got := Draw(t, renderer, named.Report)
			if again := Draw(t, renderer, named.Report); !bytes.Equal(got, again) {
				t.Errorf("drawn twice, the report differs:\n%s", cmp.Diff(string(got), string(again)))
			}
			Equal(t, named.Name+"."+suffix, got)
		})
	}
}

// Draw is the report as the renderer draws it.
func Draw(t testing.TB, renderer reports.Renderer, r reports.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := renderer.Render(&b, r); err != nil {
		t.Fatalf("%s: %v", renderer.Format(), err)
	}
	return b.Bytes()
}

// Equal compares with the golden file of that name, or writes it.
func Equal(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("LOADLINE_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (LOADLINE_UPDATE=1 writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (LOADLINE_UPDATE=1 writes it again; review the change):\n%s", file, diff)
	}
}
