package reach

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"loadline/probes/internal/netpath"
)

// through sets up a forward proxy, which is then what is dialled.
func (w *Way) through(proxy string) error {
	if proxy == "" {
		return nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return errors.New("target.proxy: is not an http URL with a host")
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	w.proxy, w.via = u, w.dialer.Connect
	w.dialer.Connect = []string{net.JoinHostPort(u.Hostname(), port)}
	return nil
}

// tunnel asks the proxy for the way to the target.
func (w *Way) tunnel(ctx context.Context, tcp *netpath.Conn) error {
	at := w.at
	if len(w.via) > 0 {
		at = w.via[w.count.Load()%uint64(len(w.via))]
	}
	_ = tcp.SetDeadline(time.Now().Add(w.limit))
	stop := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(past) })
	defer stop()
	ask := "CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n"
	if user := w.proxy.User; user != nil {
		password, _ := user.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := tcp.Write([]byte(ask + "\r\n")); err != nil {
		return err
	}
	// One byte at a time, so that nothing of what follows is swallowed.
	resp, err := http.ReadResponse(bufio.NewReaderSize(byteReader{tcp}, 16), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answers %s", resp.Status)
	}
	return tcp.SetDeadline(time.Time{})
}

type byteReader struct{ conn net.Conn }

func (b byteReader) Read(p []byte) (int, error) { return b.conn.Read(p[:min(len(p), 1)]) }
