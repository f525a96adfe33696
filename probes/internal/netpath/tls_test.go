package netpath

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca", nil, time.Hour)
	return a
}

// issue writes name.pem and name.key into the directory. A nil list of hosts
// makes an authority.
func (a *authority) issue(t *testing.T, name string, hosts []string, life time.Duration) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life),
		DNSNames: hosts, IsCA: hosts == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	a.write(t, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(a.file(name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func TestTLSConfigErrors(t *testing.T) {
	a := newAuthority(t)
	a.issue(t, "client", []string{"client"}, time.Hour)
	a.issue(t, "other", []string{"other"}, time.Hour)
	a.issue(t, "old", []string{"old"}, -time.Hour)
	a.write(t, "text.pem", []byte("not a certificate"))
	for _, c := range []struct {
		options TLSOptions
		says    []string
	}{
		{TLSOptions{CAFile: a.file("none.pem")}, []string{"tls.ca", "none.pem", "no such file"}},
		{TLSOptions{CAFile: a.file("text.pem")}, []string{"tls.ca", "text.pem", "no PEM certificate"}},
		{TLSOptions{CertFile: a.file("client.pem")}, []string{"belong together"}},
		{TLSOptions{KeyFile: a.file("client.key")}, []string{"belong together"}},
		{TLSOptions{CertFile: a.file("none.pem"), KeyFile: a.file("client.key")}, []string{"tls.cert", "no such file"}},
		{TLSOptions{CertFile: a.file("client.pem"), KeyFile: a.file("none.key")}, []string{"tls.key", "no such file"}},
		{TLSOptions{CertFile: a.file("client.pem"), KeyFile: a.file("other.key")}, []string{"client.pem", "other.key", "does not match"}},
		{TLSOptions{CertFile: a.file("old.pem"), KeyFile: a.file("old.key")}, []string{"old.pem", "expired", "renew"}},
		{TLSOptions{Insecure: true, CAFile: a.file("ca.pem")}, []string{"contradict"}},
	} {
		_, err := TLSConfig(c.options)
		for _, text := range c.says {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%+v: error %v does not say %q", c.options, err, text)
			}
		}
	}
}

func TestHandshakes(t *testing.T) {
	a := newAuthority(t)
	a.issue(t, "server", []string{"files.example.org"}, time.Hour)
	a.issue(t, "client", []string{"client"}, time.Hour)
	a.issue(t, "old", []string{"files.example.org"}, -time.Hour)
	serve := func(cert string, auth tls.ClientAuthType) string {
		pair, err := tls.LoadX509KeyPair(a.file(cert+".pem"), a.file(cert+".key"))
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AddCert(a.cert)
		config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: auth, ClientCAs: pool, NextProtos: []string{"h2", "http/1.1"}}
		return listen(t, func(c net.Conn) {
			server := tls.Server(c, config)
			if server.Handshake() == nil {
				_, _ = server.Write([]byte{1})
			}
			_ = server.Close()
		})
	}
	good, old, mutual := serve("server", tls.NoClientCert), serve("old", tls.NoClientCert), serve("server", tls.RequireAndVerifyClientCert)
	plain := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); discard(c) })

	ca, name := a.file("ca.pem"), "files.example.org"
	for _, c := range []struct {
		what    string
		addr    string
		options TLSOptions
		remedy  string // empty: the handshake succeeds
	}{
		{"own authority", good, TLSOptions{CAFile: ca, ServerName: name}, ""},
		{"insecure", good, TLSOptions{Insecure: true, ServerName: name}, ""},
		{"client certificate", mutual, TLSOptions{CAFile: ca, ServerName: name, CertFile: a.file("client.pem"), KeyFile: a.file("client.key")}, ""},
		{"unknown authority", good, TLSOptions{ServerName: name}, "tls.ca"},
		{"other name", good, TLSOptions{CAFile: ca, ServerName: "example.com"}, "tls.server_name"},
		{"expired", old, TLSOptions{CAFile: ca, ServerName: name}, "renew the certificate"},
		{"no client certificate", mutual, TLSOptions{CAFile: ca, ServerName: name}, "client certificate"},
		{"no TLS", plain, TLSOptions{CAFile: ca, ServerName: name}, "does not speak TLS"},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.options.Protocols = []string{"http/1.1"}
			config, err := TLSConfig(c.options)
			if err != nil {
				t.Fatal(err)
			}
			conn := tls.Client(dial(t, &Dialer{}, c.addr), config)
			err = conn.HandshakeContext(t.Context())
			if err == nil { // TLS 1.3 servers refuse after the client's handshake
				_, err = conn.Read(make([]byte, 1))
			}
			explained, ours := ExplainTLS(err)
			if c.remedy != "" {
				if err == nil || !ours || !strings.Contains(explained.Error(), c.remedy) || !errors.Is(explained, err) {
					t.Errorf("error %v, explained as %v; want the remedy %q", err, explained, c.remedy)
				}
				return
			}
			if err != nil || ours {
				t.Fatalf("handshake: %v", err)
			}
			s := DescribeTLS(conn.ConnectionState())
			if s.Version != "TLS 1.3" || s.Protocol != "http/1.1" || s.Subject != "CN=server" || s.Issuer != "CN=ca" ||
				s.ServerName != name || s.Verified == c.options.Insecure || len(s.Fingerprint) != 64 || s.Cipher == "" || s.NotAfter.IsZero() || s.Resumed {
				t.Errorf("state %+v", s)
			}
		})
	}
}

func TestDescribeTLSOfNothing(t *testing.T) {
	if s := DescribeTLS(tls.ConnectionState{}); s.Fingerprint != "" || s.Verified {
		t.Errorf("%+v", s)
	}
}
