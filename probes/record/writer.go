package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"loadline/scenarios/redact"
)

// FileName is the record's name in the directory of its run.
const FileName = "record.ndjson"

// The space taken ahead of the writing, in bytes.
const (
	// tailSpace is always free behind the last line, so that the end line and
	// the names of what is left on the target fit on a disk that has filled up.
	tailSpace = 256 << 10
	// firstSpace is taken at the start: room for some tens of trials.
	firstSpace = 4 << 20
)

// Writer appends to the record of one run. Every line is whole in the file
// when its method returns, and on the disk except for warnings. Its methods
// may be called from any goroutine. Errors of the disk are *ErrNotKept; after
// one, lines that still fit are still written.
type Writer struct {
	mu    sync.Mutex
	f     *os.File
	path  string
	hide  redact.Values // what stands in no line
	size  int64         // of the whole lines written
	taken int64         // space taken, from 0
}

// Create makes the directory of the run in dir, which is made if needed, and
// writes the header, with everything in it that may be a secret redacted. An
// empty h.Run gets a new id. It never writes over an earlier run.
func Create(dir string, h Header) (*Writer, error) {
	if h.Run == "" {
		h.Run = NewRunID(h.Started)
	}
	if err := checkRunID(h.Run); err != nil {
		return nil, err
	}
	h.Schema = Schema
	run := filepath.Join(dir, h.Run)
	path := filepath.Join(run, FileName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &ErrNotKept{path, err}
	}
	if err := os.Mkdir(run, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%s: there is a run of this id already, and records are never written over: %w", run, err)
		}
		return nil, &ErrNotKept{path, err}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, &ErrNotKept{path, err}
	}
	w := &Writer{f: f, path: path, hide: h.Scenario.Secrets}
	if err := w.start(Redacted(h)); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// start takes the first space and writes the header and the directories that
// lead to it.
func (w *Writer) start(h Header) error {
	if err := allocate(w.f, 0, firstSpace); err != nil {
		return &ErrNotKept{w.path, err}
	}
	w.taken = firstSpace
	if err := w.append(line{Type: headerLine, Header: &h}, tailSpace); err != nil {
		return err
	}
	run := filepath.Dir(w.path)
	for _, dir := range []string{run, filepath.Dir(run)} {
		if err := syncDir(dir); err != nil {
			return &ErrNotKept{w.path, err}
		}
	}
	return nil
}

// Path is the file of the record.
func (w *Writer) Path() string { return w.path }

// Reserve writes down names before the first op that uses one of them starts;
// hand out a few hundred at a time, since each call waits for the disk.
func (w *Writer) Reserve(n Names) error {
	return w.append(line{Type: namesLine, Names: &n}, tailSpace)
}

// Trial writes a finished trial, redacted. More than RawLimit raw observations go to a
// file of their own beside the record.
func (w *Writer) Trial(t Trial) error {
	t = RedactedTrial(t, w.hide)
	if len(t.Raw) > RawLimit {
		name, err := w.writeRaw(t)
		if err != nil {
			return err
		}
		t.Raw, t.RawFile = nil, name
	}
	return w.append(line{Type: trialLine, Trial: &t}, tailSpace)
}

// Integrity writes the ack ledger; called again, the last one counts.
func (w *Writer) Integrity(all []Integrity) error {
	return w.append(line{Type: integrityLine, Integrity: RedactedIntegrity(all, w.hide)}, tailSpace)
}

// Warn writes a remark for the report.
func (w *Writer) Warn(text string) error {
	return w.append(line{Type: warningLine, Warning: w.hide.Text(text)}, tailSpace)
}

// Removed writes down that the objects of these names were removed.
func (w *Writer) Removed(n Names) error {
	return w.append(line{Type: removedLine, Removed: &n}, 0)
}

// End writes the last line, into space that was kept for it.
func (w *Writer) End(e End) error {
	e.Why = w.hide.Text(e.Why)
	return w.append(line{Type: endLine, End: &e}, 0)
}

// Close gives back the space that was taken ahead and not used.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := errors.Join(w.f.Truncate(w.size), w.f.Sync(), w.f.Close())
	if err != nil {
		return &ErrNotKept{w.path, err}
	}
	return nil
}

// append writes one line, leaving spare bytes of taken space behind it. If it
// cannot be written whole, it is taken back.
func (w *Writer) append(l line, spare int64) error {
	b, err := l.encoded()
	if err != nil {
		return fmt.Errorf("%s: a %s line could not be encoded: %w", w.path, l.Type, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.take(int64(len(b)) + spare); err != nil {
		return &ErrNotKept{w.path, err}
	}
	n, err := w.f.WriteAt(b, w.size)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err == nil && l.Type != warningLine {
		err = w.f.Sync()
	}
	if err != nil {
		// The cause is what counts; the reader forgives a torn last line.
		_ = w.f.Truncate(w.size)
		w.taken = w.size
		return &ErrNotKept{w.path, err}
	}
	w.size += int64(len(b))
	return nil
}

// take makes sure that n bytes behind the last line are the file's.
func (w *Writer) take(n int64) error {
	if w.size+n <= w.taken {
		return nil
	}
	more := w.size + n + firstSpace - w.taken
	err := allocate(w.f, w.taken, more)
	if err != nil {
		// Not that much, then just what is needed.
		more = w.size + n - w.taken
		err = allocate(w.f, w.taken, more)
	}
	if err == nil {
		w.taken += more
	}
	return err
}

// syncDir makes the entries of a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
