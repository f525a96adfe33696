// Package transfer is the probe http.transfer: upload and download of
// generated bodies of any size over HTTP/1.1 and HTTP/2, with every byte
// verified at line rate in flat memory.
//
// One op is one request on the wire. There is no retry of any kind, no race of
// addresses beyond what the dialer is told, no proxy from the environment and
// no redirect that was not asked for; a kept connection that the peer closed
// while it was idle is replaced before the request, and the observation shows
// the new connection. HTTP/1.1 is written and read here on the standard
// library's message parser, because its client hides the three things that
// matter most: it repeats requests on connections that die, it loses an answer
// that comes before a reset, and it cannot say when the last byte of a body
// left. HTTP/2 is golang.org/x/net/http2, one connection per slot in flight.
//
// Bodies come from package payload, so that what is received can be compared
// with what must be there, and a wrong byte can say whose it is. Answers are
// judged by their bytes whatever their status says.
//
// It is not for small-request storms (probes/storm) and not for S3 (signed
// requests, multipart). Sizes are bytes of body; marks count from the op's
// epoch.
package transfer
