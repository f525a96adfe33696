// Package tcp is the probe net.tcp: connect, TLS handshake, echo latency, and
// raw bandwidth either way on one connection. It is the control measurement:
// what the path can do before HTTP and storage have a part in it.
//
// connect and tls work against any port. The others need a peer at the far end
// that answers (package peer; loadline's lab starts one) and run on one
// connection per place in flight, so that they work through a balancer whose
// backends differ from connection to connection.
//
// One op is one attempt: nothing is repeated. Every byte that comes back is
// compared; every byte sent is compared by the peer. Sizes are bytes, without
// the lines of the protocol; marks count from the op's epoch.
package tcp
