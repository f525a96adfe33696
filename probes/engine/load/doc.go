// Package load offers load to one session for one part of a trial: the
// warm-up, or the measured part with its drain.
//
// In the closed model a fixed number of ops is in flight, and a place backs off
// after errors. In the open model ops start when the schedule says so; an op
// that finds every place taken waits with its due time kept, and one that never
// gets a place is observed as Dropped. From the end of the part on, ops that
// cannot end in the drain at their present rate are cut, and no op is waited
// for that does not heed its cancellation.
//
// It knows nothing of arms, blocks and records; what it sees goes into a
// record.Collector. Times are offsets from the epoch, which is the moment all
// places were ready; sizes are body bytes.
package load
