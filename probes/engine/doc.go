// Package engine runs a plan: it owns time. Sessions are opened once per arm
// and cell; each trial is then prepared, warmed up, measured and drained, with
// a rest between trials; at the end every stored object is looked for, what
// the run made is removed, and the sessions are closed.
//
// In the closed model a fixed number of ops is in flight; after errors a place
// backs off. In the open model ops start when the schedule says so; an op that
// finds every place taken waits with its due time kept, and one that never
// gets a place is observed as Dropped, so that a server that freezes cannot
// hide behind the cap.
//
// Every step is bounded, whatever the target or the probe does: max_duration,
// the read-back budget and ten seconds more, and a call that ignores its
// context is left behind. The engine knows no kind of work, judges nothing,
// and never retries.
//
// Times are offsets from the start of the run (trials) or of the measured part
// (ops); sizes are body bytes.
package engine
