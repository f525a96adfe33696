package transfer

import (
	"errors"
	"fmt"
	"io"

	"loadline/probes"
)

// errIgnored is the answer of who does not know of ranges: a success, and the
// object from its start. RFC 9110 §14.2 allows it, so the data are right, but
// a reader that continues or samples an object gets what it did not ask for.
var errIgnored = errors.New("the Range header was ignored or lost on the way")

// unranged judges a success other than 206 where a range was asked for. No more
// is read than was asked for, or than a glance; what is read must be the start
// of the object, or else the range itself under the wrong status.
func (pt part) unranged(a *answer, body io.Reader, encoding string, block []byte) verdict {
	start := pt
	start.off, start.n = 0, min(pt.total, max(pt.n, glance))
	fromStart, asRange := start.comparer(), pt.comparer()
	read, err := pump(body, io.MultiWriter(fromStart, asRange), start.n, block)
	whole, part := fromStart.verdict(read), asRange.verdict(read)
	ended := err == nil && read <= start.n
	v := verdict{outcome: probes.Protocol, whole: ended}
	asked := fmt.Sprintf("asked for bytes %d-%d, was answered %d with ", pt.off, pt.off+pt.n-1, a.status)
	switch {
	case ended && read == pt.n && !grave(part.outcome):
		v.err = errors.New(asked + "just these: without 206 and Content-Range a client or cache takes them for the whole object")
	case grave(whole.outcome):
		v.outcome, v.err = whole.outcome, fmt.Errorf("%snot even the object: %w", asked, whole.err)
	case err != nil:
		v.outcome, v.err = broken(err, read, pt.total, encoding)
	case read < start.n:
		v.outcome, v.err = probes.Short, fmt.Errorf("%sthe first %d of %d bytes of the object, as if that were all%s", asked, read, pt.total, announced(a))
	case !ended && start.n == pt.total:
		v.outcome, v.err = probes.Long, fmt.Errorf("%smore than the %d bytes of the whole object%s", asked, pt.total, announced(a))
	case ended || a.length == pt.total:
		v.err = fmt.Errorf("%sthe whole object: %w", asked, errIgnored)
	default:
		v.err = fmt.Errorf("%sthe object from its start%s: %w", asked, announced(a), errIgnored)
	}
	return v
}
