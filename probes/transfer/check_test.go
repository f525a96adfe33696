package transfer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"loadline/probes"
	"loadline/probes/internal/removal"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios/metric"
	"loadline/scenarios/unit"
)

const (
	upTo   = "kind: http.transfer\ndirection: upload\nsize: 1MiB\n"
	downTo = "kind: http.transfer\ndirection: download\nsize: 1MiB\n"
)

// TestCheckRefuses has one bad work per rule, with its message.
func TestCheckRefuses(t *testing.T) {
	const up, down = upTo + "path: /f/{name}\n", downTo + "path: /f/{name}\n"
	existing := "kind: http.transfer\ndirection: download\npath: /f/x\nfixture: existing\n"
	for work, want := range map[string]string{
		"kind: http.transfer\ndirection: up\nsize: 1B\npath: /{name}\n": `test.yaml:3:14: work.direction: unknown word "up" (one of upload, download)`,
		"kind: http.transfer\ndirection: upload\npath: /{name}\n":       "work.size: is missing",
		upTo:                                                      "work.path: is missing",
		upTo + "path: files/{name}\n":                             "does not start with a slash",
		upTo + "path: /files/{nmae}\n":                            "a placeholder that is not known ({name} and {size} are; write %7B for a brace)",
		upTo + "path: '/a b/{name}'\n":                            "characters that no path can carry",
		upTo + "path: /files/x\n":                                 "every upload would overwrite the one before",
		downTo + "path: /files/x\n":                               "objects of a run need names of their own",
		up + "size: 2MiB\n":                                       "",
		up + "method: GET\n":                                      "GET uploads nothing",
		down + "method: PUT\n":                                    "PUT downloads nothing",
		up + "range: tail 1KiB\n":                                 "work.range: means nothing for an upload",
		up + "fixture: own\n":                                     "means nothing for an upload",
		down + "form: {field: file}\n":                            "means nothing for a download",
		down + "readback: {parallel: 2}\n":                        "means nothing for a download",
		down + "verify: readback\n":                               "readback is for uploads",
		up + "verify: digest\n":                                   "an upload has no bytes that arrive",
		up + "verify: none\nreadback: {parallel: 2}\n":            "verify: none reads nothing back",
		upTo + "path: /deposit\nmethod: POST\nverify: readback\n": "nothing says where an upload can be read",
		up + "headers: {Authorization: Bearer abc}\n":             "work.headers.Authorization: would put a secret into the record (write {env: NAME} or {file: path})",
		up + "headers: {Content-Length: 12}\n":                    "is set by the probe (work.size decides it)",
		up + "headers: {'Bad Name': x}\n":                         "is no name of a header",
		down + "headers: {Accept-Encoding: 'gzip, br'}\n":         "asks for an encoding that cannot be verified",
		up + "form: {field: 'a\"b'}\n":                            "is no name of a form field",
		up + "form: {}\nmethod: PATCH\n":                          "a form is not sent with PATCH",
		up + "connections: often\n":                               `"often" is not a way to use connections`,
		up + "connections: {idle: soon}\n":                        `"soon" is not a duration`,
		up + "stall_after: 1ms\n":                                 "1ms is less than 100ms",
		up + "congestion: {through: 'rm -rf'}\n":                  "no name of a TCP congestion control",
		up + "expect_continue: perhaps\n":                         `"perhaps" is neither 100-continue nor off`,
		up + "delete: 100-continue\n":                             `work.delete: "100-continue" is neither on nor off`,
		up + "redirects: 21\n":                                    "21 is more than 20",
		up + "delete: {method: PATCH}\n":                          "PATCH",
		up + "receipts: {url: /stats, count: n}\n":                "is not an absolute http or https URL",
		up + "receipts: {url: 'http://o/stats', count: 'a..b'}\n": "has an empty step",
		existing: "an existing object needs its size",
		existing + "expect: {size: 1B, sha256: 12}\n":                              "12 is not text",
		existing + "expect: {size: 1B, sha256: ab12}\n":                            "is no SHA-256",
		existing + "expect: {size: 9B}\nrange: random 2B\nverify: digest\n":        "parts at random have no digest to compare with",
		existing + "expect: {size: 9B}\nsize: 8B\n":                                "8B is not what expect.size says: 9B",
		existing + "expect: {size: 1KiB}\nrange: tail 2KiB\n":                      "does not fit into an object of 1KiB",
		strings.Replace(existing, "/f/x", "/f/{name}", 1) + "expect: {size: 9B}\n": "an existing object has a name of its own",
		down + "expect: {size: 1B}\n":                                              "own fixtures are known already",
		down + "range: 5-2\n":                                                      `"5-2" is not a range`,
		down + "range: random 0B\n":                                                "asks for no bytes",
		down + "range: 0-1048576\n":                                                "does not fit into an object of 1MiB",
		down + "range: tail 1KiB\nmethod: POST\n":                                  "a range is asked for with GET",
	} {
		if want == "" {
			continue // a key given twice is the parser's to refuse
		}
		_, err := transfer.Probe{}.Check(probetest.Node(t, work))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check says\n%v\nfor\n%swant %q", err, work, want)
		}
	}
}

func TestCheckTellsEverythingAtOnce(t *testing.T) {
	_, err := transfer.Probe{}.Check(probetest.Node(t, "kind: http.transfer\ndirection: upload\nsize: 1MiB\npath: files\nrange: tail 1KiB\nbogus: 1\nheaders: {Cookie: abc}\n"))
	for _, want := range []string{"bogus", "range", "path", "Cookie"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "abc") {
		t.Errorf("a secret that was written by mistake is repeated in\n%v", err)
	}
}

func TestDefaults(t *testing.T) {
	for work, want := range map[string]transfer.Options{
		upTo + "path: /f/{name}\n":              {Method: "PUT", Verify: transfer.VerifyReadback},
		upTo + "path: /deposit\nmethod: POST\n": {Method: "POST", Verify: transfer.VerifyNone},
		downTo + "path: /f/{name}\n":            {Method: "GET", Verify: transfer.VerifyDigest, Fixture: transfer.Own},
		"kind: http.transfer\ndirection: download\npath: /f\nfixture: existing\nexpect: {size: 3B}\n":                   {Method: "GET", Verify: transfer.VerifyDigest, Fixture: transfer.Existing},
		"kind: http.transfer\ndirection: download\npath: /f\nfixture: existing\nexpect: {size: 3B}\nrange: random 1B\n": {Method: "GET", Verify: transfer.VerifyNone, Fixture: transfer.Existing},
	} {
		spec := probetest.Check(t, transfer.Probe{}, work).(*transfer.Spec)
		got := spec.Options()
		if got.Method != want.Method || got.Verify != want.Verify || got.Fixture != want.Fixture || got.Connections.Mode != "reuse" || got.StallAfter == 0 {
			t.Errorf("%s: %+v", work, got)
		}
		if audited := spec.Readback().Budget > 0; audited != (want.Verify == transfer.VerifyReadback) {
			t.Errorf("%s: read back: %v", work, audited)
		}
	}
}

// TestIdentity: what changes the measured work changes the identity, and
// nothing else does.
func TestIdentity(t *testing.T) {
	base := upTo + "path: /f/{name}\nheaders: {Authorization: {env: TOKEN}}\n"
	id := func(extra string) string { return string(probetest.Check(t, transfer.Probe{}, base+extra).Identity()) }
	for _, same := range []string{"readback: {parallel: 2}\n", "delete: off\n", "receipts: {url: 'http://o/{name}', count: n}\n", "connections: reuse\n", "stall_after: 10s\n"} {
		if id(same) != id("") {
			t.Errorf("%s changes the identity", same)
		}
	}
	for _, other := range []string{"chunked: true\n", "connections: {idle: 1s}\n", "verify: none\n", "congestion: cubic\n", "form: {}\n", "expect_continue: on\n", "stall_after: 20s\n"} {
		if id(other) == id("") {
			t.Errorf("%s does not change the identity", other)
		}
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(id("connections: {idle: 1s}\ncongestion: {through: bbr}\n")), &m); err != nil || m["path"] != "/f/{name}" || m["stall_after"] != "10s" {
		t.Errorf("identity %v (%v), want the keys as they are written", m, err)
	}
}

func TestEffects(t *testing.T) {
	e := probetest.Check(t, transfer.Probe{}, upTo+"path: /f/{name}\n").Effects(unit.MiB)
	if e.Sends != unit.MiB || e.Stores != unit.MiB || e.Reads != unit.MiB || !e.Creates || !e.Deletes {
		t.Errorf("upload: %+v", e)
	}
	e = probetest.Check(t, transfer.Probe{}, downTo+"path: /f/{name}\nrange: random 64KiB\n").Effects(unit.MiB)
	if e.Receives != 64*unit.KiB || e.Creates || e.Stores != 0 {
		t.Errorf("download: %+v", e)
	}
	spec := probetest.Check(t, transfer.Probe{}, upTo+"path: /f/{name}\nverify: none\ndelete: off\n")
	if e = spec.Effects(unit.MiB); e.Reads != 0 || e.Deletes {
		t.Errorf("unverified upload that stays: %+v", e)
	}
	for _, id := range spec.Metrics() {
		if id == metric.IntegrityLost {
			t.Error("an upload that is not read back cannot tell what is lost")
		}
	}
	var _ probes.Audited = spec.(*transfer.Spec)
}

// TestSwitchesAreDecodedAsTheSchemaSays holds the words of the schema and of
// the decoder together; what only means something for one key is refused for
// the other.
func TestSwitchesAreDecodedAsTheSchemaSays(t *testing.T) {
	words := func(schema map[string]any) []any { return schema["enum"].([]any) }
	for _, c := range []struct {
		key   string
		words []any
	}{
		{"expect_continue", words(transfer.Switch(false).JSONSchema())},
		{"delete", words(removal.Delete{}.JSONSchema()["oneOf"].([]any)[0].(map[string]any))},
	} {
		known := false
		for _, word := range c.words {
			known = known || word == "100-continue"
			work := fmt.Sprintf("%spath: /f/{name}\n%s: %v\n", upTo, c.key, word)
			o := probetest.Check(t, transfer.Probe{}, work).(*transfer.Spec).Options()
			on := word == true || word == "on" || word == "100-continue"
			if c.key == "delete" && o.Delete.Off == on || c.key == "expect_continue" && bool(o.ExpectContinue) != on {
				t.Errorf("%s: %v means %+v, %v", c.key, word, o.Delete, o.ExpectContinue)
			}
		}
		if known != (c.key == "expect_continue") {
			t.Errorf("%s: 100-continue is in its schema: %v", c.key, known)
		}
	}
}
