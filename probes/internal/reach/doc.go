// Package reach opens connections to an arm's target exactly as the scenario
// says: address pinned or given, forward proxy or none, TLS or clear, HTTP
// version offered. One call is one attempt; a failure says at which step it
// happened, as an outcome of the contract.
//
// It also turns the errors of a connection in use into outcomes, so that all
// probes call the same thing by the same name, and hands on what the kernel
// does on open connections.
//
// Not here: what is said over the connection. Times are time.Duration; sizes
// are bytes.
package reach
