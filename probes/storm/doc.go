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
// It is not for bodies worth measuring by their rate (probes/transfer): a
// request's body is held in memory, and an answer is compared by status, size
// and digest only. Sizes are bytes of body; marks count from the op's epoch.
package storm
