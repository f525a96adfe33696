package reach_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loadline/probes"
	"loadline/probes/internal/reach"
	"loadline/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func origin(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "host %s", r.Host)
	}))
	s.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// proxy is a forward proxy for CONNECT that notes what it was asked for; it
// refuses all but those who are jan.
func proxy(t *testing.T) (url string, asked func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []string
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				mu.Lock()
				all = append(all, r.Host)
				mu.Unlock()
				if r.Header.Get("Proxy-Authorization") != "Basic amFuOnB3" {
					_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
					return
				}
				far, err := net.Dial("tcp", r.Host)
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 Connected\r\n\r\n")
				go func() {
					_, _ = io.Copy(far, c)
					_ = far.Close()
				}()
				_, _ = io.Copy(c, far)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		work.Wait()
	})
	return "http://jan:pw@" + l.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func open(t *testing.T, target scenarios.Target, protocols ...string) (*reach.Link, error) {
	t.Helper()
	w, err := reach.New(target, protocols, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.Open(context.Background())
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, err
}

func TestWays(t *testing.T) {
	s := origin(t)
	at := s.Listener.Addr().String()
	trust := scenarios.TLS{Insecure: true}
	via, asked := proxy(t)
	for name, c := range map[string]struct {
		target    scenarios.Target
		protocols []string
		speaks    string
	}{
		"direct":            {scenarios.Target{URL: s.URL, TLS: trust}, []string{"h2", "http/1.1"}, "h2"},
		"1.1 only":          {scenarios.Target{URL: s.URL, TLS: trust}, []string{"http/1.1"}, "http/1.1"},
		"around":            {scenarios.Target{URL: "https://elsewhere.invalid", Connect: []string{at}, TLS: trust}, nil, ""},
		"given address":     {scenarios.Target{URL: "https://elsewhere.invalid:" + portOf(at), Resolve: "127.0.0.1", TLS: trust}, nil, ""},
		"proxy":             {scenarios.Target{URL: s.URL, Proxy: via, TLS: trust}, []string{"h2"}, "h2"},
		"proxy, and around": {scenarios.Target{URL: "https://elsewhere.invalid", Proxy: via, Connect: []string{at}, TLS: trust}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := open(t, c.target, c.protocols...)
			if err != nil {
				t.Fatal(err)
			}
			if l.State.Protocol != c.speaks || l.State.Version == "" || l.Took.TLS == 0 || l.Took.Connect == 0 || l.ID != 1 {
				t.Errorf("state %+v, took %+v, id %d", l.State, l.Took, l.ID)
			}
			if p := l.Peer(); !strings.HasPrefix(p.Address, "127.0.0.1:") || p.TLS != l.State.Version {
				t.Errorf("peer %+v", p)
			}
		})
	}
	for _, host := range asked() {
		if host != at {
			t.Errorf("the proxy was asked for %s, want %s", host, at)
		}
	}
	if len(asked()) != 2 {
		t.Errorf("the proxy was asked %d times", len(asked()))
	}
}

func portOf(at string) string {
	_, port, _ := net.SplitHostPort(at)
	return port
}

func TestFailuresNameTheirStep(t *testing.T) {
	s := origin(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	via, _ := proxy(t)
	stranger := strings.Replace(via, "jan:pw", "eva:pw", 1)
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		target scenarios.Target
		want   probes.Outcome
		says   string
	}{
		"name":      {scenarios.Target{URL: "http://no-such-host.invalid"}, probes.DNS, "no-such-host.invalid"},
		"connect":   {scenarios.Target{URL: gone.URL}, probes.Refused, "refused"},
		"proxy":     {scenarios.Target{URL: s.URL, Proxy: stranger}, probes.Refused, "407"},
		"authority": {scenarios.Target{URL: s.URL}, probes.TLS, "tls.ca"},
		"no TLS":    {scenarios.Target{URL: "https" + strings.TrimPrefix(plain.URL, "http")}, probes.TLS, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := open(t, c.target)
			outcome, said := reach.Judge(context.Background(), err)
			if outcome != c.want || !strings.Contains(said.Error(), c.says) {
				t.Errorf("outcome %s (%v), want %s saying %q", outcome, said, c.want, c.says)
			}
			if took := l.Took; took == (reach.Opening{}) {
				t.Error("nothing took any time")
			}
		})
	}
	only := tls.Config{NextProtos: []string{"other"}, Certificates: s.TLS.Certificates}
	odd, err := tls.Listen("tcp", "127.0.0.1:0", &only)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := odd.Accept(); err == nil {
			_ = c.(*tls.Conn).Handshake()
			_ = c.Close()
		}
	}()
	_, err = open(t, scenarios.Target{URL: "https://" + odd.Addr().String(), TLS: scenarios.TLS{Insecure: true}}, "h2")
	if outcome, said := reach.Judge(context.Background(), err); outcome != probes.Protocol {
		t.Errorf("no common protocol: %s (%v)", outcome, said)
	}
	_ = odd.Close()
	<-done
}

func TestTargetsThatMakeNoSense(t *testing.T) {
	for want, target := range map[string]scenarios.Target{
		"is not an absolute URL": {URL: "somewhere"},
		"none of http, https":    {URL: "ftp://h:1"},
		"target.proxy":           {URL: "http://h", Proxy: "socks5://h:1"},
		"tls.ca":                 {URL: "https://h", TLS: scenarios.TLS{CA: "/no/such/file"}},
	} {
		if _, err := reach.New(target, nil, time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", target, err, want)
		}
	}
}

func TestJudge(t *testing.T) {
	canceled := func(cause error) context.Context {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		return ctx
	}
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want probes.Outcome
	}{
		{canceled(probes.ErrCut), syscall.ECONNRESET, probes.Cut},
		{canceled(probes.ErrStop), &reach.Limit{Outcome: probes.Stalled}, probes.Cut},
		{canceled(context.DeadlineExceeded), io.EOF, probes.Timeout},
		{context.Background(), fmt.Errorf("late: %w", &reach.Limit{Outcome: probes.Stalled}), probes.Stalled},
		{context.Background(), &reach.ProtocolError{Err: io.EOF}, probes.Protocol},
		{context.Background(), io.ErrUnexpectedEOF, probes.Reset},
		{context.Background(), &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, probes.Reset},
		{context.Background(), os.ErrDeadlineExceeded, probes.Reset},
		{context.Background(), errors.New("anything else"), probes.Reset},
	} {
		if got, err := reach.Judge(c.ctx, c.err); got != c.want || err == nil {
			t.Errorf("%v gives %s (%v), want %s", c.err, got, err, c.want)
		}
	}
}

// TestAliveSeesTheFarEnd holds the look at an idle link to what the far end
// did: nothing, spoke unasked, or closed.
func TestAliveSeesTheFarEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for name, c := range map[string]struct {
		do   func(net.Conn)
		want bool
	}{
		"nothing": {func(net.Conn) {}, true},
		"spoke":   {func(c net.Conn) { _, _ = io.WriteString(c, "x") }, false},
		"closed":  {func(c net.Conn) { _ = c.Close() }, false},
	} {
		link, err := open(t, scenarios.Target{URL: "tcp://" + l.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.do(far)
		time.Sleep(30 * time.Millisecond)
		if got := link.Alive(func() error { return io.EOF }); got != c.want {
			t.Errorf("%s: alive is %v", name, got)
		}
		_ = far.Close()
	}
}
