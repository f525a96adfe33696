package record

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate takes n bytes from offset on for the file without changing its
// size, so that a full disk is found now and not in the middle of a line. File
// systems that cannot do it are left to find out when they are written to.
func allocate(f *os.File, offset, n int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, offset, n)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return nil
		}
		return err
	}
}
