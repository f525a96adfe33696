package record

import (
	"bytes"
	"os"
	"path/filepath"
)

// Reopen continues the record at path, which is the file or the directory of
// its run, behind its last whole line: for saying that objects a run left were
// removed since. What stands in the record stays; a torn last line goes.
func Reopen(path string) (*Writer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, FileName)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, &ErrNotKept{path, err}
	}
	whole, err := wholeLines(f)
	if err == nil {
		err = f.Truncate(whole) // or a shorter line would leave the torn one's end
	}
	if err != nil {
		f.Close()
		return nil, &ErrNotKept{path, err}
	}
	return &Writer{f: f, path: path, size: whole, taken: whole}, nil
}

// wholeLines is the offset behind the last newline. It reads backwards, since
// only the end of a record can be torn.
func wholeLines(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	piece := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		from := max(end-int64(len(piece)), 0)
		part := piece[:end-from]
		if _, err := f.ReadAt(part, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}
