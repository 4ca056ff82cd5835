package app

import (
	"context"
	"fmt"
	"time"

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
