package lab

import (
	"fmt"
	"time"

	"loadline/infra/lab/origin"
	"loadline/infra/lab/relay"
)

// The round trips of the incidents that need one: from the client to either arm
// in D1 and D3, from either arm to the origin in D6.
const (
	clientRTT = 50 * time.Millisecond
	campusRTT = 4 * time.Millisecond
	originRTT = 10 * time.Millisecond
)

// accessLink is 1 Gbit/s. Where a rate is judged and no round trip is needed,
// both arms come over such a link: on bare loopback the arms differ by what the
// cores of this machine have to spare, several times from second to second.
const accessLink = 125_000_000

// behindLinks makes both arms of the stage come over a link of their own.
func (b *bench) behindLinks(around, through string) (err error) {
	if b.stage.Around, err = b.relay(relay.Options{To: around, Rate: accessLink}); err != nil {
		return err
	}
	b.stage.Through, err = b.relay(relay.Options{To: through, Rate: accessLink})
	return err
}

// nginxBodies lets nginx pass bodies of any size without keeping them.
var nginxBodies = []string{
	"proxy_request_buffering off;", "proxy_max_temp_file_size 0;",
}

// nginxKeepAlive makes nginx keep its connections to the origin.
var nginxKeepAlive = []string{"proxy_http_version 1.1;", `proxy_set_header Connection "";`}

// noLimit lifts nginx's limit of 1 MiB on request bodies.
var noLimit = []string{"client_max_body_size 0;"}

// pooled gives the upstream of nginx room for idle connections.
const pooled = "keepalive 64"

// doubled is one origin with two doors: TLS in front for who goes around a
// balancer, none behind for the balancer itself.
func (b *bench) doubled() (front, behind *origin.Origin, err error) {
	if err := b.tls(); err != nil {
		return nil, nil, err
	}
	if behind, err = b.origin(origin.Options{ID: "origin1"}); err != nil {
		return nil, nil, err
	}
	front, err = b.origin(origin.Options{ID: "origin1", CA: b.ca, Shares: behind})
	return front, behind, err
}

// buildD1 puts the same relay before the origin and before the balancer, so
// that both arms have the same round trip and TLS on the far side of it.
func buildD1(b *bench, sick bool) error {
	front, behind, err := b.doubled()
	if err != nil {
		return err
	}
	p := Proxy{CA: b.ca, Frontends: []Frontend{{TLS: true, ALPN: "h2,http/1.1"}}, Servers: []Server{{Addr: behind.Addr()}}}
	if !sick {
		p.Global = []string{"tune.h2.initial-window-size 16777216"}
	}
	balancer, err := b.haproxy(p)
	if err != nil {
		return err
	}
	if b.stage.Through, err = b.relay(relay.Options{To: balancer, Delay: clientRTT / 2}); err != nil {
		return err
	}
	b.stage.Around, err = b.relay(relay.Options{To: front.Addr(), Delay: clientRTT / 2})
	return err
}

// buildD2 has an origin whose commit of 50 MiB takes 2 s.
func buildD2(b *bench, sick bool) error {
	o, err := b.origin(origin.Options{ID: "origin1"}, "commit delay=40ms")
	if err != nil {
		return err
	}
	timeout := "timeout server 1m"
	if sick {
		timeout = "timeout server 1s"
	}
	b.stage.Around = o.Addr()
	b.stage.Through, err = b.haproxy(Proxy{Frontends: []Frontend{{}}, Servers: []Server{{Addr: o.Addr()}}, Backend: []string{timeout}})
	return err
}

// buildD3 has three origins before one store. Without a round trip an upload of
// 100 kB takes so little that the scheduler's whims are many times as much.
func buildD3(b *bench, sick bool) error {
	var faults []string
	if sick {
		faults = []string{"slow on=upload delay=500ms", "rate on=upload rate=2MB/s"}
	}
	servers, err := b.three(faults...)
	if err != nil {
		return err
	}
	balancer, err := b.haproxy(Proxy{Frontends: []Frontend{{}}, Servers: servers})
	if err != nil {
		return err
	}
	if b.stage.Around, err = b.relay(relay.Options{To: servers[0].Addr, Delay: campusRTT / 2}); err != nil {
		return err
	}
	b.stage.Through, err = b.relay(relay.Options{To: balancer, Delay: campusRTT / 2})
	return err
}

// three starts three origins before one store, the third with faults.
func (b *bench) three(faults ...string) ([]Server, error) {
	var servers []Server
	var first *origin.Origin
	for n := 1; n <= 3; n++ {
		var mine []string
		if n == 3 {
			mine = faults
		}
		o, err := b.origin(origin.Options{ID: fmt.Sprint("origin", n), Shares: first}, mine...)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = o
		}
		servers = append(servers, Server{Name: o.Name(), Addr: o.Addr()})
	}
	return servers, nil
}

// buildD4 limits each answer's rate once 10 MiB of it have passed.
func buildD4(b *bench, sick bool) error {
	o, err := b.origin(origin.Options{ID: "origin1"})
	if err != nil {
		return err
	}
	p := Proxy{
		Frontends: []Frontend{{}}, Servers: []Server{{Addr: o.Addr()}}, Balance: pooled,
		Global: noLimit, Backend: append(append([]string(nil), nginxBodies...), nginxKeepAlive...),
	}
	if sick {
		p.Backend = append(p.Backend, "limit_rate 2m;", "limit_rate_after 10m;")
	}
	balancer, err := b.nginx(p)
	if err != nil {
		return err
	}
	return b.behindLinks(o.Addr(), balancer)
}

// buildD5 has an origin that announces no length: over HTTP/1.1 its death is
// seen, over HTTP/1.0 it is the end of the body.
func buildD5(b *bench, sick bool) error {
	faults, hop := []string{"no-length on=download"}, nginxKeepAlive
	if sick {
		faults, hop = append(faults, "cut on=download every=3 at=3MiB above=3MiB"), []string{"proxy_http_version 1.0;"}
	}
	o, err := b.origin(origin.Options{ID: "origin1"}, faults...)
	if err != nil {
		return err
	}
	balancer, err := b.nginx(Proxy{
		Frontends: []Frontend{{}}, Servers: []Server{{Addr: o.Addr()}}, Balance: pooled,
		Global: noLimit, Backend: append(append([]string(nil), nginxBodies...), hop...),
	})
	if err != nil {
		return err
	}
	return b.behindLinks(o.Addr(), balancer)
}

// buildD6 puts the origin a round trip away from both the client and the
// balancer; the balancer is beside the client.
func buildD6(b *bench, sick bool) error {
	o, err := b.origin(origin.Options{ID: "origin1"})
	if err != nil {
		return err
	}
	path := relay.Options{To: o.Addr(), Delay: originRTT / 2, Handshake: true}
	if b.stage.Around, err = b.relay(path); err != nil {
		return err
	}
	behind, err := b.relay(path)
	if err != nil {
		return err
	}
	p := Proxy{Frontends: []Frontend{{}}, Servers: []Server{{Addr: behind}}, Global: noLimit, Backend: append([]string(nil), nginxBodies...)}
	if !sick {
		p.Balance = pooled
		p.Backend = append(p.Backend, nginxKeepAlive...)
	}
	b.stage.Through, err = b.nginx(p)
	return err
}

// buildC1 is D1 without a round trip and with its cure.
func buildC1(b *bench, _ bool) error {
	front, behind, err := b.doubled()
	if err != nil {
		return err
	}
	b.stage.Around = front.Addr()
	b.stage.Through, err = b.haproxy(Proxy{
		CA: b.ca, Frontends: []Frontend{{TLS: true, ALPN: "h2,http/1.1"}}, Servers: []Server{{Addr: behind.Addr()}},
		Global: []string{"tune.h2.initial-window-size 16777216"},
	})
	return err
}

// buildC2 is D3 in health, behind nginx.
func buildC2(b *bench, _ bool) error {
	servers, err := b.three()
	if err != nil {
		return err
	}
	b.stage.Around = servers[0].Addr
	b.stage.Through, err = b.nginx(Proxy{
		Frontends: []Frontend{{}}, Servers: servers, Balance: pooled,
		Global: noLimit, Backend: append(append([]string(nil), nginxBodies...), nginxKeepAlive...),
	})
	return err
}
