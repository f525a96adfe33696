//go:build !unix

package hostinfo

// OpenFiles is 0: systems other than Unix have no such limit to ask for.
func OpenFiles() uint64 { return 0 }
