// Package netpath is how a probe gets to its target, knowing exactly what was
// touched: one address for each Dial, of a name that is resolved once or whose
// addresses take turns, one connect, no retry, no racing of address families,
// no proxy from the environment. What a balancer change does can then not hide
// behind a client that quietly helped itself.
//
// A Dialer opens a Conn. A Conn counts its bytes, keeps its times and its
// kernel view (TCP_INFO), also when TLS or HTTP/2 runs on top: the caller finds
// it again with From. A Sampler turns the kernel's running totals of many
// connections into figures per interval. TLSConfig and DescribeTLS do the same
// for the layer above: exactly what was asked, and what was agreed on.
//
// Not here: HTTP, verification of content, judgement. Sizes are bytes, rates
// bytes per second, times time.Duration; shares lie between 0 and 1. TCP_INFO
// exists on Linux only; elsewhere those calls return ErrNotAvailable and the
// rest works.
package netpath
