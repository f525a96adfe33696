package transfer_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loadline/probes"
	"loadline/probes/internal/payload"
	"loadline/probes/probetest"
	"loadline/probes/transfer"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// bottomless serves the fixtures of any run without keeping them, and checks
// and forgets what is uploaded.
func bottomless(t testing.TB, size unit.Bytes, f flavour) scenarios.Target {
	o := newOrigin(t, f)
	o.bending(func(w http.ResponseWriter, r *http.Request) bool {
		name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if r.Method != http.MethodGet {
			buf := make([]byte, 256<<10)
			n, err := io.CopyBuffer(onlyWriter{io.Discard}, r.Body, buf)
			if err == nil && n != int64(size) {
				http.Error(w, "not all of it", http.StatusBadRequest)
			}
			return true
		}
		obj := payload.Object{Seed: 42, ID: name, Size: int64(size)}
		if from, to, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-"); ok {
			first, _ := strconv.ParseInt(from, 10, 64)
			last, _ := strconv.ParseInt(to, 10, 64)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, obj.Size))
			w.Header().Set("Content-Length", strconv.FormatInt(last-first+1, 10))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = obj.Section(first, last-first+1).WriteTo(w)
			return true
		}
		w.Header().Set("Content-Length", strconv.FormatInt(obj.Size, 10))
		_, _ = obj.Reader().WriteTo(w)
		return true
	})
	target := o.target(t)
	if f.h2c {
		target.HTTP = scenarios.H2C
	}
	return target
}

// onlyWriter hides ReadFrom, whose buffers are small.
type onlyWriter struct{ io.Writer }

// memoryPeak watches the memory that the runtime holds until it is stopped and
// returns by how much it rose.
func memoryPeak() (stop func() unit.Bytes) {
	now := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased + m.StackSys
	}
	debug.FreeOSMemory()
	before, top, done := now(), uint64(0), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			top = max(top, now())
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	return func() unit.Bytes {
		close(done)
		watching.Wait()
		return unit.Bytes(max(top, before) - before)
	}
}

// TestFlatMemory moves bodies far larger than the memory allowed for them; the
// server runs in the same process and is part of the figure.
func TestFlatMemory(t *testing.T) {
	size, streams := 512*unit.MiB, 1
	if os.Getenv("LOADLINE_SLOW") != "" {
		size, streams = 8*unit.GiB, 2
	}
	for name, f := range map[string]flavour{"1.1": {}, "h2c": {h2c: true}, "tls": {tls: true}} {
		for _, direction := range []string{"download", "upload"} {
			t.Run(name+" "+direction, func(t *testing.T) {
				target := bottomless(t, size, f)
				work := "kind: http.transfer\ndirection: " + direction + "\nsize: " + strconv.FormatInt(int64(size), 10) + "B\npath: /{name}\n"
				b := probetest.Open(t, transfer.Probe{}, work, target)
				stop := memoryPeak()
				var wg sync.WaitGroup
				for slot := range streams {
					op := b.Op(slot)
					wg.Go(func() {
						o := b.Do(context.Background(), op)
						want(t, o, probes.OK)
						if o.Verified != size {
							t.Errorf("%v verified of %v", o.Verified, size)
						}
					})
				}
				wg.Wait()
				grown := stop()
				if limit := 64*unit.MiB + unit.Bytes(streams)*2*unit.MiB; grown > limit {
					t.Errorf("memory grew by %v for %v of body, at most %v is allowed", grown, size, limit)
				}
				t.Logf("%s %s: %v of body, memory grew by %v", name, direction, size, grown)
			})
		}
	}
}

// BenchmarkTransfer is one connection, every byte generated or verified, with
// the server in the same process; the raw twins move the same bytes over the
// same kind of connection with nothing else. Compare B/s.
func BenchmarkTransfer(b *testing.B) {
	const size = 256 * unit.MiB
	for name, f := range map[string]flavour{"1.1": {}, "h2c": {h2c: true}, "tls": {tls: true}} {
		for _, work := range []string{"download", "upload"} {
			b.Run(name+"/"+work, func(b *testing.B) {
				target := bottomless(b, size, f)
				bench := probetest.Open(b, transfer.Probe{}, fmt.Sprintf("kind: http.transfer\ndirection: %s\nsize: %dB\npath: /{name}\nverify: %s\n", work, size, map[string]string{"download": "digest", "upload": "none"}[work]), target)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if o := bench.Do(context.Background(), bench.Op(0)); o.Outcome != probes.OK {
						b.Fatal(o.Outcome, o.Err)
					}
				}
			})
		}
	}
	b.Run("raw/download", func(b *testing.B) { rawTwin(b, int64(size), false) })
	b.Run("raw/upload", func(b *testing.B) { rawTwin(b, int64(size), true) })
}

// BenchmarkSmall is the cost of one op of 1 KiB on a kept connection.
func BenchmarkSmall(b *testing.B) {
	for _, direction := range []string{"download", "upload"} {
		b.Run(direction, func(b *testing.B) {
			target := bottomless(b, unit.KiB, flavour{})
			bench := probetest.Open(b, transfer.Probe{}, "kind: http.transfer\ndirection: "+direction+"\nsize: 1KiB\npath: /{name}\n", target)
			b.ReportAllocs()
			for b.Loop() {
				if o := bench.Do(context.Background(), bench.Op(0)); o.Outcome != probes.OK {
					b.Fatal(o.Outcome, o.Err)
				}
			}
		})
	}
}

func rawTwin(b *testing.B, size int64, upload bool) {
	client, server := tcpPair(b)
	from, to := server, client
	if upload {
		from, to = client, server
	}
	obj := payload.Object{Seed: 1, ID: "raw", Size: size}
	buf := make([]byte, 256<<10)
	b.SetBytes(size)
	for b.Loop() {
		done := make(chan error, 1)
		go func() { _, err := obj.Reader().WriteTo(from); done <- err }()
		for left := size; left > 0; {
			n, err := to.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			left -= int64(n)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

func tcpPair(b *testing.B) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
