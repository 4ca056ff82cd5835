package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
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
