package app

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/rotation"
)

func secretsOf(r rules, c config.Config, now func() time.Time) *rotation.Rotation {
	return rotation.New(rotation.Options{Store: r.stores.rosters, Ring: r.ring, Clients: r.registry, Now: now}, c)
}

// Secrets lists the age of every secret, and what is due.
func (d *Direct) Secrets(ctx context.Context) ([]rotation.Item, error) {
	return secretsOf(d.rules, d.config, d.now).Status(ctx, d.config)
}

// Reseal seals every key under the master key of the settings.
func (d *Direct) Reseal(ctx context.Context) (keyring.Sealed, error) {
	return secretsOf(d.rules, d.config, d.now).Reseal(ctx)
}
