// Package catalog is the scenarios that come with loadline, embedded as they
// stand in its folders: one file each, named folder/scenario. They take their
// targets from the environment, so that they run anywhere unchanged, and are
// where loadline init copies from. It holds files and no logic.
package catalog

import (
	"embed"
	"io/fs"
	"strings"
)

// FS is the scenarios; a name is folder/scenario.yaml.
//
//go:embed edge/*.yaml
var FS embed.FS

// Names are the names of all scenarios without .yaml, sorted.
func Names() []string {
	files, err := fs.Glob(FS, "*/*.yaml")
	if err != nil {
		panic("catalog: " + err.Error()) // the pattern is constant
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".yaml")
	}
	return files
}
