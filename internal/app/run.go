package app

import (
	"context"
	"fmt"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/server"
)

// certificatesEvery is the interval at which the TLS files are checked for changes.
const certificatesEvery = 30 * time.Second

// Start begins to serve, and starts the background tasks.
func (a *App) Start() error {
	// Read the current state: the one from the beginning may be older than the first answers of the Sentinels.
	if state, ok := a.rules.stores.db.State(); ok {
		a.pulse.durability(state)
	}
	a.feelRedis(context.Background())
	a.pulse.speak(context.Background())
	a.startTasks()
	for _, one := range []struct {
		name   string
		server *server.Server
	}{{"operators' listener", a.admin}, {"public listener", a.public}} {
		if err := one.server.Start(); err != nil {
			return err
		}
		a.onStop(one.name, one.server.Shutdown)
		a.tasks.Go(func() {
			if err := <-one.server.Done(); err != nil {
				a.failed <- fmt.Errorf("%s: %w", one.name, err)
			}
		})
	}
	a.onStop("health", func(ctx context.Context) error {
		a.stopBeingReady(ctx)
		return nil
	})
	if a.config.Redis.Mode == "embedded" && !a.config.Dev {
		a.log.Warn("redis.mode is embedded: everything is lost at exit")
	}
	a.log.Info("serving", "issuer", a.issuer, "listen", a.Addr(), "admin_listen", a.AdminAddr(), "redis", a.config.Redis.Mode,
		"tls", a.certificates != nil, "version", a.options.Version)
	return nil
}

// Reload applies the settings that may change while the server runs: the log level, the look of the pages, the
// descriptions of the scopes, the TLS files. The log lists every other changed setting, which needs a restart. Settings
// with mistakes change nothing.
func (a *App) Reload(c config.Config, mistakes error) {
	if mistakes != nil {
		a.log.Error("the settings were not reloaded", "error", mistakes.Error())
		return
	}
	changed, waiting := config.Changed(a.config, c)
	look, err := lookOf(c)
	if err == nil {
		err = a.pages.Use(look)
	}
	if err != nil {
		a.log.Error("the settings were not reloaded", "error", err.Error())
		return
	}
	setLevel(a.logging.level, c.Log)
	if a.certificates != nil {
		if _, err := a.certificates.Reload(); err != nil {
			a.log.Error("the TLS certificate could not be reloaded; the earlier one stays in use", "error", err.Error())
		}
	}
	a.config.Log.Level, a.config.Brand, a.config.Scopes = c.Log.Level, c.Brand, c.Scopes
	a.log.Info("the settings were reloaded", "changed", changed, "need_restart", waiting)
}
