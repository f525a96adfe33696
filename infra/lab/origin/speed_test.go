package origin

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// BenchmarkPut and BenchmarkGet measure the origin with a client that does as
// little as it can, so that the origin is what limits:
//
//	go test -run - -bench . ./infra/lab/origin
func BenchmarkPut(b *testing.B) {
	for _, store := range []Store{Sink, Memory, Disk, Discard} {
		b.Run(string(store), func(b *testing.B) {
			const size = 256 << 20
			o, conn, answers := raw(b, Options{Store: store})
			block := make([]byte, 1<<20)
			b.SetBytes(size)
			for b.Loop() {
				fmt.Fprintf(conn, "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
				for range size / len(block) {
					if _, err := conn.Write(block); err != nil {
						b.Fatal(err)
					}
				}
				finish(b, answers, 201)
			}
			if got := o.Totals().BytesIn; got%size != 0 || got == 0 {
				b.Errorf("%d bytes arrived", got)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	const size = 256 << 20
	_, conn, answers := raw(b, Options{})
	b.SetBytes(size)
	for b.Loop() {
		fmt.Fprintf(conn, "GET /bytes/%d HTTP/1.1\r\nHost: x\r\n\r\n", size)
		finish(b, answers, 200)
	}
}

func raw(b *testing.B, opt Options) (*Origin, net.Conn, *bufio.Reader) {
	b.Helper()
	o, err := New(opt)
	if err != nil {
		b.Fatal(err)
	}
	if err := o.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { o.Stop() })
	conn, err := net.Dial("tcp", o.Addr())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return o, conn, bufio.NewReaderSize(conn, 64<<10)
}

func finish(b *testing.B, r *bufio.Reader, status int) {
	b.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != status {
		b.Fatalf("%+v, %v", resp, err)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{resp.Body}, make([]byte, 1<<20)); err != nil {
		b.Fatal(err)
	}
}
