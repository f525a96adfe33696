package pki

import (
	"crypto/tls"
	"errors"
	"io"
	"testing"
)

// shake runs one TLS handshake over loopback and returns what each side said.
func shake(t *testing.T, client, server *tls.Config) (clientErr, serverErr error) {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	done := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			err = c.(*tls.Conn).Handshake()
			c.Close()
		}
		done <- err
	}()
	c, clientErr := tls.Dial("tcp", ln.Addr().String(), client)
	if clientErr == nil {
		// Under TLS 1.3 the server's refusal of a client certificate arrives after the handshake.
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			clientErr = err
		}
		c.Close()
	}
	return clientErr, <-done
}

func pair(t *testing.T, p Pair, err error) tls.Certificate {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := p.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestServerAndClientCertificates(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	sp, err := ca.Server("files.lab.test", "127.0.0.1")
	serverCert := pair(t, sp, err)
	cp, err := ca.Client("depositor")
	clientCert := pair(t, cp, err)
	server := &tls.Config{Certificates: []tls.Certificate{serverCert}}
	mutual := &tls.Config{Certificates: []tls.Certificate{serverCert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()}

	for _, c := range []struct {
		name           string
		client, server *tls.Config
		ok             bool
	}{
		{"by name", &tls.Config{RootCAs: ca.Pool(), ServerName: "files.lab.test"}, server, true},
		{"by address", &tls.Config{RootCAs: ca.Pool(), ServerName: "127.0.0.1"}, server, true},
		{"another name", &tls.Config{RootCAs: ca.Pool(), ServerName: "other.lab.test"}, server, false},
		{"another authority", &tls.Config{RootCAs: other.Pool(), ServerName: "files.lab.test"}, server, false},
		{"client certificate", &tls.Config{RootCAs: ca.Pool(), ServerName: "files.lab.test", Certificates: []tls.Certificate{clientCert}}, mutual, true},
		{"no client certificate", &tls.Config{RootCAs: ca.Pool(), ServerName: "files.lab.test"}, mutual, false},
		{"server certificate as client", &tls.Config{RootCAs: ca.Pool(), ServerName: "files.lab.test", Certificates: []tls.Certificate{serverCert}}, mutual, false},
	} {
		ce, se := shake(t, c.client, c.server)
		if ok := ce == nil && se == nil; ok != c.ok {
			t.Errorf("%s: client %v, server %v, want ok=%v", c.name, ce, se, c.ok)
		}
	}
}

func TestCombinedHoldsBoth(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	p, err := ca.Server("localhost")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(p.Combined(), p.Combined()); err != nil {
		t.Error(err)
	}
	if _, err := ca.Server(); err == nil {
		t.Error("a certificate without a name was issued")
	}
}
