// Package peer is the far end of package tcp: a server that echoes, swallows
// and streams bytes, and the few lines in which it is asked to.
//
// On a connection the client asks one thing after the other. Each begins with
// a line in ASCII that ends in a line feed:
//
//	loadline-peer/1 echo SIZE SEED      and SIZE bytes of the stream SEED
//	loadline-peer/1 upload SIZE SEED    and SIZE bytes of the stream SEED
//	loadline-peer/1 download SIZE SEED
//
// The server answers "ok", followed by the bytes where there are any: those it
// was sent (echo), or those of the stream (download). The answer to an upload
// comes when its last byte has arrived and every byte was right. What is wrong
// is answered with "no", a reason, and the end of the connection. Everything
// happens on one connection, so that it works through a balancer whose
// backends a second connection might not meet again.
//
// The bytes of a stream are those of one fixed pattern, from a place that the
// seed decides: to make them and to compare them costs a fraction of moving
// them. They are no test of storage; package payload is. Sizes are bytes.
package peer
