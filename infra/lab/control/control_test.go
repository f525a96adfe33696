package control

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/fault"
)

func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(b))
}

func TestFaultsAreSetAndHealedLive(t *testing.T) {
	var set fault.Set
	s, err := Listen("127.0.0.1:0", &set, func() any { return map[string]int{"requests": 7} })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	if code, body := ask(t, "POST", s.URL()+"/-/faults", "lose every=3\n\nslow delay=2s\n"); code != 200 || !strings.Contains(body, `"fault":"slow delay=2s","seen":0`) {
		t.Errorf("%d %s", code, body)
	}
	set.Strike(fault.Request{On: fault.Upload})
	if _, body := ask(t, "GET", s.URL()+"/-/faults", ""); !strings.Contains(body, `{"fault":"lose every=3","seen":1,"fired":0}`) {
		t.Error(body)
	}
	if code, body := ask(t, "POST", s.URL()+"/-/faults", "lose\nmelt"); code != 400 || !strings.Contains(body, `"melt": no such kind`) || len(set.State()) != 2 {
		t.Errorf("%d %s", code, body)
	}
	if _, body := ask(t, "DELETE", s.URL()+"/-/faults", ""); body != "[]" {
		t.Error(body)
	}
	if _, body := ask(t, "GET", s.URL()+"/-/stats", ""); body != `{"requests":7}` {
		t.Error(body)
	}
	if code, _ := ask(t, "POST", s.URL()+"/-/freeze?for=50ms", ""); code != 204 {
		t.Error(code)
	}
	began := time.Now()
	if set.Gate(t.Context()); time.Since(began) > 10*time.Second {
		t.Error("the freeze does not end")
	}
	for _, bad := range []string{"", "x", "-1s", "9999h"} {
		if code, _ := ask(t, "POST", s.URL()+"/-/freeze?for="+bad, ""); code != 400 {
			t.Errorf("for=%q: %d", bad, code)
		}
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.org:80", "x"} {
		if s, err := Listen(addr, &fault.Set{}, nil); err == nil {
			s.Stop(t.Context())
			t.Errorf("%q was accepted", addr)
		}
	}
}
