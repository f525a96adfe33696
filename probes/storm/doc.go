// Package storm is the probe http.storm: many small HTTP requests on vegeta's
// targets, by an executor of its own. vegeta's attacker starts its clock when a
// worker is free, so that a server that freezes hides behind the number of
// workers, and spends most of its time outside of the requests; here the engine
// plans every start, and an op costs little more than its two system calls.
//
// One op is exactly one request: no retry, no redirect followed, no proxy from
// the environment. Over HTTP/1.1 each place in flight keeps a connection of
// its own, on which one goroutine writes a request that was put together
// beforehand and reads the answer in place. Anything unusual in an answer's
// head is left to the standard library's parser. HTTP/2 is
// golang.org/x/net/http2.
//
// What a PUT or POST leaves behind is removed after the run, and by loadline
// clean after a killed one, where it can be named: where the request's own path
// (not its query), or delete.path, holds {name}. It is asked for with DELETE at
// that path once for each op that may have reached the target; 404 and 410 are
// as good as a success, and a refusal is a warning. Of an op nothing is kept
// for that but one byte; which request it made follows from its number. What
// has no name of the op's own, what another method creates, and what requests
// from a file create stays, and so does everything with delete: off. A storm
// does not look at what it stored again: that is what probes/transfer is for.
//
// It is not for bodies worth measuring by their rate (probes/transfer): a
// request's body is held in memory, and an answer is compared by status, size
// and digest only. Sizes are bytes of body; marks count from the op's epoch.
package storm
