package verdict

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"loadline/scenarios"
)

// identity checks that an arm was what its scenario says: the protocol it
// asked for, and the address it was to dial.
func (m measured) identity(at place) []ailment {
	arm := m.arm(at.arm)
	want := arm.Target.HTTP
	if p := m.cell(at.cell).HTTP; p != "" {
		want = p
	}
	var found []ailment
	for _, t := range m.trials[at] {
		for _, p := range t.Peers {
			if !speaks(want, p.Protocol) {
				found = append(found, ailment{
					text:      fmt.Sprintf("`%s`%s was to speak HTTP %s, but %s was negotiated with %s", at.arm, inCell(at.cell), want, p.Protocol, p.Address),
					voidsHarm: ofTheArm(at.arm),
				})
			}
			if claim, ok := dials(arm.Target, p.Address); !ok {
				found = append(found, ailment{
					text:      fmt.Sprintf("`%s`%s was to dial %s, but spoke to %s", at.arm, inCell(at.cell), claim, p.Address),
					voidsHarm: ofTheArm(at.arm),
				})
			}
		}
	}
	return found
}

// speaks reports whether a negotiated protocol is what was asked for; auto and
// what is not known agree with anything.
func speaks(want scenarios.Protocol, got string) bool {
	switch {
	case got == "":
		return true
	case want == scenarios.HTTP1:
		return strings.HasPrefix(got, "HTTP/1.")
	case want == scenarios.HTTP2 || want == scenarios.H2C:
		return strings.HasPrefix(got, "HTTP/2")
	}
	return true
}

// dials reports whether a peer's address can be what the target names, and
// what that is. Names are not resolved here: they agree with any address, but
// their port must be the peer's.
func dials(t scenarios.Target, peer string) (claim string, ok bool) {
	got, err := netip.ParseAddrPort(peer)
	if err != nil || t.Proxy != "" {
		return "", true
	}
	claims := t.Connect
	if len(claims) == 0 {
		if host, known := hostOf(t); known {
			claims = []string{host}
		}
	}
	if len(claims) == 0 {
		return "", true
	}
	for _, c := range claims {
		if agrees(c, got) {
			return c, true
		}
	}
	return strings.Join(claims, " or "), false
}

// hostOf is the host:port that a target without connect dials.
func hostOf(t scenarios.Target) (string, bool) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(t.Resolve); err == nil {
		host = t.Resolve
	}
	return joinHostPort(host, port), true
}

func joinHostPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

func agrees(claim string, got netip.AddrPort) bool {
	cut := strings.LastIndexByte(claim, ':')
	if cut < 0 {
		return true
	}
	host, port := strings.Trim(claim[:cut], "[]"), claim[cut+1:]
	if port != fmt.Sprint(got.Port()) && strings.Trim(port, "0123456789") == "" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || ip.Unmap() == got.Addr().Unmap()
}

// crossed remarks on arms that claim different paths and turn out to share
// one: the same peer, or the same Via on the arm that goes around.
func (m measured) crossed() []ailment {
	if m.reference == "" {
		return nil
	}
	ref := m.arm(m.reference)
	var found []ailment
	for _, id := range m.candidates {
		cand := m.arm(id)
		if claimOf(ref.Target) == claimOf(cand.Target) {
			continue
		}
		peers, vias := m.met(ref.ID)
		candPeers, candVias := m.met(cand.ID)
		if both := shared(peers, candPeers); len(both) > 0 {
			found = append(found, ailment{arm: id, remark: true, text: fmt.Sprintf(
				"`%s` and `%s` name different targets, but both spoke to %s: one of them may not go where it should", ref.ID, id, list(both))})
		}
		if both := shared(vias, candVias); len(both) > 0 {
			found = append(found, ailment{arm: id, remark: true, text: fmt.Sprintf(
				"answers through `%s` carry the same Via as those through `%s` (%s): it may not go around", ref.ID, id, list(both))})
		}
	}
	return found
}

func claimOf(t scenarios.Target) string {
	if len(t.Connect) > 0 {
		return strings.Join(t.Connect, " ")
	}
	host, _ := hostOf(t)
	return host
}

// met are the peer addresses and the Via headers that an arm met.
func (m measured) met(arm string) (peers, vias map[string]bool) {
	peers, vias = map[string]bool{}, map[string]bool{}
	for _, t := range m.run.Trials {
		if t.Arm != arm {
			continue
		}
		for _, p := range t.Peers {
			if _, err := netip.ParseAddrPort(p.Address); err == nil {
				peers[p.Address] = true
			}
			if p.Via != "" {
				vias[p.Via] = true
			}
		}
	}
	return peers, vias
}

func shared(a, b map[string]bool) []string {
	var both []string
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if b[k] {
			both = append(both, k)
		}
	}
	return both
}
