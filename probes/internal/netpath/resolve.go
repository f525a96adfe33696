package netpath

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Resolve says what a name stands for over the life of a Dialer.
type Resolve uint8

// The policies.
const (
	ResolveOnce Resolve = iota // look up once, keep the first address
	ResolveEach                // look up for every connection, use the addresses in turn
)

// lookup turns a target into an address. Two first lookups at once may both
// ask; the answer that is kept is then used by both.
func (d *Dialer) lookup(ctx context.Context, target string, times *Times) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddrPort(target); err == nil {
		return addr, nil
	}
	if d.Resolve == ResolveOnce {
		d.mu.Lock()
		pin, kept := d.pins[target]
		d.mu.Unlock()
		if kept {
			return pin, nil
		}
	}
	times.ResolveStart = time.Now()
	addrs, err := d.ask(ctx, target)
	times.ResolveEnd = time.Now()
	if err != nil {
		return netip.AddrPort{}, err
	}
	return d.choose(target, addrs), nil
}

// choose takes one of a name's addresses and keeps what Unvisited tells.
func (d *Dialer) choose(target string, addrs []netip.AddrPort) netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Resolve == ResolveOnce {
		if pin, kept := d.pins[target]; kept {
			return pin
		}
	}
	if d.names == nil {
		d.pins, d.names = map[string]netip.AddrPort{}, map[string]visits{}
	}
	if d.names[target] == nil {
		d.names[target] = visits{}
	}
	d.dials++
	addr := d.names[target].choose(alike(addrs), d.Resolve, d.dials)
	d.pins[target] = addr
	return addr
}

// alike are the addresses of the same family as the first. The resolver sorts
// them as a client would try them, and a client turns to another family only
// where the first does not answer (RFC 8305): a name with ::1 and 127.0.0.1 has
// one address for it, not two to take turns.
func alike(addrs []netip.AddrPort) []netip.AddrPort {
	return slices.DeleteFunc(slices.Clone(addrs), func(a netip.AddrPort) bool { return a.Addr().Is4() != addrs[0].Addr().Is4() })
}

// maxKnown bounds what a name that always stands for something else can cost.
const maxKnown = 1024

// visits are the addresses of a name, each with the dial that went there last;
// 0 is none.
type visits map[netip.AddrPort]uint64

// choose takes the first address, or the one that was left alone for longest:
// name servers turn their lists, so that taking places in turn could meet the
// same address every time.
func (v visits) choose(addrs []netip.AddrPort, policy Resolve, dial uint64) netip.AddrPort {
	pick := addrs[0]
	for _, a := range addrs {
		if _, known := v[a]; !known && len(v) < maxKnown {
			v[a] = 0
		}
		if policy == ResolveEach && v[a] < v[pick] {
			pick = a
		}
	}
	if _, known := v[pick]; known {
		v[pick] = dial
	}
	return pick
}

// Renew forgets what names stood for, so that each is looked up again. Whose
// turn it is stays.
func (d *Dialer) Renew() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.pins)
}

// Partly is a name of whose addresses only some were dialled.
type Partly struct {
	Host     string
	Of       int          // addresses, of the family that was dialled
	Measured []netip.Addr // those that were, sorted
}

// Unvisited are the names with addresses that no connection went to.
func (d *Dialer) Unvisited() []Partly {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Partly
	for _, target := range slices.Sorted(maps.Keys(d.names)) {
		host, _, _ := net.SplitHostPort(target)
		p := Partly{Host: host, Of: len(d.names[target])}
		for addr, last := range d.names[target] {
			if last > 0 {
				p.Measured = append(p.Measured, addr.Addr())
			}
		}
		if len(p.Measured) < p.Of {
			slices.SortFunc(p.Measured, netip.Addr.Compare)
			out = append(out, p)
		}
	}
	return out
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
