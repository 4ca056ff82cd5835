package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// Addresses of the tests of proxies. A caller that the proxy does not know reaches it from strangerIP.
const (
	proxyIP    = "127.0.0.1"
	strangerIP = "127.0.0.2"
	forgedIP   = "198.51.100.7"
)

// proxy is one of the programs that deploy/proxy has a configuration for.
type proxy struct {
	file string
	// args start it in the foreground with a configuration, in a folder of its own.
	args func(config, dir string) []string
	// adapt changes what the test cannot have: ports below 1024, and files in /etc.
	adapt func(text, port, dir string) string
}

// form is one of the two forms of the issuer in each file of deploy/proxy.
type form struct{ name, host, path string }

func forms() []form {
	return []form{{"host", "login.example.com", ""}, {"path", "www.example.com", "/auth"}}
}

func proxies() map[string]proxy {
	return map[string]proxy{
		"nginx": {
			file: "nginx.conf",
			args: func(config, dir string) []string { return []string{"nginx", "-p", dir, "-e", "stderr", "-c", config} },
			adapt: func(text, port, dir string) string {
				text = regexp.MustCompile(`/etc/nginx/tls/[a-z.]+\.(crt|key)`).ReplaceAllString(text, filepath.Join(dir, "tls.pem"))
				text = strings.ReplaceAll(strings.ReplaceAll(text, "listen 443 ", "listen 127.0.0.1:"+port+" "), "listen 80;", "listen unix:"+dir+"/plain;")
				user := ""
				if os.Getuid() == 0 {
					user = "user root;\n"
				}
				return user + "daemon off;\nworker_processes 1;\npid " + dir + "/pid;\nevents {}\nhttp {\naccess_log off;\n" + text + "}\n"
			},
		},
		"haproxy": {
			file: "haproxy.cfg",
			args: func(config, _ string) []string { return []string{"haproxy", "-db", "-f", config} },
			adapt: func(text, port, dir string) string {
				text = strings.ReplaceAll(text, "crt /etc/haproxy/tls/", "crt "+filepath.Join(dir, "tls.pem"))
				text = strings.ReplaceAll(strings.ReplaceAll(text, "bind :443", "bind 127.0.0.1:"+port), "bind :80", "bind unix@"+dir+"/plain")
				return text
			},
		},
	}
}

// Each shipped configuration carries a whole sign-in of a browser, over HTTPS with secure cookies, and the audit log has
// the address of the caller, also of a caller that forges the headers of proxies.
func TestProxies(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("/usr/bin/chromium"),
		chromedp.NoSandbox, chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("host-resolver-rules", "MAP *.example.com 127.0.0.1"))...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	db := 0
	for name, program := range proxies() {
		for _, kind := range forms() {
			settings := append(onRedis(redis), "OAUTH2D_REDIS_DB="+string(rune('0'+db)))
			db++
			t.Run(name+"/"+kind.name, func(t *testing.T) {
				t.Parallel()
				behind(t, browser, program, kind, settings)
			})
		}
	}
}

func behind(t *testing.T, browser context.Context, program proxy, kind form, settings []string) {
	t.Helper()
	s := newSite(t, "", "", append(settings, "OAUTH2D_SERVER_TRUSTED_PROXIES="+proxyIP)...)
	port := redistest.FreePort(t)
	s.Issuer = "https://" + net.JoinHostPort(kind.host, port) + kind.path
	s.Base = s.Issuer
	s.env = append(s.env, "OAUTH2D_ISSUER="+s.Issuer)
	s.HTTP = program.start(t, port, s.Listen)
	d := s.serve(t)
	person, app := s.user(t, "ada", "a long enough password"), s.client(t, "pocket", publicApp...)

	redistest.Eventually(t, patience, "the proxy reaches the daemon", func() bool {
		return app.get(t, s.Issuer+"/health/ready", "").Status == http.StatusOK
	})
	root := strings.TrimSuffix(s.Issuer, kind.path)
	for _, address := range []string{
		root + "/.well-known/oauth-authorization-server" + kind.path, s.Issuer + "/.well-known/openid-configuration", root + "/.well-known/openid-configuration" + kind.path,
	} {
		if got := app.get(t, address, ""); got.Status != http.StatusOK || got.Text("issuer") != s.Issuer {
			t.Errorf("%s: %d %s", address, got.Status, got.Raw)
		}
	}
	for _, path := range []string{"/admin/v1/clients", "/metrics"} {
		if got := app.get(t, s.Issuer+path, ""); got.Status != http.StatusNotFound {
			t.Errorf("%s is public: %d", path, got.Status)
		}
	}

	// A program from another address signs a person in, with forged headers.
	person.Client.Transport = forger{s.HTTP.Transport}
	app.login(t, person)
	signedInFrom(t, d, strangerIP, 1)

	// A request of 16 KB, and an answer whose address has 4 KB, pass.
	long := strings.Repeat("x", 4<<10)
	request := app.AuthCodeURL(long) + "&prompt=none&code_challenge_method=S256&code_challenge=" + strings.Repeat("A", 43) + "&a=" + long + "&b=" + long + "&c=" + long
	if page := person.Get(t, request); !strings.Contains(page.Location, "error=consent_required") || !strings.Contains(page.Location, long) {
		t.Errorf("a long request: %d to %.200q\n%.200s", page.Status, page.Location, page.Body)
	}

	b := open(t, browser, size{"desk", 1280, 800})
	callback := listenAsClient(t, app)
	app.RedirectURL = callback.address
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"X-Forwarded-For": forgedIP, "Forwarded": "for=" + forgedIP},
		})
		return err
	}))
	b.do(chromedp.Navigate(app.request(callback.verifier)),
		chromedp.SendKeys(`input[name=username]`, "ada"), chromedp.SendKeys(`input[name=password]`, "a long enough password"))
	b.press("button[type=submit]")
	if b.js("String(document.querySelector('button[value=allow]') !== null)") == "true" {
		b.press(`button[value=allow]`)
	}
	if token := <-callback.tokens; token == nil || token.RefreshToken == "" {
		t.Errorf("the client got %v", token)
	}
	signedInFrom(t, d, proxyIP, 2)
	if strings.Contains(d.Out.String()+d.Log.String(), forgedIP) {
		t.Error("a forged address is in the logs")
	}
}

// forger adds headers that only proxies may set.
type forger struct{ next http.RoundTripper }

func (f forger) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "X-Client-IP"} {
		r.Header.Set(name, forgedIP)
	}
	r.Header.Set("Forwarded", "for="+forgedIP)
	answer, err := f.next.RoundTrip(r)
	if err == nil {
		for _, cookie := range answer.Cookies() {
			if !cookie.Secure || !cookie.HttpOnly || !strings.HasPrefix(cookie.Name, "__Host-") {
				answer.StatusCode = http.StatusTeapot // the test shows the page
				answer.Header.Set("X-Insecure-Cookie", cookie.Name)
			}
		}
	}
	return answer, err
}

// signedInFrom checks the address of the latest sign-in in the audit log.
func signedInFrom(t *testing.T, d *daemon, ip string, count int) {
	t.Helper()
	var from []string
	redistest.Eventually(t, patience, "the sign-in is in the audit log", func() bool {
		from = nil
		for line := range strings.Lines(d.Out.String()) {
			var fact struct{ Event, IP string }
			if json.Unmarshal([]byte(line), &fact) == nil && fact.Event == "login.succeeded" {
				from = append(from, fact.IP)
			}
		}
		return len(from) >= count
	})
	if from[count-1] != ip {
		t.Errorf("sign-ins from %q, want the last from %s", from, ip)
	}
}

// start runs the proxy in front of a daemon, and returns an HTTP client that reaches it from strangerIP.
func (p proxy) start(t *testing.T, port, upstream string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "proxy", p.file))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "proxy") // a socket in t.TempDir() would have too long a name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	trusted := proxyCertificate(t, filepath.Join(dir, "tls.pem"))
	config := write(t, dir, p.file, strings.ReplaceAll(p.adapt(string(text), port, dir), "127.0.0.1:8080", upstream))
	args := p.args(config, dir)
	process := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...)
	log := new(testkit.Log)
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = withParent()
	process.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", args[0], log)
		}
	})
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(strangerIP)}}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return dialer.DialContext(ctx, "tcp", "127.0.0.1:"+port)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// proxyCertificate writes a certificate for the hosts of all forms, with its key, into one file.
func proxyCertificate(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	dir := t.TempDir()
	args := []string{dir}
	for _, f := range forms() {
		args = append(args, f.host)
	}
	if out, err := exec.CommandContext(t.Context(), "../../deploy/redis/bin/make-dev-ca.sh", args...).CombinedOutput(); err != nil {
		t.Fatalf("make-dev-ca.sh: %v\n%s", err, out)
	}
	var raw [3][]byte
	for i, name := range []string{"server.crt", "server.key", "ca.crt"} {
		var err error
		if raw[i], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, slices.Concat(raw[0], raw[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw[2]) {
		t.Fatal("no CA")
	}
	return pool
}

// The other configurations are read by their programs, too. (nginx and HAProxy read theirs in TestProxies.)
func TestCaddyReadsItsConfiguration(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "caddy", "validate", "--adapter", "caddyfile", "--config", "../../deploy/proxy/Caddyfile").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Valid configuration") {
		t.Errorf("%v\n%s", err, out)
	}
}
