package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Open reads the record at path, which is the file or the directory of its
// run. A line that cannot be read is named in Damage and left out; a run that
// was killed has no End. It is an error if the file cannot be read at all, has
// no header, or has a schema of a newer major version.
func Open(path string) (Run, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, FileName)
	}
	f, err := os.Open(path)
	if err != nil {
		return Run{}, err
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", path, err)
	}
	r.Path = path
	return r, nil
}

// Read reads a record, as Open does from a file.
func Read(from io.Reader) (Run, error) {
	var r Run
	lines := bufio.NewReaderSize(from, 64<<10)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return Run{}, err
		}
		torn := err != nil
		if text = bytes.TrimSpace(text); len(text) > 0 {
			if err := r.take(text, n, torn); err != nil {
				return Run{}, err
			}
		}
		if torn {
			break
		}
	}
	if r.Header.Schema == "" {
		return Run{}, errors.New("not a record: it has no header (hint: a record is the file " + FileName + " or the directory of its run)")
	}
	return r, nil
}

// Partial reports whether the run was killed before it wrote its end.
func (r Run) Partial() bool { return r.End == nil }

// take adds one line to the run. Only a header that cannot be read at all is
// an error; anything else is damage.
func (r *Run) take(text []byte, n int, torn bool) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		switch {
		case r.Header.Schema == "":
			return fmt.Errorf("line %d: not a record: %w", n, err)
		case torn:
			r.Damage = append(r.Damage, fmt.Sprintf("line %d: torn: the run was killed while it was written", n))
		default:
			r.Damage = append(r.Damage, fmt.Sprintf("line %d: not readable: %v", n, err))
		}
		return nil
	}
	if l.Type == headerLine && l.Header != nil {
		if err := checkSchema(l.Header.Schema); err != nil {
			return err
		}
	}
	r.put(l)
	return nil
}

func (r *Run) put(l line) {
	switch {
	case l.Type == headerLine && l.Header != nil:
		r.Header = *l.Header
		// What opens the scenario again stands in the header once.
		r.Header.Scenario.Source, r.Header.Scenario.Overrides = r.Header.Source, r.Header.Overrides
	case l.Type == namesLine && l.Names != nil:
		r.Names = append(r.Names, *l.Names)
	case l.Type == trialLine && l.Trial != nil:
		r.Trials = append(r.Trials, *l.Trial)
	case l.Type == integrityLine:
		r.Integrity = l.Integrity
	case l.Type == warningLine:
		r.Warnings = append(r.Warnings, l.Warning)
	case l.Type == removedLine && l.Removed != nil:
		r.Removed = append(r.Removed, *l.Removed)
	case l.Type == endLine && l.End != nil:
		r.End, r.Unready = l.End, l.End.Unready
	}
}

// checkSchema accepts this major version with any minor (v1, v1.3).
func checkSchema(schema string) error {
	name, version, _ := strings.Cut(schema, "/v")
	mine, myVersion, _ := strings.Cut(Schema, "/v")
	if name != mine {
		return fmt.Errorf("not a record: its schema is %q, not %s", schema, Schema)
	}
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		return fmt.Errorf("its schema %q names no version (hint: this program reads %s)", schema, Schema)
	}
	if top, _ := strconv.Atoi(myVersion); n > top {
		return fmt.Errorf("its schema %s is newer than %s, which this program reads (hint: use the loadline that wrote it, or a newer one)", schema, Schema)
	}
	return nil
}

// LeftBehind are the names handed out whose objects were not removed since:
// what `clean` has to look for on the target.
func (r Run) LeftBehind() []Names {
	var left []Names
	for _, n := range r.Names {
		rest := []Names{n}
		for _, gone := range r.Removed {
			rest = without(rest, gone)
		}
		left = append(left, rest...)
	}
	return left
}

// without takes the names of gone out of each range.
func without(ranges []Names, gone Names) []Names {
	var out []Names
	for _, n := range ranges {
		if n.Trial != gone.Trial || n.Arm != gone.Arm || n.Cell != gone.Cell || n.Fixture != gone.Fixture {
			out = append(out, n)
			continue
		}
		before, after := n, n
		before.To = min(n.To, max(gone.From, n.From))
		after.From = max(n.From, min(gone.To, n.To))
		out = append(out, slices.DeleteFunc([]Names{before, after}, func(part Names) bool { return part.From >= part.To })...)
	}
	return out
}
