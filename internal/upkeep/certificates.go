package upkeep

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// The names of the certificates.
const (
	Server      = "server"       // of the public listener
	RedisClient = "redis_client" // of this daemon towards Redis
	RedisCA     = "redis_ca"     // the authority of Redis
	redisServer = "redis_server" // of Redis and the Sentinels, as they presented it
)

// Certificates holds the ends of the certificates in use. It is safe for concurrent use.
type Certificates struct {
	files map[string]string // name → file

	mu    sync.Mutex
	ends  map[string]time.Time // name → end
	peers map[string]time.Time // name of a server → end of the certificate that it presented last
}

// NewCertificates reads the files of certificates, by the names above. Empty files are left out.
func NewCertificates(files map[string]string) *Certificates {
	c := &Certificates{files: files, ends: map[string]time.Time{}, peers: map[string]time.Time{}}
	c.Read(context.Background())
	return c
}

// Read reads the files again. Of one that cannot be read the last end stays.
func (c *Certificates) Read(context.Context) {
	for name, file := range c.files {
		if file == "" {
			continue
		}
		text, err := smallfile.Read(file)
		if err != nil {
			continue
		}
		if end, found := endOf(text, name == RedisCA); found {
			c.mu.Lock()
			c.ends[name] = end
			c.mu.Unlock()
		}
	}
}

// endOf returns the end of the certificates in a PEM text: the earliest one of a chain, because all of it must be valid;
// the latest one of authorities, because one of them is enough while they are replaced.
func endOf(text []byte, authorities bool) (end time.Time, found bool) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return end, found
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			continue
		}
		if !found || certificate.NotAfter.After(end) == authorities {
			end, found = certificate.NotAfter, true
		}
	}
}

// Handshake records the certificate of a Redis server or Sentinel. It has the form of tls.Config.VerifyConnection, and
// refuses nothing.
func (c *Certificates) Handshake(s tls.ConnectionState) error {
	if len(s.PeerCertificates) > 0 {
		c.mu.Lock()
		c.peers[s.ServerName] = s.PeerCertificates[0].NotAfter
		c.mu.Unlock()
	}
	return nil
}

// Ends returns the end of each certificate; of the servers' the earliest.
func (c *Certificates) Ends() []metric.CertificateEnd {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []metric.CertificateEnd
	for _, name := range slices.Sorted(maps.Keys(c.ends)) {
		all = append(all, metric.CertificateEnd{Use: name, End: c.ends[name]})
	}
	if len(c.peers) > 0 {
		ends := slices.Collect(maps.Values(c.peers))
		all = append(all, metric.CertificateEnd{Use: redisServer, End: slices.MinFunc(ends, time.Time.Compare)})
	}
	return all
}
