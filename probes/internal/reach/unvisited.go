package reach

import (
	"fmt"
	"net/netip"
	"strings"

	"loadline/probes/internal/netpath"
)

// Unvisited says of every name of which addresses no connection went to: what
// is wrong with those passes unseen.
func Unvisited(d *netpath.Dialer) []string {
	var out []string
	hint := "resolve: each"
	if d.Resolve == netpath.ResolveEach {
		hint = "more load.in_flight, or connections: fresh"
	}
	for _, p := range d.Unvisited() {
		out = append(out, fmt.Sprintf("%s has %d addresses; only %s measured (hint: %s)", p.Host, p.Of, measured(p.Measured), hint))
	}
	return out
}

// fewAddresses are as many as a sentence can name.
const fewAddresses = 4

func measured(addrs []netip.Addr) string {
	if len(addrs) > fewAddresses {
		return fmt.Sprintf("%d were", len(addrs))
	}
	var names []string
	for _, a := range addrs {
		names = append(names, a.String())
	}
	if len(names) == 1 {
		return names[0] + " was"
	}
	return strings.Join(names, ", ") + " were"
}

// Unvisited is that of the way's own dialer.
func (w *Way) Unvisited() []string { return Unvisited(&w.dialer) }
