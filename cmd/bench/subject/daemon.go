package subject

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
)

// Issuer is the issuer of every daemon of a lab.
const Issuer = "https://login.test"

// Redirect is the redirect URI of every client.
const Redirect = "https://client.test/callback"

// Password is the password of every user.
const Password = "a long enough password"

// The numbers of clients and users. A browser may hold 10 codes of one client, and a user 200 grants of
// one client: several of both keep a benchmark below these limits.
const (
	WebClients = 100
	Users      = 8
)

// Daemon is a subject with what is registered there.
type Daemon struct {
	Subject
	Secrets map[string]string // by client

	setup Setup
}

// Formats are the clients that get tokens by client_credentials: "opaque", and one for each algorithm.
func Formats() []string { return []string{"opaque", "ES256", "EdDSA", "RS256"} }

// Machine returns the id of the client for a format.
func Machine(format string) string { return "machine-" + format }

// Web returns the id of a client whose users sign in.
func Web(n int) string { return fmt.Sprintf("web%d", n%WebClients) }

// User returns a user name.
func User(n int) string { return fmt.Sprintf("person%d", n%Users) }

// Setup describes a daemon before it is started.
type Setup struct {
	Name, Binary, Durability string
	Store                    *Store
	Secrets                  map[string]string // that Register returned
	Environment              []string          // further settings
}

// Daemon starts a daemon as it is released, with limits that one address would reach switched off. It returns when the
// daemon has issued a token.
func (l *Lab) Daemon(ctx context.Context, s Setup) (*Daemon, error) {
	public, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	operators, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.Binary, "serve")
	cmd.Env = append(l.environment(s.Store), "OAUTH2D_REDIS_DURABILITY="+s.Durability,
		"OAUTH2D_SERVER_LISTEN=127.0.0.1:"+public, "OAUTH2D_ADMIN_LISTEN=127.0.0.1:"+operators)
	cmd.Env = append(cmd.Env, s.Environment...)
	d := &Daemon{Subject: Subject{Addr: "127.0.0.1:" + public, Host: strings.TrimPrefix(Issuer, "https://"), Control: "127.0.0.1:" + operators, Redis: s.Store.Processes}}
	d.Secrets, d.setup = s.Secrets, s
	scheme, secured := "http://", l.certificate.client()
	if secured != nil {
		scheme = "https://"
	}
	client := &http.Client{Timeout: probeTimeout, Transport: &http.Transport{TLSClientConfig: secured}}
	defer client.CloseIdleConnections()
	if d.Server, err = l.start(s.Name, cmd); err != nil {
		return nil, err
	}
	d.Start, err = d.Server.Await(func() bool { return d.issues(ctx, client, scheme) })
	return d, err
}

// issues reports whether the daemon issues a token.
func (d *Daemon) issues(ctx context.Context, client *http.Client, scheme string) bool {
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+d.Addr+"/token", form)
	if err != nil {
		return false
	}
	id := Machine("opaque")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, d.Secrets[id]) // neither has a character that would be encoded
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode == http.StatusOK
}

// Stop ends a server of the lab before the others.
func (l *Lab) Stop(p *process.Process) {
	p.Stop()
	l.running = slices.DeleteFunc(l.running, func(other *process.Process) bool { return other == p })
}

func (l *Lab) environment(store *Store) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "OAUTH2D_ISSUER=" + Issuer, "OAUTH2D_MASTER_KEY=" + l.key,
		"OAUTH2D_KEYS_EXTRA_ALGORITHMS=EdDSA,RS256", "OAUTH2D_SESSION_LIMIT=100",
		"OAUTH2D_LIMITS_LOGIN_IP=off", "OAUTH2D_LIMITS_AUTHORIZE_IP=off", "OAUTH2D_LIMITS_PAGES_IP=off",
	}, slices.Concat(store.environment, l.certificate.daemon())...)
}

// Register registers the clients and users of a benchmark with a daemon's command line, before daemons start. It
// returns the secrets of the clients.
func (l *Lab) Register(ctx context.Context, name, binary string, store *Store) (map[string]string, error) {
	dir, err := l.Dir(name + "-secrets")
	if err != nil {
		return nil, err
	}
	command := func(input string, words ...string) error {
		cmd := exec.CommandContext(ctx, binary, append(words, "--direct")...)
		cmd.Env, cmd.Stdin = l.environment(store), strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("oauth2d %s: %w: %s", strings.Join(words, " "), err, out)
		}
		return nil
	}
	if err := command(declaration(), "client", "apply", "-f", "-", "--yes", "--secrets-dir", dir); err != nil {
		return nil, err
	}
	for n := range Users {
		if err := command(Password+"\n", "user", "create", User(n), "--password-file", "-"); err != nil {
			return nil, err
		}
	}
	secrets := map[string]string{}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return nil, err
		}
		secrets[file.Name()] = strings.TrimSpace(string(raw))
	}
	return secrets, nil
}

// Sweep lets a daemon's command line remove what does not expire by itself.
func (l *Lab) Sweep(ctx context.Context, d *Daemon) error {
	cmd := exec.CommandContext(ctx, d.setup.Binary, "cleanup", "--direct")
	cmd.Env = l.environment(d.setup.Store)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("oauth2d cleanup: %w: %s", err, out)
	}
	return nil
}

// declaration is the file of "oauth2d client apply".
func declaration() string {
	var b strings.Builder
	b.WriteString("scopes:\n  - name: read\n    description: Read\nclients:\n")
	for _, format := range Formats() {
		fmt.Fprintf(&b, "  - client_id: %s\n    grant_types: [client_credentials]\n    scope: read\n    introspection: any\n", Machine(format))
		if format != "opaque" {
			fmt.Fprintf(&b, "    access_token_format: jwt\n    token_signing_alg: %s\n", format)
		}
	}
	fmt.Fprintf(&b, "  - client_id: %s\n    grant_types: [client_credentials]\n    scope: admin:profiles:read\n", Profiler)
	for n := range WebClients {
		fmt.Fprintf(&b, "  - client_id: %s\n    grant_types: [authorization_code, refresh_token]\n    redirect_uris: [%s]\n    skip_consent: true\n    scope: openid read\n", Web(n), Redirect)
	}
	return b.String()
}
