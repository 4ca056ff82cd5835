package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// reloadTimeout bounds the requests to Redis of one Reload.
const reloadTimeout = 10 * time.Second

// Reload applies the settings that may change while the server runs: the secrets (the master keys, the passwords of
// Redis and of the Sentinels), the TLS files, the log level, the look of the pages, the descriptions of the scopes. The
// log lists every other changed setting, which needs a restart. Settings with mistakes change nothing. A new secret is
// tried first: one that does not work is logged, and the earlier one stays in use.
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
	a.reloadSecrets(c)
	a.secrets.Use(a.config)
	a.config.Log.Level, a.config.Brand, a.config.Scopes = c.Log.Level, c.Brand, c.Scopes
	a.log.Info("the settings were reloaded", "changed", changed, "need_restart", waiting)
}

// reloadSecrets applies the master keys and the passwords.
func (a *App) reloadSecrets(c config.Config) {
	ctx, cancel := context.WithTimeout(context.Background(), reloadTimeout)
	defer cancel()
	if err := a.reloadMasterKey(ctx, c); err != nil {
		a.log.Error("the master key was not changed; the earlier one stays in use", "error", err.Error())
	} else {
		a.config.MasterKey, a.config.MasterKeyPrevious = c.MasterKey, c.MasterKeyPrevious
	}
	r := c.Redis
	err := a.rules.stores.db.UseCredentials(ctx, redisdial.Credentials{
		Username: r.Username, Password: r.Password.Reveal(),
		SentinelUsername: r.SentinelUsername, SentinelPassword: r.SentinelPassword.Reveal(),
	})
	if err != nil {
		a.log.Error("the Redis passwords were not changed; the earlier ones stay in use", "error", err.Error())
		return
	}
	now := &a.config.Redis
	now.Username, now.Password, now.SentinelUsername, now.SentinelPassword = r.Username, r.Password, r.SentinelUsername, r.SentinelPassword
}

func (a *App) reloadMasterKey(ctx context.Context, c config.Config) error {
	if c.MasterKey == "" { // embedded Redis has a random one
		return nil
	}
	sealer, err := c.Sealer()
	if err != nil {
		return err
	}
	err = a.rules.ring.UseSealer(ctx, sealer)
	if errors.Is(err, keyring.ErrMasterKey) {
		return errors.New("master_key: it does not open every key in Redis; hint: name the one that they were sealed with in master_key_previous")
	}
	if err != nil {
		return fmt.Errorf("master_key: %w", err)
	}
	return nil
}
