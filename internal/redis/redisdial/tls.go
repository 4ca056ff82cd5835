package redisdial

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// TLSFiles names the PEM files of a TLS connection to Redis. All are optional.
type TLSFiles struct {
	CA         string // the authorities that may sign the server's certificate; "" means the system's roots
	Cert, Key  string // this daemon's own certificate, when the server asks for one
	ServerName string // the name the certificate must carry; "" means the host that was dialled
}

// Config reads the files. The certificate is read again for each connection, so that a renewed one needs no restart.
func (f TLSFiles) Config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.CA != "" {
		var err error
		if config.RootCAs, err = f.authorities(); err != nil {
			return nil, err
		}
	}
	if f.Cert != "" || f.Key != "" {
		pair, err := keyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("redis: the client certificate cannot be used: %w", err)
		}
		config.GetClientCertificate = f.renewed(pair)
	}
	return config, nil
}

func (f TLSFiles) authorities() (*x509.CertPool, error) {
	pem, err := smallfile.Read(f.CA)
	if err != nil {
		return nil, fmt.Errorf("redis: the CA file cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("redis: %s holds no certificate", f.CA)
	}
	return pool, nil
}

// Roots returns a function that reads the CA file for each connection, so that another authority needs no restart. While
// the file cannot be read it returns the last authorities. It returns nil without a CA file.
func (f TLSFiles) Roots(config *tls.Config) func() *x509.CertPool {
	if f.CA == "" {
		return nil
	}
	var last atomic.Pointer[x509.CertPool]
	last.Store(config.RootCAs)
	return func() *x509.CertPool {
		if now, err := f.authorities(); err == nil {
			last.Store(now)
		}
		return last.Load()
	}
}

// renewed returns the present certificate for each handshake, or the last that could be read: while files are replaced,
// the new certificate can be there without its key.
func (f TLSFiles) renewed(pair tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	var last atomic.Pointer[tls.Certificate]
	last.Store(&pair)
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if now, err := keyPair(f.Cert, f.Key); err == nil {
			last.Store(&now)
		}
		return last.Load(), nil
	}
}

// keyPair is tls.LoadX509KeyPair for files of a bounded size.
func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	chain, err := smallfile.Read(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := smallfile.Read(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(chain, key)
}
