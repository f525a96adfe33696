package verdict

import (
	"fmt"
	"slices"

	"loadline/probes/record"
)

// downgraded remarks on candidates that negotiate an older protocol than the
// reference does, where the scenario leaves that to them: an upgrade that loses
// HTTP/2 or TLS 1.3 need not be slow on the day it is measured. Arms of which
// one speaks TLS and the other does not are not reached in the same way.
func (m measured) downgraded() []ailment {
	var found []ailment
	for _, arm := range m.candidates {
		for _, cell := range m.cells {
			before, now := spoken(m.trials[place{cell, m.reference}]), spoken(m.trials[place{cell, arm}])
			if len(before.http) == 0 || len(now.http) == 0 || (len(before.tls) == 0) != (len(now.tls) == 0) {
				continue
			}
			for _, both := range [][2][]string{{before.http, now.http}, {before.tls, now.tls}} {
				if len(both[0]) > 0 && slices.Max(both[1]) < slices.Min(both[0]) {
					found = append(found, ailment{arm: arm, remark: true, text: fmt.Sprintf(
						"`%s`%s speaks %s where `%s` speaks %s", arm, inCell(cell), slices.Max(both[1]), m.reference, slices.Min(both[0]))})
				}
			}
		}
	}
	return found
}

// languages are what was negotiated, such as HTTP/1.1 and TLS 1.3: names whose
// order is that of their age.
type languages struct{ http, tls []string }

func spoken(trials []record.Trial) (l languages) {
	for _, t := range trials {
		for _, p := range t.Peers {
			if p.Protocol != "" {
				l.http = append(l.http, p.Protocol)
			}
			if p.TLS != "" {
				l.tls = append(l.tls, p.TLS)
			}
		}
	}
	return l
}
