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
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

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
