// Package linktest gives tests a network link whose delay, rate or loss is
// known, so that what the kernel reports about a connection can be held against
// the truth.
//
// A Link joins two network namespaces that belong to this process alone: no
// address, route or interface of the machine changes, and nothing is left
// behind. Line is a pair of TUN devices with a delay line between them, in this
// process; Veth is a kernel link, limited by the kernel's token bucket. The near
// side is the client's.
//
// It needs Linux and root (Veth also ip and tc). Tests skip without them, with
// the reason, and fail instead when the environment variable CI is set.
// Bandwidths are bytes per second.
package linktest
