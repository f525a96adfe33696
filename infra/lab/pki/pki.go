// Package pki is the lab's certificate authority: an ECDSA P-256 root made in
// memory for one lab and forgotten with it, and the server and client
// certificates that it signs.
//
// It is not for production: keys are written unencrypted into the lab's own
// temporary directory, because HAProxy and nginx read them from files.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// validity is longer than any lab lives; the start lies in the past because
// a container's clock may be behind its neighbour's.
const (
	validity = 7 * 24 * time.Hour
	backdate = time.Hour
)

// DefaultNames are the names of the lab's servers: by the first, an arm can be
// addressed whatever the address it connects to.
var DefaultNames = []string{"files.lab.test", "localhost", "127.0.0.1", "::1"}

// CA signs the certificates of one lab.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// Pair is a certificate and its private key, both PEM.
type Pair struct {
	Cert []byte
	Key  []byte
}

// NewCA makes a new authority with a key of its own.
func NewCA() (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("lab CA: make its key: %w", err)
	}
	template, err := newTemplate("loadline lab CA")
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("lab CA: sign itself: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("lab CA: read its own certificate: %w", err)
	}
	return &CA{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// PEM is the authority's own certificate, for clients that must trust it.
func (ca *CA) PEM() []byte { return ca.pem }

// Pool trusts this authority and no other.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// Server issues a certificate for the given DNS names or IP addresses.
func (ca *CA) Server(names ...string) (Pair, error) {
	return ca.issue(x509.ExtKeyUsageServerAuth, names)
}

// Client issues a certificate by which a client names itself.
func (ca *CA) Client(name string) (Pair, error) {
	return ca.issue(x509.ExtKeyUsageClientAuth, []string{name})
}

func (ca *CA) issue(use x509.ExtKeyUsage, names []string) (Pair, error) {
	if len(names) == 0 {
		return Pair{}, fmt.Errorf("lab CA: a certificate needs at least one name")
	}
	template, err := newTemplate(names[0])
	if err != nil {
		return Pair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{use}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("lab CA: make a key for %s: %w", names[0], err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return Pair{}, fmt.Errorf("lab CA: sign a certificate for %s: %w", names[0], err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("lab CA: write the key of %s: %w", names[0], err)
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

func newTemplate(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("lab CA: draw a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: []string{"loadline lab"}},
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(validity),
	}, nil
}

// TLS is the pair as Go's TLS stack takes it.
func (p Pair) TLS() (tls.Certificate, error) { return tls.X509KeyPair(p.Cert, p.Key) }

// Combined is certificate and key in one PEM text, the form HAProxy reads.
func (p Pair) Combined() []byte {
	return append(append([]byte(nil), p.Cert...), p.Key...)
}
