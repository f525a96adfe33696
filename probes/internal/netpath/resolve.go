package netpath

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"
)

// Resolve says what a name stands for over the life of a Dialer.
type Resolve uint8

// The policies.
const (
	ResolveOnce Resolve = iota // look up once, keep the first address
	ResolveEach                // look up for every connection, use the first address
	ResolveAll                 // look up once, use all addresses in turn
)

// pin is what a name was found to stand for.
type pin struct {
	addrs []netip.AddrPort
	turn  atomic.Uint64
}

func (p *pin) next(policy Resolve) netip.AddrPort {
	if policy != ResolveAll {
		return p.addrs[0]
	}
	return p.addrs[(p.turn.Add(1)-1)%uint64(len(p.addrs))]
}

// lookup turns a target into an address. Two first lookups at once may both
// ask; the answer that is kept is then used by both.
func (d *Dialer) lookup(ctx context.Context, target string, times *Times) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddrPort(target); err == nil {
		return addr, nil
	}
	if d.Resolve != ResolveEach {
		d.mu.Lock()
		p := d.pins[target]
		d.mu.Unlock()
		if p != nil {
			return p.next(d.Resolve), nil
		}
	}
	times.ResolveStart = time.Now()
	addrs, err := d.ask(ctx, target)
	times.ResolveEnd = time.Now()
	if err != nil {
		return netip.AddrPort{}, err
	}
	if d.Resolve == ResolveEach {
		return addrs[0], nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pins[target]
	if p == nil {
		p = &pin{addrs: addrs}
		if d.pins == nil {
			d.pins = make(map[string]*pin)
		}
		d.pins[target] = p
	}
	return p.next(d.Resolve), nil
}

// ask looks a target up, in the resolver's order.
func (d *Dialer) ask(ctx context.Context, target string) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout())
	defer cancel()
	host, portText, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, err
	}
	resolver := d.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	family := map[string]string{"tcp4": "ip4", "tcp6": "ip6"}[d.network()]
	if family == "" {
		family = "ip"
	}
	ips, err := resolver.LookupNetIP(ctx, family, host)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "the name has no address", Name: host, IsNotFound: true}
	}
	addrs := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addrs[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return addrs, nil
}

// Addresses looks a target ("host:port") up anew, or reads its literal address:
// what a Dialer could connect to. It changes no pin.
func (d *Dialer) Addresses(ctx context.Context, target string) ([]netip.AddrPort, error) {
	if err := CheckAddr(target); err != nil {
		return nil, &DialError{Stage: StageAddress, Target: target, Err: err}
	}
	if addr, err := netip.ParseAddrPort(target); err == nil {
		return []netip.AddrPort{addr}, nil
	}
	addrs, err := d.ask(ctx, target)
	if err != nil {
		return nil, &DialError{Stage: StageResolve, Target: target, Err: err, Limit: d.timeout()}
	}
	return addrs, nil
}

// CheckAddr tells whether addr is a "host:port" that can be dialed, without
// looking anything up.
func CheckAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port: write for example 10.0.0.12:443 or [2001:db8::1]:443", addr)
	}
	if host == "" {
		return fmt.Errorf("%q names no host: write for example 10.0.0.12:%s", addr, port)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q: port %q is not a number from 1 to 65535", addr, port)
	}
	return nil
}
