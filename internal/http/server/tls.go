package server

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// Certificates holds a certificate in two files that can be replaced while the server runs. It is safe for concurrent
// use.
type Certificates struct {
	certFile, keyFile string
	current           atomic.Pointer[loaded]
}

type loaded struct {
	certificate tls.Certificate
	digest      [sha256.Size]byte
}

// LoadCertificates reads a chain and its key, both PEM.
func LoadCertificates(certFile, keyFile string) (*Certificates, error) {
	c := &Certificates{certFile: certFile, keyFile: keyFile}
	_, err := c.Reload()
	return c, err
}

// Reload reads the files again and reports whether they had changed. After an error the earlier certificate is kept.
func (c *Certificates) Reload() (changed bool, err error) {
	chain, err := smallfile.Read(c.certFile)
	if err != nil {
		return false, fmt.Errorf("TLS certificate: %w", err)
	}
	key, err := smallfile.Read(c.keyFile)
	if err != nil {
		return false, fmt.Errorf("TLS key: %w", err)
	}
	digest := sha256.Sum256(bytes.Join([][]byte{chain, key}, []byte{0}))
	if now := c.current.Load(); now != nil && now.digest == digest {
		return false, nil
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return false, fmt.Errorf("TLS certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&loaded{certificate: pair, digest: digest})
	return true, nil
}

// Follow reloads the files if their content changed, and logs the outcome. It compares the content and not the names,
// because a mounted secret changes behind a symbolic link.
func (c *Certificates) Follow(log *slog.Logger) {
	switch changed, err := c.Reload(); {
	case err != nil: // perhaps only one of the two files was written yet
		log.Warn("the TLS certificate could not be reloaded; the earlier one stays in use", "cause", err)
	case changed:
		log.Info("the TLS certificate was reloaded")
	}
}

// Config returns TLS 1.3 with the suites of crypto/tls, and TLS 1.2 with exactly the four suites that
// RFC 9325 §4.2 recommends.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{protocolHTTP2, "http/1.1"},
		CipherSuites: []uint16{ // of TLS 1.2; crypto/tls chooses those of 1.3
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &c.current.Load().certificate, nil
		},
	}
}
