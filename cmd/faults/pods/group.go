package pods

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const certTool = "deploy/redis/bin/make-dev-ca.sh"

// Group is a release with the Secrets that its pods presuppose.
type Group struct {
	TLS           *tls.Config // for clients of Redis and the Sentinels
	AdminPassword string      // on both

	release *Release
	secrets secrets
}

// NewGroup reads the manifests of a release, and makes passwords, and certificates in dir.
func NewGroup(file, name, dir, masterKey string) (*Group, error) {
	r, err := load(file)
	if err != nil {
		return nil, err
	}
	g := &Group{release: r, secrets: secrets{
		name + "-daemon": {"master-key": masterKey}, name + "-redis": {}, name + "-redis-tls": {}, name + "-redis-client-tls": {},
	}}
	for _, user := range []string{"admin", "replication", "app", "cache", "monitor", "cleanup", "backup", "sentinel", "peer"} {
		g.secrets[name+"-redis"][user+"-password"] = rand.Text()
	}
	g.AdminPassword = g.secrets[name+"-redis"]["admin-password"]
	if out, err := exec.Command(certTool, append([]string{dir}, r.names...)...).CombinedOutput(); err != nil { //nolint:gosec,noctx // a script of the project
		return nil, fmt.Errorf("%s: %w: %s", certTool, err, out)
	}
	for secret, cert := range map[string]string{name + "-redis-tls": "server", name + "-redis-client-tls": "client"} {
		for key, file := range map[string]string{"ca.crt": "ca.crt", "tls.crt": cert + ".crt", "tls.key": cert + ".key"} {
			raw, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // just made
			if err != nil {
				return nil, err
			}
			g.secrets[secret][key] = string(raw)
		}
	}
	client := g.secrets[name+"-redis-client-tls"]
	pair, err := tls.X509KeyPair([]byte(client["tls.crt"]), []byte(client["tls.key"]))
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(client["ca.crt"]))
	g.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities, Certificates: []tls.Certificate{pair}}
	return g, nil
}

// Services returns the names of the Services with an address of their own that lead to this pod and to no other.
func (g *Group) Services(pod string) []string { return g.release.services[pod] }
