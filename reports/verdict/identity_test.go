package verdict

import (
	"testing"

	"loadline/scenarios"
	"loadline/scenarios/metric"
)

func TestDialsKnowsAnAddressThatWasNotAskedFor(t *testing.T) {
	for _, x := range []struct {
		target scenarios.Target
		peer   string
		want   bool
	}{
		{scenarios.Target{URL: "https://files.example.org"}, "10.0.0.1:443", true},
		{scenarios.Target{URL: "https://files.example.org"}, "10.0.0.1:8443", false},
		{scenarios.Target{URL: "http://files.example.org"}, "10.0.0.1:80", true},
		{scenarios.Target{URL: "http://files.example.org:8080"}, "10.0.0.1:80", false},
		{scenarios.Target{URL: "http://10.0.0.1"}, "10.0.0.1:80", true},
		{scenarios.Target{URL: "http://10.0.0.1"}, "10.0.0.2:80", false},
		{scenarios.Target{URL: "http://[::1]:80"}, "[::1]:80", true},
		{scenarios.Target{URL: "http://10.0.0.1"}, "[::ffff:10.0.0.1]:80", true},
		{scenarios.Target{URL: "https://x", Connect: []string{"10.0.0.1:443", "10.0.0.2:443"}}, "10.0.0.2:443", true},
		{scenarios.Target{URL: "https://x", Connect: []string{"10.0.0.1:443", "10.0.0.2:443"}}, "10.0.0.3:443", false},
		{scenarios.Target{URL: "https://x", Connect: []string{"lb7:443"}}, "10.0.0.3:443", true},
		{scenarios.Target{URL: "https://x", Connect: []string{"lb7:443"}}, "10.0.0.3:80", false},
		{scenarios.Target{URL: "https://x", Resolve: "10.0.0.9"}, "10.0.0.9:443", true},
		{scenarios.Target{URL: "https://x", Resolve: "10.0.0.9"}, "10.0.0.8:443", false},
		{scenarios.Target{URL: "https://x", Proxy: "http://proxy:3128"}, "10.0.0.8:3128", true},
		{scenarios.Target{URL: "https://x"}, "(others)", true},
		{scenarios.Target{URL: "https://x"}, "", true},
	} {
		if claim, ok := dials(x.target, x.peer); ok != x.want {
			t.Errorf("%+v met %s: %v (claim %q), want %v", x.target, x.peer, ok, claim, x.want)
		}
	}
}

func TestSpeaksKnowsAProtocolThatWasNotAskedFor(t *testing.T) {
	for _, x := range []struct {
		want scenarios.Protocol
		got  string
		ok   bool
	}{
		{scenarios.HTTP1, "HTTP/1.1", true}, {scenarios.HTTP1, "HTTP/1.0", true}, {scenarios.HTTP1, "HTTP/2.0", false},
		{scenarios.HTTP2, "HTTP/2.0", true}, {scenarios.HTTP2, "HTTP/1.1", false}, {scenarios.H2C, "HTTP/1.1", false},
		{scenarios.Auto, "HTTP/1.1", true}, {scenarios.Auto, "HTTP/2.0", true}, {"", "HTTP/1.1", true}, {scenarios.HTTP2, "", true},
	} {
		if speaks(x.want, x.got) != x.ok {
			t.Errorf("asked for %q, got %q: want %v", x.want, x.got, x.ok)
		}
	}
}

func TestAmountsReadWell(t *testing.T) {
	for _, x := range []struct {
		unit  metric.Unit
		value float64
		want  string
	}{
		{metric.Seconds, 0.0000123, "12.3 µs"}, {metric.Seconds, 0.0123, "12.3 ms"}, {metric.Seconds, 0.9999, "1 s"},
		{metric.Seconds, 90, "90 s"}, {metric.Seconds, 240, "4 min"}, {metric.Seconds, 7200, "2 h"}, {metric.Seconds, 0, "0 s"},
		{metric.Share, 0.00284, "0.28%"}, {metric.Share, 0.2046, "20.5%"}, {metric.Share, 1, "100%"},
		{metric.Count, 1234, "1234"}, {metric.BytesPerSecond, 1.4e9, "1.4 GB/s"},
	} {
		if got := Amount(x.unit, x.value); got != x.want {
			t.Errorf("%v in %s reads %q, want %q", x.value, x.unit, got, x.want)
		}
	}
	for ratio, want := range map[float64]string{61.2: "61×", 2: "2×", 2.14: "2.1×", 1.05: "1.05×", 1.0012: "1.001×", 1: "1.00×", 9.996: "10×"} {
		if got := Times(ratio); got != want {
			t.Errorf("%v times reads %q, want %q", ratio, got, want)
		}
	}
}
