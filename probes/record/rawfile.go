package record

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeRaw keeps a trial's many observations in a file beside the record, one
// JSON object a line, and returns its name.
func (w *Writer) writeRaw(t Trial) (string, error) {
	name := fmt.Sprintf("raw-%d.ndjson.gz", t.Index)
	path := filepath.Join(filepath.Dir(w.path), name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", &ErrNotKept{path, err}
	}
	if err := errors.Join(encodeRaw(f, t.Raw), f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path)
		return "", &ErrNotKept{path, err}
	}
	return name, nil
}

func encodeRaw(to io.Writer, all []Raw) error {
	buffered := bufio.NewWriterSize(to, 256<<10)
	// BestSpeed: the file is written between two trials.
	z, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(z)
	for _, one := range all {
		if err := enc.Encode(one); err != nil {
			return err
		}
	}
	return errors.Join(z.Close(), buffered.Flush())
}

// ErrNoRaw says that a trial's observations were not kept one by one.
var ErrNoRaw = fmt.Errorf("the observations were not kept one by one: there were more than %d in the trial (hint: run again with raw observations asked for)", RawLimit)

// Observations are the raw observations of one of the run's trials, in order
// of Seq, from wherever they were kept.
func (r Run) Observations(t Trial) ([]Raw, error) {
	if t.RawFile == "" {
		if len(t.Raw) == 0 && t.Total() > 0 {
			return nil, fmt.Errorf("trial %d: %w", t.Index, ErrNoRaw)
		}
		return t.Raw, nil
	}
	// The name comes from the record; only its last part may lead anywhere.
	path := filepath.Join(filepath.Dir(r.Path), filepath.Base(t.RawFile))
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trial %d: its observations are gone: %w", t.Index, err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out []Raw
	for dec := json.NewDecoder(z); ; {
		var one Raw
		switch err := dec.Decode(&one); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return out, fmt.Errorf("%s: after %d observations: %w", path, len(out), err)
		}
		out = append(out, one)
	}
}
