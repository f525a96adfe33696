package netpath

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// TLSOptions says how a TLS connection is made. The zero value verifies the
// peer against the system's roots.
type TLSOptions struct {
	Insecure   bool     // accept any certificate
	CAFile     string   // PEM; trusted instead of the system's roots
	CertFile   string   // PEM; client certificate, with KeyFile
	KeyFile    string   // PEM
	ServerName string   // SNI and name to verify; empty: the host of the URL
	Protocols  []string // offered with ALPN, the favourite first; empty: none
}

// TLSConfig builds a client configuration. Sessions are never resumed, so
// every connection pays and shows the full handshake.
func TLSConfig(o TLSOptions) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:             tls.VersionTLS12,
		InsecureSkipVerify:     o.Insecure, // asked for by name, and recorded
		ServerName:             o.ServerName,
		NextProtos:             o.Protocols,
		SessionTicketsDisabled: true,
	}
	if o.Insecure && o.CAFile != "" {
		return nil, errors.New("tls: insecure and ca contradict each other: with insecure no certificate is checked; remove one of them")
	}
	if o.CAFile != "" {
		pool, err := readPool(o.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("tls: cert and key belong together: give both files or neither")
	}
	if o.CertFile != "" {
		pair, err := readPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func readPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("tls.ca: %w: give a readable file with PEM certificates", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls.ca: %s holds no PEM certificate: it must contain -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}

func readPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("tls.cert: %w: give a readable PEM file", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("tls.key: %w: give a readable PEM file", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("tls.cert %s with tls.key %s: %w: the key must be the certificate's, unencrypted, in PEM", certFile, keyFile, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return tls.Certificate{}, fmt.Errorf("tls.cert %s: expired on %s: renew it", certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return pair, nil
}

// TLSState is what a handshake agreed on and whom it met.
type TLSState struct {
	Version     string // "TLS 1.3"
	Cipher      string
	Protocol    string // ALPN; empty if none was agreed on
	ServerName  string // SNI sent
	Subject     string // of the peer's certificate
	Issuer      string
	Fingerprint string // SHA-256 of the peer's certificate, hex
	NotAfter    time.Time
	Verified    bool // the certificate was checked and found good
	Resumed     bool
}

// DescribeTLS reads a finished handshake.
func DescribeTLS(cs tls.ConnectionState) TLSState {
	s := TLSState{
		Version:    tls.VersionName(cs.Version),
		Cipher:     tls.CipherSuiteName(cs.CipherSuite),
		Protocol:   cs.NegotiatedProtocol,
		ServerName: cs.ServerName,
		Verified:   len(cs.VerifiedChains) > 0,
		Resumed:    cs.DidResume,
	}
	if len(cs.PeerCertificates) > 0 {
		leaf := cs.PeerCertificates[0]
		sum := sha256.Sum256(leaf.Raw)
		s.Subject, s.Issuer, s.NotAfter = leaf.Subject.String(), leaf.Issuer.String(), leaf.NotAfter
		s.Fingerprint = hex.EncodeToString(sum[:])
	}
	return s
}

// ExplainTLS adds a remedy to a handshake error it knows, and reports whether
// err came from TLS at all.
func ExplainTLS(err error) (explained error, ok bool) {
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		remote   *net.OpError
	)
	switch {
	case errors.As(err, &record):
		return fmt.Errorf("%w: the peer does not speak TLS here; use http:// or another port", err), true
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: give the issuing authority with tls.ca", err), true
	case errors.As(err, &hostname):
		return fmt.Errorf("%w: the certificate is for another name; check the address, or set tls.server_name", err), true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: renew the certificate, or check this machine's clock", err), true
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert; crypto/tls exports no type for it
		return fmt.Errorf("%w: the peer refused the handshake; check protocol versions and, if it asks for one, the client certificate (tls.cert, tls.key)", err), true
	case errors.As(err, &verify), errors.As(err, &invalid):
		return fmt.Errorf("%w: the certificate is not acceptable", err), true
	}
	return err, false
}
