package main

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab"
	"loadline/infra/lab/balancer"
	"loadline/infra/lab/fault"
	"loadline/infra/lab/origin"
	"loadline/infra/lab/pki"
	"loadline/infra/lab/relay"
)

// oneWay is how far the service of the tests is away, so that what the
// balancer adds on a busy machine stays small beside it.
const oneWay = 10 * time.Millisecond

// target is a service with a balancer in front, as a user would measure it.
type target struct {
	origin *origin.Origin
	front  *balancer.Balancer
	ca     *pki.CA
	env    map[string]string // AROUND, THROUGH, STORE and CA
}

// newTarget starts a target whose files lie in dir. Its URLs lead over relays.
func newTarget(t testing.TB, dir string, files origin.Options, faults ...string) *target {
	t.Helper()
	ca, err := pki.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	x := &target{ca: ca, env: map[string]string{"CA": filepath.Join(dir, "ca.pem")}}
	if err := os.WriteFile(x.env["CA"], ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	files.CA = ca
	if x.origin, err = origin.New(files); err != nil {
		t.Fatal(err)
	}
	serve(t, x.origin)
	if x.front, err = balancer.New(balancer.Options{CA: ca, Backends: []string{x.origin.URL()}}); err != nil {
		t.Fatal(err)
	}
	serve(t, x.front)
	for _, line := range faults {
		x.plant(t, line)
	}
	x.env["STORE"] = x.origin.URL()
	x.env["AROUND"] = "https://" + far(t, x.origin.Addr())
	x.env["THROUGH"] = "https://" + far(t, x.front.Addr())
	return x
}

// far is an address from which every connection is relayed over the distance,
// on a path that holds no more than a megabyte.
func far(t testing.TB, to string) string {
	t.Helper()
	line, err := relay.New(relay.Options{To: to, Delay: oneWay, Queue: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, line)
	return line.Addr()
}

// serve starts a service that ends with the test.
func serve(t testing.TB, s lab.Service) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
}

// plant puts a fault into the balancer.
func (x *target) plant(t testing.TB, line string) {
	t.Helper()
	f, err := fault.Parse(line)
	if err == nil {
		err = x.front.Faults().Inject(f)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// stored counts the objects that lie on the origin now.
func (x *target) stored() int {
	n := 0
	for _, s := range x.origin.Totals().Names {
		if s.Stored {
			n++
		}
	}
	return n
}

// client speaks to the target past loadline.
func (x *target) client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x.ca.Pool()}, DisableKeepAlives: true}}
}

// put stores an object that is no run's.
func (x *target) put(name string) error {
	r, err := http.NewRequest(http.MethodPut, x.origin.URL()+"/files/"+name, strings.NewReader("not ours"))
	if err != nil {
		return err
	}
	resp, err := x.client().Do(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
