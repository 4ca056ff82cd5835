package app_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// New and Check refuse the same settings.
func TestF_N06_CheckAndServeRefuseTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := file("text", "no image, no certificate")
	_ = file("de.json", "{")
	for name, test := range map[string]struct {
		set func(c *config.Config)
		key string // "" is accepted
	}{
		"nothing":         {func(*config.Config) {}, ""},
		"pale accent":     {func(c *config.Config) { c.Brand.Accent = "#ffff00" }, "brand.accent"},
		"no logo":         {func(c *config.Config) { c.Brand.LogoFile = filepath.Join(dir, "absent") }, "brand.logo_file"},
		"no image":        {func(c *config.Config) { c.Brand.LogoFile = text }, "brand"},
		"no messages":     {func(c *config.Config) { c.Brand.MessagesDir = filepath.Join(dir, "absent") }, "brand.messages_dir"},
		"messages a file": {func(c *config.Config) { c.Brand.MessagesDir = text }, "brand.messages_dir"},
		"bad messages":    {func(c *config.Config) { c.Brand.MessagesDir = dir }, "brand"},
		"certificate": {func(c *config.Config) {
			c.Server.TLS = config.ServerTLS{CertFile: text, KeyFile: text}
		}, "server.tls"},
		"redis ca":      {func(c *config.Config) { c.Redis.TLS = config.RedisTLS{Enabled: true, CAFile: text} }, "redis.tls"},
		"address":       {func(c *config.Config) { c.Server.Listen = "192.0.2.1:8080" }, "server.listen"},
		"admin address": {func(c *config.Config) { c.Admin.Listen = "192.0.2.1:8080" }, "admin.listen"},
		"proxy":         {func(c *config.Config) { c.Server.TrustedProxies = []string{"lb"} }, "server.trusted_proxies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config.Default(true)
			c.Log.Format = "json" // the tests parse the log
			c.Server.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
			test.set(&c)
			checked := app.Check(t.Context(), c).Err()
			a, served := app.New(t.Context(), c, app.Options{Now: time.Now, LogTo: &strings.Builder{}})
			if served == nil {
				_ = a.Stop(t.Context())
			}
			if test.key == "" {
				if checked != nil || served != nil {
					t.Fatalf("refused: %v, %v", checked, served)
				}
				return
			}
			for who, err := range map[string]error{"check": checked, "serve": served} {
				if err == nil || !strings.HasPrefix(err.Error(), test.key+":") {
					t.Errorf("%s: %v, want something about %s", who, err, test.key)
				}
			}
		})
	}
}

// A device that never ends is refused with a clear error, and does not fill the memory.
func TestF_N11_AFileWithoutAnEndIsRefused(t *testing.T) {
	t.Parallel()
	const endless = "/dev/zero"
	if _, err := os.Stat(endless); err != nil {
		t.Skip("this system has no " + endless)
	}
	for name, set := range map[string]func(c *config.Config){
		"brand.logo_file": func(c *config.Config) { c.Brand.LogoFile = endless },
		"server.tls":      func(c *config.Config) { c.Server.TLS = config.ServerTLS{CertFile: endless, KeyFile: endless} },
		"redis.tls":       func(c *config.Config) { c.Redis.TLS = config.RedisTLS{Enabled: true, CAFile: endless} },
		"redis.tls, own": func(c *config.Config) {
			c.Redis.TLS = config.RedisTLS{Enabled: true, CertFile: endless, KeyFile: endless}
		},
		"brand, a message set": func(c *config.Config) { c.Brand.MessagesDir = linkTo(t, endless, "de.json") },
	} {
		c := config.Default(true)
		set(&c)
		err := app.CheckFiles(c).Err()
		if err == nil || !strings.Contains(err.Error(), "is a device, not a regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// linkTo returns a folder with a symbolic link.
func linkTo(t *testing.T, target, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]app.Verdict{
		-time.Second: app.Failing, 0: app.Failing, 24 * time.Hour: app.Doubt, 90 * 24 * time.Hour: app.Well,
	} {
		f := app.Expiry("tls", "auth.example.com", now.Add(left), now)
		if f.Verdict != want || (f.Remedy == "") != (want == app.Well) {
			t.Errorf("%s left: %+v", left, f)
		}
	}
}

// sentinels configures Sentinel mode.
func sentinels(g *redistest.Group) testkit.Option {
	return func(c *config.Config) {
		testkit.Redis("")(c)
		c.Redis.Mode, c.Redis.MasterName, c.Redis.Addrs = "sentinel", redistest.MasterName, g.Addrs
	}
}

// A start without faults logs no error.
func TestF_P20_N08_ASoundStartLogsNoError(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes")
	d := testkit.Start(t, sentinels(g))
	_ = tokenOf(t, d)
	if status, body := ready(t, d); status != http.StatusOK || !strings.Contains(body, `"durability":"strict"`) || !strings.Contains(body, `"status":"ready"`) {
		t.Errorf("ready: %d %s", status, body)
	}
	redistest.Eventually(t, 10*time.Second, "it has been looked at", func() bool { return strings.Contains(d.Log.String(), `"msg":"serving"`) })
	for _, level := range []string{"ERROR", "WARN"} {
		if strings.Contains(d.Log.String(), `"level":"`+level+`"`) {
			t.Errorf("the log: %s", d.Log)
		}
	}
}

// A load balancer sends requests until its probe fails: these requests are served while the health check already fails.
func TestF_ShutdownDelay(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Server.ShutdownDelay = 3 * time.Second })
	if a := d.Get(t, "/health/ready"); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	stopped := make(chan error, 1)
	began := time.Now()
	go func() { stopped <- d.App.Stop(context.Background()) }()
	for d.Get(t, "/health/ready").Text("status") != "stopping" {
		if time.Since(began) > 2*time.Second {
			t.Fatal("health does not say that the server stops")
		}
	}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := fresh.Get(d.Base + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatalf("a new connection: %v", err)
	}
	_ = res.Body.Close()
	if err := <-stopped; err != nil || time.Since(began) < 3*time.Second {
		t.Errorf("stopped after %s: %v", time.Since(began), err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(d.Base, "http://")); err == nil {
		t.Error("connections are taken after the delay")
	}
}

// A second signal, or the end of the grace, ends the delay.
func TestF_ShutdownDelayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Server.ShutdownDelay = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = d.App.Stop(ctx) // the error reports connections that were cut off
	if _, err := net.Dial("tcp", strings.TrimPrefix(d.Base, "http://")); err == nil {
		t.Error("it serves still")
	}
}

func TestF_S27_SecretFilesOfOthers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "master")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default(true)
	c.Log.Format = "json" // the tests parse the log
	c.Server.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	c.SecretFiles = []config.SecretFile{{Key: "master_key", Name: file}}
	for mode, want := range map[os.FileMode]string{0o600: "", 0o400: "", 0o640: "", 0o440: "", 0o644: "others may read it (mode 0644)", 0o604: "others may read", 0o660: "others may change", 0o666: "others may change"} {
		t.Run(mode.String(), func(t *testing.T) {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(app.Examine(t.Context(), c), func(f app.Finding) bool { return f.Check == "secret files" })
			found := app.Examine(t.Context(), c)[at]
			if (found.Verdict == app.Failing) != (want != "") || !strings.Contains(found.Found, want) || want != "" && !strings.Contains(found.Remedy, "chmod") {
				t.Errorf("%o: %+v", mode, found)
			}
			log := new(testkit.Log)
			a, err := app.New(t.Context(), c, app.Options{LogTo: log, AuditTo: new(testkit.Log)})
			if err != nil {
				t.Fatal(err)
			}
			_ = a.Stop(t.Context())
			if warned := strings.Contains(log.String(), `"holds":"master_key"`); warned != (want != "") {
				t.Errorf("%o: %s", mode, log)
			}
		})
	}
}
