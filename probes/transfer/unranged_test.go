package transfer_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"loadline/probes"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
)

// TestARangeAnsweredWith200: who ignores the Range header delivers right data,
// which is an error and no corruption; wrong bytes stay what they are.
func TestARangeAnsweredWith200(t *testing.T) {
	const asked = "asked for bytes 100000-104095, was answered 200 with "
	send := func(w http.ResponseWriter, length int, b []byte) {
		if length >= 0 {
			w.Header().Set("Content-Length", strconv.Itoa(length))
		}
		_, _ = w.Write(b)
	}
	for _, c := range []struct {
		name    string
		verify  string
		answer  func(w http.ResponseWriter, object []byte)
		outcome probes.Outcome
		words   []string
	}{
		{"the whole object", "", func(w http.ResponseWriter, b []byte) { send(w, len(b), b) }, probes.Protocol,
			[]string{asked + "the whole object: the Range header was ignored or lost on the way"}},
		{"the whole object, unverified", "verify: none\n", func(w http.ResponseWriter, b []byte) { send(w, len(b), b) }, probes.Protocol,
			[]string{asked + "the whole object: the Range header was ignored"}},
		{"the whole object, chunked", "", func(w http.ResponseWriter, b []byte) { w.(http.Flusher).Flush(); send(w, -1, b) }, probes.Protocol,
			[]string{asked + "the object from its start (no length was announced): the Range header was ignored"}},
		{"the range as if it were the whole", "", func(w http.ResponseWriter, b []byte) { send(w, 4096, b[100000:104096]) }, probes.Protocol,
			[]string{asked + "just these"}},
		{"wrong bytes", "", func(w http.ResponseWriter, b []byte) { b[50] ^= 1; send(w, len(b), b) }, probes.Corrupt,
			[]string{asked + "not even the object", "corrupt"}},
		{"other part of the object", "", func(w http.ResponseWriter, b []byte) { send(w, 4096, b[8192:12288]) }, probes.Corrupt, nil},
		{"start of the object", "", func(w http.ResponseWriter, b []byte) { send(w, 9000, b[:9000]) }, probes.Short,
			[]string{"the first 9000 of 307200 bytes"}},
		{"nothing", "", func(w http.ResponseWriter, b []byte) { send(w, 0, nil) }, probes.Short, []string{"the first 0 of 307200 bytes"}},
		{"206, as asked", "", nil, probes.OK, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOrigin(t, flavour{})
			b := probetest.Open(t, transfer.Probe{}, downloadWork+"range: 100000-104095\n"+c.verify, o.target(t))
			o.bending(func(w http.ResponseWriter, r *http.Request) bool {
				if c.answer != nil {
					c.answer(w, body(o, r))
				}
				return c.answer != nil
			})
			got := b.Do(context.Background(), b.Op(0))
			want(t, got, c.outcome, c.words...)
			if c.outcome != probes.OK && got.Verified != 0 {
				t.Errorf("%v verified of a range that did not come", got.Verified)
			}
			if strings.Contains(fmt.Sprint(got.Err), "%!") {
				t.Error(got.Err)
			}
		})
	}
}
