package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate names the PEM files of a server certificate for 127.0.0.1 and of the CA behind it.
type Certificate struct{ CA, Cert, Key string }

// NewCertificate makes a CA and a certificate, good for a day.
func NewCertificate(t testing.TB) Certificate {
	t.Helper()
	return newCertificate(t, time.Now().Add(24*time.Hour))
}

// ExpiredCertificate makes a CA that is good and a certificate that ended a minute ago.
func ExpiredCertificate(t testing.TB) Certificate {
	t.Helper()
	return newCertificate(t, time.Now().Add(-time.Minute))
}

func newCertificate(t testing.TB, end time.Time) Certificate {
	t.Helper()
	caKey, key := newKey(t), newKey(t)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a CA of this test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "redis"},
		NotBefore: ca.NotBefore, NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return Certificate{
		CA:   writePEM(t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", sign(t, ca, ca, caKey, caKey)),
		Cert: writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", sign(t, leaf, ca, key, caKey)),
		Key:  writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", rawKey),
	}
}

// StartTLS runs a server that also speaks TLS, at the second result, and asks no client certificate.
func StartTLS(t testing.TB, c Certificate, settings ...string) (*Server, string) {
	t.Helper()
	port := FreePort(t)
	s := Start(t, append([]string{
		"tls-port " + port, "tls-cert-file " + c.Cert, "tls-key-file " + c.Key, "tls-ca-cert-file " + c.CA,
		"tls-auth-clients no",
	}, settings...)...)
	return s, net.JoinHostPort("127.0.0.1", port)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, what, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, what, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func writePEM(t testing.TB, path, kind string, raw []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
