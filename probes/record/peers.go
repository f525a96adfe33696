package record

import (
	"cmp"
	"slices"

	"loadline/probes"
)

// maxPeers bounds what a target with an endless supply of addresses or Via
// headers can cost; the rest is counted under "(others)".
const maxPeers = 64

// peers counts ops by whom they spoke to.
type peers struct {
	index map[Peer]int // with Ops 0
	seen  []Peer
	last  int
}

func (p *peers) add(o *probes.Observation) {
	if o.Peer.Address == "" {
		return
	}
	key := Peer{Address: o.Peer.Address, Protocol: o.Peer.Protocol, TLS: o.Peer.TLS, Via: o.Peer.Via, Server: o.Peer.Server}
	p.count(key, 1)
}

// count adds ops to a peer. Most ops speak to the peer of the op before; one
// comparison is cheaper than hashing five strings.
func (p *peers) count(key Peer, ops uint64) {
	if len(p.seen) > 0 {
		last := p.seen[p.last]
		last.Ops = 0
		if last == key {
			p.seen[p.last].Ops += ops
			return
		}
	}
	i, known := p.index[key]
	if !known {
		if len(p.seen) >= maxPeers && key.Address != otherName {
			p.count(Peer{Address: otherName}, ops)
			return
		}
		if p.index == nil {
			p.index = map[Peer]int{}
		}
		i = len(p.seen)
		p.index[key] = i
		p.seen = append(p.seen, key)
	}
	p.last = i
	p.seen[i].Ops += ops
}

func (p *peers) merge(other *peers) {
	for _, peer := range other.seen {
		ops := peer.Ops
		peer.Ops = 0
		p.count(peer, ops)
	}
}

// list is all peers, the busiest first.
func (p *peers) list() []Peer {
	slices.SortStableFunc(p.seen, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(b.Ops, a.Ops), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Protocol, b.Protocol))
	})
	return p.seen
}
