package app

import (
	"context"
	"fmt"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/server"
)

// certificatesEvery is the interval between two checks of the TLS files.
const certificatesEvery = 30 * time.Second

// Start begins to answer and to do what happens without a request.
func (a *App) Start() error {
	// What is so now, and not what was so while the Sentinels were still being asked.
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
		a.log.Warn("redis.mode is embedded: everything is forgotten at exit")
	}
	a.log.Info("serving", "issuer", a.issuer, "listen", a.Addr(), "admin_listen", a.AdminAddr(), "redis", a.config.Redis.Mode,
		"tls", a.certificates != nil, "version", a.options.Version)
	return nil
}

// Reload takes over what may change while the server runs: the log level, the look of the pages,
// the words of the scopes, the TLS files. Whatever else differs is named in the log and waits for a
// restart. Settings with mistakes change nothing.
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
	setLevel(a.level, c.Log)
	if a.certificates != nil {
		if _, err := a.certificates.Reload(); err != nil {
			a.log.Error("the TLS certificate could not be reloaded; the earlier one stays", "error", err.Error())
		}
	}
	a.config.Log.Level, a.config.Brand, a.config.Scopes = c.Log.Level, c.Brand, c.Scopes
	a.log.Info("the settings were reloaded", "changed", changed, "need_restart", waiting)
}
