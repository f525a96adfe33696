package relay

import "fmt"

// Direction is a way through the relay.
type Direction string

// The directions, seen from the client that connected.
const (
	Forward Direction = "forward" // client to destination
	Back    Direction = "back"    // destination to client
)

// Kind names what the relay does to a connection.
type Kind string

// The kinds of fault on the path. Each acts on the byte at offset At of the
// direction On.
const (
	Blackhole Kind = "blackhole" // bytes from At on are taken and never delivered; no error is seen
	Reset     Kind = "reset"     // both ends are reset when byte At is due
	Close     Kind = "close"     // both ends are closed in good order when byte At is due
	Flip      Kind = "flip"      // one bit of byte At is inverted
)

// Fault is a disturbance of every connection accepted while it is set.
type Fault struct {
	Kind Kind
	On   Direction
	At   int64 // offset in the bytes of that direction of a connection
}

// Set puts one fault in force for connections accepted from now on.
func (r *Relay) Set(f Fault) error {
	switch f.Kind {
	case Blackhole, Reset, Close, Flip:
	default:
		return fmt.Errorf("%s: no fault %q (known: %s %s %s %s)", r.Name(), f.Kind, Blackhole, Reset, Close, Flip)
	}
	if f.On != Forward && f.On != Back {
		return fmt.Errorf("%s: fault %s on %q: want %s or %s", r.Name(), f.Kind, f.On, Forward, Back)
	}
	if f.At < 0 {
		return fmt.Errorf("%s: fault %s at byte %d: must not be negative", r.Name(), f.Kind, f.At)
	}
	r.fault.Store(&f)
	return nil
}

// Heal removes the fault for connections accepted from now on.
func (r *Relay) Heal() { r.fault.Store(nil) }

// on is f when it acts in direction d, else nil.
func (f *Fault) on(d Direction) *Fault {
	if f == nil || f.On != d {
		return nil
	}
	return f
}

// ending is what happens to the connection after a chunk.
type ending int

const (
	endNot ending = iota
	endReset
	endClose
)

// bend applies f to the bytes p that begin at offset off, and says how many of
// them to deliver and whether the connection ends there.
func (f *Fault) bend(p []byte, off int64) (deliver int, end ending) {
	if f == nil || off+int64(len(p)) <= f.At {
		return len(p), endNot
	}
	before := int(max(0, f.At-off))
	switch f.Kind {
	case Flip:
		if f.At >= off {
			p[before] ^= 0x01
		}
		return len(p), endNot
	case Reset:
		return before, endReset
	case Close:
		return before, endClose
	default:
		return before, endNot
	}
}
