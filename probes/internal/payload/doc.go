// Package payload generates the bodies that probes move and verifies them on
// arrival.
//
// The content of an Object is a pure function of (seed, id, generation,
// offset): any range can be produced, and so checked, without the rest, in flat
// memory and without a file to compare with. It does not compress, and no two
// objects share a block, so neither compression nor deduplication on the way
// can make a path look faster than it is.
//
// Content is an AES-128-CTR keystream, key and initial counter taken from
// SHA-256 of the identity; byte x comes from counter block x/16, which makes any
// offset reachable in constant time. Over the first StampSize bytes of every
// StampEvery bytes lies an encrypted stamp that says which object, which
// generation, which run and which block this is. Received bytes that differ
// from the expected ones can therefore say themselves what they are: another
// object (Swapped), an older writing of the same name (Stale), the right object
// at the wrong place (Corrupt, with the displacement), or damage (Corrupt). A
// finder that looks received bytes up among known objects was the alternative;
// it needs the list of all objects at the place of verification and cannot name
// leftovers of an earlier run, so the stamp was chosen. The step of 16 KiB is
// that of a balancer's buffers (HAProxy's tune.bufsize); any range of
// StampEvery+StampSize-1 bytes or more holds a whole stamp. A mix-up of single
// pages is found to the byte all the same, and named where a page has a stamp,
// which is one in four; a stamp in every page would cost a verified download a
// tenth of its processor time.
//
// Not here: cryptographic protection. The stamp key is a constant of the
// program, and whoever knows the seed can produce any body. Sizes and offsets
// are bytes, as int64.
package payload
