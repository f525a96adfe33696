package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sort"
	"strings"

	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// identity is what two runs must share to be comparable. It is hashed as JSON
// with sorted keys; adding a field that is omitted when empty keeps old
// fingerprints.
//
// In it: the work as its probe describes it, the load, the cells, the rest
// between trials, the event, and of every arm its role, scheme, protocol,
// resolving, kind of authentication, congestion control and whether a proxy is
// used.
//
// Not in it: names and purposes, addresses, secrets and certificates, which
// say where and not what; seed, number of blocks, null arm, criteria and
// limits, which say how often and how judged: no ceiling paces the work.
type identity struct {
	Version int             `json:"version"`
	Kind    string          `json:"kind"`
	Work    json.RawMessage `json:"work"`
	Load    scenarios.Load  `json:"load"`
	Cells   []Cell          `json:"cells"`
	RestNS  int64           `json:"rest_ns"`
	Event   *eventIdentity  `json:"event,omitempty"`
	Arms    []string        `json:"arms"`
}

type eventIdentity struct {
	At  unit.Ratio `json:"at"`
	Run []string   `json:"run"`
}

func fingerprint(s scenarios.Scenario, spec Spec, cells []Cell) Fingerprint {
	id := identity{
		Version: 1, Kind: spec.Kind(), Work: canonical(spec.Identity()), Load: s.Load, Cells: cells,
		RestNS: int64(s.Design.Rest),
	}
	if s.Event != nil {
		id.Event = &eventIdentity{s.Event.At, s.Event.Run}
	}
	for _, a := range s.Arms {
		id.Arms = append(id.Arms, armIdentity(a))
	}
	sort.Strings(id.Arms)
	text, err := json.Marshal(id)
	if err != nil {
		panic("plan: fingerprint: " + err.Error()) // plain values always marshal
	}
	sum := sha256.Sum256(text)
	return Fingerprint(hex.EncodeToString(sum[:]))
}

// armIdentity is what of an arm changes the measured work.
func armIdentity(a scenarios.Arm) string {
	t := a.Target
	scheme, _, _ := strings.Cut(t.URL, "://")
	resolve := t.Resolve
	if resolve != "once" && resolve != "each" {
		resolve = "address"
	}
	auth := "none"
	if t.Auth.Bearer != nil {
		auth = "bearer"
	} else if t.Auth.User != "" {
		auth = "basic"
	}
	parts := []string{string(a.Role), scheme, string(t.HTTP), resolve, auth, t.Congestion}
	if t.TLS.Cert != "" {
		parts = append(parts, "client certificate")
	}
	if t.Proxy != "" {
		parts = append(parts, "proxy")
	}
	return strings.Join(parts, " ")
}

// canonical is JSON with sorted keys and no spaces; text that is no JSON is
// taken as a string.
func canonical(text []byte) json.RawMessage {
	var v any
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		v = string(text)
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic("plan: canonical: " + err.Error())
	}
	return out
}
