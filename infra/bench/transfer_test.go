//go:build linux

package bench

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/origin"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

const big = unit.GiB

// link is a way to speak to the origin, as loadline and curl are told it.
type link struct {
	name   string
	tls    bool
	http   scenarios.Protocol
	curl   []string
	target bool // the issue sets a target for it
}

var links = []link{
	{name: "HTTP 1.1", http: scenarios.HTTP1, curl: []string{"--http1.1"}, target: true},
	{name: "HTTP 1.1 over TLS", tls: true, http: scenarios.HTTP1, curl: []string{"--http1.1"}},
	{name: "HTTP 2 over TLS", tls: true, http: scenarios.HTTP2, curl: []string{"--http2"}},
}

func (l link) reach(at server) scenarios.Target {
	return scenarios.Target{URL: at.URL, HTTP: l.http, Resolve: "once", TLS: scenarios.TLS{CA: at.CA}}
}

// TestDownload moves 1 GiB per turn over one connection from the origin of the
// lab. We verify every byte; curl throws them away. Both take a new connection
// in each turn: on one that is kept the receive window grows from turn to turn,
// and what waits in it is cold by the time it is read.
func TestDownload(t *testing.T) {
	wanted(t)
	curl := look(t, "curl")
	for _, l := range links {
		t.Run(l.name, func(t *testing.T) {
			at, _ := startOrigin(t, origin.Memory, l.tls)
			download(t, "download, "+l.name, curl, l, at)
		})
	}
	t.Run("nginx", func(t *testing.T) {
		n := startNginx(t)
		download(t, "download, HTTP 1.1, from nginx", curl, links[0], server{URL: n.url, Nothing: "/status"})
	})
}

func download(t *testing.T, what, curl string, l link, at server) {
	var has client
	ours := start(t, "transfer", clientSpec{
		Work: "kind: http.transfer\ndirection: download\nsize: 1GiB\npath: /files/{name}\nconnections: fresh\n", Target: l.reach(at), Streams: 1,
	}, &has)
	theirs := newCurl(t, curl, l, at)
	theirs.args = append(theirs.args, at.URL+"/files/"+has.Fixtures[0])
	sideBySide(t, what, l, ours, theirs)
}

// TestUpload moves 1 GiB per turn into a sink. Our bytes are generated from a
// seed and can be verified at any offset; curl sends a file from the page
// cache.
func TestUpload(t *testing.T) {
	wanted(t)
	curl := look(t, "curl")
	file := bigFile(t)
	for _, l := range links {
		t.Run(l.name, func(t *testing.T) {
			at, witness := startOrigin(t, origin.Sink, l.tls)
			ours := start(t, "transfer", clientSpec{
				Work: "kind: http.transfer\ndirection: upload\nsize: 1GiB\npath: /sink/{name}\nconnections: fresh\n", Target: l.reach(at), Streams: 1,
			}, new(client))
			theirs := newCurl(t, curl, l, at)
			theirs.args = append(theirs.args, "-H", "Expect:", "-T", file, at.URL+"/sink/curl")
			turns := sideBySide(t, "upload, "+l.name, l, ours, theirs)
			var arrived int64
			witness.turn(t, &arrived)
			if want := int64(2*turns) * int64(big); arrived != want {
				t.Errorf("%d bytes arrived at the origin, want %d", arrived, want)
			}
		})
	}
}

// bigFile is 1 GiB of noise, read once so that it lies in the page cache.
func bigFile(t *testing.T) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "big"))
	must(t, err)
	defer f.Close()
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), int64(big))
	must(t, err)
	return f.Name()
}

// curlClient is curl on one URL.
type curlClient struct {
	path string
	args []string
	idle time.Duration // processor time of a run that moves nothing
}

// newCurl measures what curl costs without a body to move: the start of the
// program and the handshake, which our process has behind it by then.
func newCurl(t *testing.T, path string, l link, at server) curlClient {
	c := curlClient{path: path, args: append([]string{"-s", "-S", "--fail", "-o", os.DevNull, "-w", "%{time_total}\n"}, l.curl...)}
	if at.CA != "" {
		c.args = append(c.args, "--cacert", at.CA)
	}
	var idle []float64
	for range rounds {
		_, cpu := program(t, path, append(slices.Clone(c.args), at.URL+at.Nothing)...)
		idle = append(idle, float64(cpu))
	}
	c.idle = time.Duration(median(idle))
	return c
}

func (c curlClient) turn(t *testing.T) moved {
	t.Helper()
	out, cpu := program(t, c.path, c.args...)
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	must(t, err)
	return moved{Bytes: int64(big), Seconds: seconds, CPU: (cpu - c.idle).Seconds()}
}

// transferRounds are more than rounds: a turn is short, and whether server and
// client share a core for a while decides what it costs.
const transferRounds = 4*rounds + 1

// sideBySide measures both in turns, after one turn each that is not counted,
// and says how many turns each had.
func sideBySide(t *testing.T, what string, l link, ours *child, theirs curlClient) (turns int) {
	t.Helper()
	var a, b []moved
	mine := func() { var m moved; ours.turn(t, &m); a = append(a, m) }
	its := func() { b = append(b, theirs.turn(t)) }
	takeTurns(transferRounds+1, mine, its)
	a, b = a[1:], b[1:]
	rate := ratios(mapped(a, moved.rate), mapped(b, moved.rate))
	cpu := ratios(mapped(a, moved.perGiB), mapped(b, moved.perGiB))
	f := figure{what: what + ", rate", ours: gbps(a), peers: "curl " + gbps(b), ratio: rate.String()}
	g := figure{what: what + ", processor time", ours: perGiB(a), peers: "curl " + perGiB(b), ratio: cpu.String()}
	if l.target {
		f.target, f.reached = "≥ 1", rate.median >= 1
		g.target, g.reached = "≤ 1", cpu.median <= 1
	}
	report(t, f)
	report(t, g)
	return transferRounds + 1
}

func gbps(all []moved) string { return fmt.Sprintf("%.2f GB/s", median(mapped(all, moved.rate))) }

func perGiB(all []moved) string {
	return fmt.Sprintf("%.2f CPU-s/GiB", median(mapped(all, moved.perGiB)))
}
