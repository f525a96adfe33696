package transfer

import (
	"encoding/hex"
	"hash"
	"strings"

	"loadline/probes"
	"loadline/scenarios/unit"
)

// learns reports whether the content of an existing object is learnt from what
// is served, because the scenario does not say what it is.
func (o *Options) learns() bool {
	return o.Fixture == Existing && o.Verify == VerifyDigest && o.Expect != nil && o.Expect.SHA256 == ""
}

// incomparable says why the bodies of an existing object of unknown content
// cannot be held against each other; empty if they can, or its content is known.
func (o *Options) incomparable() string {
	if o.Fixture != Existing || o.Expect != nil && o.Expect.SHA256 != "" {
		return ""
	}
	if o.Range.Mode == "random" {
		return "every op asks for another part (hint: a fixed range)"
	}
	for name, value := range o.Headers {
		if strings.EqualFold(name, "Accept-Encoding") && value.Secret == nil && !decodable(value.Literal) {
			return "what work.headers asks for may come encoded in a way that is not decoded here (hint: gzip, deflate or identity)"
		}
	}
	return ""
}

// learner notes the digest of a body of the right length. It finds no fault:
// there is nothing here to compare with.
type learner struct {
	hash.Hash
	into *string
	n    int64
}

func (l *learner) verdict(read int64) verdict {
	v := verdict{outcome: probes.OK}
	if read == l.n { // otherwise the length decides
		*l.into, v.verified = hex.EncodeToString(l.Sum(nil)), unit.Bytes(read)
	}
	return v
}

// tellContent passes on what a good op was served, if that is to be compared.
func (s *session) tellContent(j job, o probes.Observation) {
	if j.part == nil || j.part.content == nil || *j.part.content == "" || o.Outcome != probes.OK || s.on.Served == nil {
		return
	}
	s.on.Served(probes.Served{Op: o.Name, Start: o.Start, End: o.End, SHA256: *j.part.content})
}
