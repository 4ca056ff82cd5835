package subject

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificate is the self-signed certificate of every server of a lab that uses TLS. Its zero value means plain TCP.
type certificate struct {
	cert, key string // PEM files
	trusted   *x509.CertPool
}

// UseTLS makes every server that is started from now on speak TLS: Redis, the Sentinels, and the daemon's public listener.
func (l *Lab) UseTLS() error {
	dir, err := l.Dir("tls")
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "oauth2d benchmark"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return err
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	c := certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), trusted: x509.NewCertPool()}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	c.trusted.AppendCertsFromPEM(encoded)
	if err := os.WriteFile(c.cert, encoded, 0o600); err != nil {
		return err
	}
	l.certificate = c
	return os.WriteFile(c.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey}), 0o600)
}

// client returns the TLS settings of a client; nil without TLS.
func (c certificate) client() *tls.Config {
	if c.trusted == nil {
		return nil
	}
	return &tls.Config{RootCAs: c.trusted, MinVersion: tls.VersionTLS12}
}

// redis returns the lines of redis.conf or sentinel.conf that open a port.
func (c certificate) redis(port string) []string {
	if c.trusted == nil {
		return []string{"port " + port}
	}
	return []string{
		"port 0", "tls-port " + port, "tls-cert-file " + c.cert, "tls-key-file " + c.key, "tls-ca-cert-file " + c.cert,
		"tls-auth-clients no", "tls-replication yes",
	}
}

// daemon returns the daemon's settings.
func (c certificate) daemon() []string {
	if c.trusted == nil {
		return nil
	}
	return []string{
		"OAUTH2D_REDIS_TLS_ENABLED=true", "OAUTH2D_REDIS_TLS_CA_FILE=" + c.cert,
		"OAUTH2D_SERVER_TLS_CERT_FILE=" + c.cert, "OAUTH2D_SERVER_TLS_KEY_FILE=" + c.key,
	}
}
