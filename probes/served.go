package probes

// Served is a body that came whole, told by its content: of an object of which
// nobody said what it holds, so that ops and arms can be held against each other.
type Served struct {
	// Op is the name of the op that got it; Start and End are that op's.
	Op         string
	Start, End Mark
	// SHA256 is of the body after decoding, in 64 hexadecimal digits.
	SHA256 string
}
