package reach

import "strings"

// untaken are the errors, which the HTTP/2 library does not export, of requests
// that were not sent, or of which the peer has said that it did not take them:
// GOAWAY names the last stream that it did (RFC 9113, section 6.8).
var untaken = []string{
	"http2: Transport received Server's graceful shutdown GOAWAY",
	"http2: client conn not usable",
}

// MostUntaken is how many connections may go away under one request before
// that is its outcome.
const MostUntaken = 3

// Untaken reports whether a request over HTTP/2 was not taken by the peer, so
// that sending it on another connection repeats nothing. A balancer ends
// connections like that after some thousand requests and when it is reloaded.
func Untaken(err error) bool {
	if err == nil {
		return false
	}
	for _, text := range untaken {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// UntakenWarning is said once of an arm on which that happened.
const UntakenWarning = "the peer ended HTTP/2 connections with GOAWAY; requests that it had not taken were sent on new ones"
