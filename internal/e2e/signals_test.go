package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// After SIGTERM the daemon accepts no new connections, and finishes a request that is only half sent.
func TestSIGTERMFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "", onRedis(redistest.Start(t))...)
	d := s.serve(t)
	web := s.client(t, "planner", webApp...)
	const body = "grant_type=client_credentials&scope=read"
	conn := dial(t, s.Listen)
	request, err := http.NewRequest(http.MethodPost, web.Endpoint.TokenURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(web.ClientID, web.ClientSecret)
	fmt.Fprintf(conn, "POST /token HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		s.Listen, request.Header.Get("Authorization"), len(body), body[:10])
	// A hundred answers on another connection show that the daemon received the first bytes of this request some time
	// ago.
	for range 100 {
		web.get(t, s.Issuer+"/health/live", "")
	}
	began := time.Now()
	d.signal(t, syscall.SIGTERM)
	redistest.Eventually(t, patience, "new connections are refused", func() bool {
		fresh, err := net.Dial("tcp", s.Listen)
		if err == nil {
			fresh.Close()
		}
		return err != nil
	})
	if d.gone() {
		t.Fatalf("the process did not wait:\n%s", d.Log)
	}
	fmt.Fprint(conn, body[10:])
	answer, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		t.Fatalf("the request in flight: %v", err)
	}
	raw, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(raw), "access_token") {
		t.Errorf("the request in flight: %d %s", answer.StatusCode, raw)
	}
	if code := d.code(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, d.Log)
	}
	t.Logf("ended %v after SIGTERM", time.Since(began).Round(time.Millisecond))
}

// SIGTERM does not wait for ever.
func TestSIGTERMCutsOffAfterTheGrace(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "", append(onRedis(redistest.Start(t)), "OAUTH2D_SERVER_SHUTDOWN_GRACE=200ms")...)
	d := s.serve(t)
	conn := dial(t, s.Listen)
	fmt.Fprintf(conn, "POST /token HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\nhalf", s.Listen)
	for range 100 {
		s.party("nobody", "").get(t, s.Issuer+"/health/live", "")
	}
	began := time.Now()
	d.signal(t, syscall.SIGTERM)
	if code := d.code(t); code != 1 || !strings.Contains(d.Log.String(), "cut off") {
		t.Errorf("exit code %d:\n%s", code, d.Log)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// SIGHUP applies the settings that may change while the server runs; settings with mistakes change nothing.
func TestSIGHUPReloads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const settings = "brand:\n  name: %s\nlog:\n  level: %s\n"
	file := write(t, dir, "oauth2d.yaml", fmt.Sprintf(settings, "The Kitchen", "info"))
	s := newSite(t, "", "", onRedis(redistest.Start(t))...)
	s.env = slices.DeleteFunc(s.env, func(pair string) bool { return strings.HasPrefix(pair, "OAUTH2D_LOG_LEVEL") })
	d := s.serve(t, "--config", file)
	shown := func(name string) bool {
		return strings.Contains(testkit.NewPerson(t).Get(t, s.Issuer+"/login").Body, name)
	}
	if !shown("The Kitchen") {
		t.Fatal("the page does not bear the name")
	}
	const quiet = `"level":"DEBUG"`
	if strings.Contains(d.Log.String(), quiet) {
		t.Error("the log contains more than its level allows")
	}

	write(t, dir, "oauth2d.yaml", fmt.Sprintf(settings, "The Bakery", "debug"))
	d.signal(t, syscall.SIGHUP)
	redistest.Eventually(t, patience, "the new name is shown", func() bool { return shown("The Bakery") })
	redistest.Eventually(t, patience, "the log contains more", func() bool {
		s.party("nobody", "").get(t, s.Issuer+"/health/live", "")
		return strings.Contains(d.Log.String(), quiet)
	})

	write(t, dir, "oauth2d.yaml", "brand:\n  nam: Misspelt\n")
	d.signal(t, syscall.SIGHUP)
	redistest.Eventually(t, patience, "the mistake is reported", func() bool {
		line := d.line("the settings were not reloaded")
		return line != nil && strings.Contains(line["error"].(string), "did you mean brand.name")
	})
	if !shown("The Bakery") || d.gone() {
		t.Error("a mistake changed something")
	}
}

// TLS uses two files, which may be replaced while the server runs.
func TestTLSFilesAreReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install := func() []byte {
		made := redistest.NewCertificate(t)
		for from, name := range map[string]string{made.Cert: "cert.pem", made.Key: "key.pem"} {
			raw, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, name, string(raw))
		}
		ca, err := os.ReadFile(made.CA)
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	first := install()
	s := newSite(t, "", "", append(onRedis(redistest.Start(t)), "OAUTH2D_SERVER_TLS_CERT_FILE="+dir+"/cert.pem", "OAUTH2D_SERVER_TLS_KEY_FILE="+dir+"/key.pem")...)
	s.Issuer = strings.Replace(s.Issuer, "http:", "https:", 1)
	s.Base = s.Issuer
	s.env = append(s.env, "OAUTH2D_ISSUER="+s.Issuer)
	d := s.serve(t)
	s.HTTP.Transport = trusting(t, first)
	app := s.client(t, "pocket", publicApp...)
	app.HTTP = s.HTTP
	ada := s.user(t, "ada", "a long enough password")
	token := app.login(t, ada)
	if token.RefreshToken == "" {
		t.Error("no refresh token over TLS")
	}
	page := s.person(t, "ada", "").Get(t, s.Issuer+"/login")
	for _, cookie := range page.Header.Values("Set-Cookie") {
		if !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "Secure") || !strings.Contains(cookie, "HttpOnly") {
			t.Errorf("W04: %s", cookie)
		}
	}

	second := install()
	d.signal(t, syscall.SIGHUP)
	redistest.Eventually(t, patience, "the new certificate is shown", func() bool {
		response, err := (&http.Client{Transport: trusting(t, second)}).Get(s.Issuer + "/health/live")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	if _, err := (&http.Client{Transport: trusting(t, first)}).Get(s.Issuer + "/health/live"); err == nil {
		t.Error("the earlier certificate is still shown")
	}
}

// trusting connects to every server with a certificate of a CA.
func trusting(t testing.TB, ca []byte) *http.Transport {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// Container platforms check the exit code of healthcheck.
func TestHealthcheck(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, "appendonly yes")
	s := newSite(t, "", "", onRedis(redis)...)
	d := s.serve(t)
	address := strings.TrimPrefix(d.Admin, "http://")
	env := append(slices.Clone(s.env), "OAUTH2D_ADMIN_LISTEN="+address)
	if did := cli(t, env, "", "healthcheck"); did.code != 0 || !strings.Contains(did.out, `"ready"`) {
		t.Errorf("a good server: %d %s %s", did.code, did.out, did.err)
	}
	if did := cli(t, env, "", "healthcheck", "--no-such-flag"); did.code != 2 {
		t.Errorf("a flag that is none: %d %s", did.code, did.err)
	}
	redis.Kill()
	redistest.Eventually(t, patience, "Redis is missed", func() bool { return d.ready(t).Status == http.StatusServiceUnavailable })
	if did := cli(t, env, "", "healthcheck"); did.code != 1 || !strings.Contains(did.out, `"redis":"down"`) {
		t.Errorf("a server without Redis: %d %s %s", did.code, did.out, did.err)
	}
	if live := s.party("nobody", "").get(t, d.Admin+"/health/live", ""); live.Status != http.StatusOK {
		t.Errorf("a server without Redis lives: %d", live.Status)
	}
	d.signal(t, syscall.SIGTERM)
	if code := d.code(t); code != 0 {
		t.Errorf("without Redis the server ends with %d:\n%s", code, d.Log)
	}
	if did := cli(t, env, "", "healthcheck"); did.code != 1 || !strings.Contains(did.err, "hint: is the server running") {
		t.Errorf("no server: %d %s", did.code, did.err)
	}
}
