// Package bench measures loadline beside the programs that people use for the
// same work: curl, vegeta and wrk for speed and processor time, computed truth
// for latencies, and the clock for the judge. It holds tests only, which run
// with LOADLINE_BENCH set:
//
//	make bench
//
// The programs take turns, in changing order, against the same server within
// one run, and figures are medians and ratios of neighbours, so that other work
// on the machine falls on both. Servers and clients are processes of their own;
// what a client costs is what the kernel charged its process. A figure that
// misses its target is printed as not reached and fails nothing: a benchmark
// that fails on time is a benchmark that gets switched off. A wrong byte, a
// request that was not counted or a truth that differs in its cause does fail.
//
// It is no profile of a machine: rates on loopback say what the client costs,
// not how fast a network is. Rates are bytes per second in GB (10⁹), processor
// time is seconds of user and system time per GiB (2³⁰ bytes) or requests per
// second of it.
package bench
