package peer_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"loadline/probes/tcp/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) *peer.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := peer.Serve(l)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// talk sends a text and gives all that comes back until the server ends, or
// n bytes if n is positive.
func talk(t *testing.T, s *peer.Server, text string, n int) string {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		b := make([]byte, n)
		got, err := io.ReadFull(c, b)
		if err != nil {
			t.Fatalf("after %q: %v", b[:got], err)
		}
		return string(b)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("after %q: %v", b, err)
	}
	return string(b)
}

func stream(seed uint64, n int) string {
	s, b := peer.NewStream(seed), strings.Builder{}
	for b.Len() < n {
		b.Write(s.Next(n - b.Len()))
	}
	return b.String()
}

func line(v peer.Verb, size int64, seed uint64) string {
	return string(peer.Request{Verb: v, Size: size, Seed: seed}.AppendLine(nil))
}

// TestOneConversation asks everything on one connection, in any order.
func TestOneConversation(t *testing.T) {
	s := start(t)
	ask := line(peer.Echo, 5, 1) + "hello" + line(peer.Download, 3<<20, 7) + line(peer.Upload, 2<<20, 9) + stream(9, 2<<20) + line(peer.Echo, 0, 1) + line(peer.Upload, 0, 0)
	want := "ok\nhello" + "ok\n" + stream(7, 3<<20) + "ok\n" + "ok\n" + "ok\n"
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(c, ask) }()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(bufio.NewReader(c), got); err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("the answers differ from what was asked for")
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	s := start(t)
	wrong := []byte(stream(3, 1000))
	wrong[500] ^= 1
	for text, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n":              "no not a request of loadline-peer/1\n",
		"loadline-peer/1 shout 3 4\n":                    "no verb \"shout\" is not echo, upload or download\n",
		"loadline-peer/1 echo -1 4\n":                    "no size \"-1\"",
		"loadline-peer/1 echo 99999 4\n":                 "no an echo of 99999 bytes is larger than 16384\n",
		"loadline-peer/1 download 1 x\n":                 "no seed \"x\" is not a number\n",
		strings.Repeat("x", 100_000):                     "no not a request of loadline-peer/1\n",
		line(peer.Upload, 1000, 3) + string(wrong):       "no wrong byte at 500 of 1000\n",
		line(peer.Echo, 2, 0) + "hi" + "nonsense here\n": "ok\nhino not a request",
	} {
		if got := talk(t, s, text, 0); !strings.HasPrefix(got, want) {
			t.Errorf("%.40q is answered %q, want %q", text, got, want)
		}
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	s := start(t)
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, line(peer.Download, peer.MaxSize, 1))
	if _, err := io.ReadFull(c, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 2 {
		_ = s.Close()
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestStreamsOfSeedsDiffer(t *testing.T) {
	first, again := stream(1, 1<<20), stream(1, 1<<20)
	if first != again || stream(1, 4096) == stream(2, 4096) {
		t.Error("a stream is not what its seed says")
	}
	long := []byte(stream(5, 3<<20))
	if wrong := peer.NewStream(5).Check(long); wrong != -1 {
		t.Errorf("a right stream is wrong at %d", wrong)
	}
	for _, at := range []int{0, 1, 1048573, len(long) - 1} {
		long[at] ^= 0x80
		if wrong := peer.NewStream(5).Check(long); wrong != at {
			t.Errorf("a byte changed at %d is found at %d", at, wrong)
		}
		long[at] ^= 0x80
	}
}

func TestAnswers(t *testing.T) {
	if err := peer.Answer("ok"); err != nil {
		t.Error(err)
	}
	if err := peer.Answer("no wrong byte at 3 of 9"); err == nil || !err.(*peer.Refusal).Corrupt() {
		t.Error(err)
	}
	if err := peer.Answer("HTTP/1.1 200 OK"); err == nil || !strings.Contains(err.Error(), "no answer of a loadline peer") {
		t.Error(err)
	}
}
