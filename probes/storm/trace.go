package storm

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"

	"loadline/probes"
)

// A request is found again in the logs of every hop by a 128-bit trace id,
// which it carries as X-Request-Id and in traceparent (W3C Trace Context,
// level 1). Half of it is the session's, made of run, arm and cell; the other
// half is the op's, made of its seed, which no other op of the run has. So all
// that is done for an op is to write 16 digits into a text made beforehand.

// opID is the op's half of the trace id in hexadecimal digits, and its span.
type opID [16]byte

// idOf is the half of the op with that seed; all zeros is no id.
func idOf(seed uint64) (id opID) {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], max(seed, 1))
	hex.Encode(id[:], raw[:])
	return id
}

// trace is the session's half of the trace id, in hexadecimal digits.
type trace string

func traceOf(on *probes.On) trace {
	h := fnv.New64a()
	_, _ = h.Write([]byte(on.Run + "\x00" + on.Arm.ID + "\x00" + on.Cell.ID)) // a hash never fails to write
	return trace(hex.EncodeToString(h.Sum(nil)))
}

// requestID is the whole of the id.
func (t trace) requestID() text { return text{{string(t), theID}, {}} }

// parent is the header traceparent: version, trace, span, and the flag that
// asks hops to record it.
func (t trace) parent() text {
	return text{{"00-" + string(t), theID}, {"-", theID}, {"-01", nothing}}
}
