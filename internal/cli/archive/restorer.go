package archive

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/snapshot"
)

// restoreTimeout is the time that one request to Redis may take in a restore, which no client waits for.
const restoreTimeout = 10 * time.Second

// restorer brings archives back into the Redis of some settings.
type restorer struct {
	config  config.Config
	options redisconn.Options
	raised  bool
}

// restore restores an archive and records it in the audit log. The caller describes the archive and the part of it that is
// wanted.
func (r *restorer) restore(ctx context.Context, o backup.RestoreOptions) (backup.Plan, error) {
	r.config.Redis.Timeout = max(r.config.Redis.Timeout, restoreTimeout)
	i, err := app.OpenInspector(ctx, r.config.Redis)
	if err != nil {
		return backup.Plan{}, err
	}
	defer i.Close()
	r.options = i.DB.Options()
	v := redisconn.CurrentDataVersion()
	o.To, o.Issuer, o.Earlier, o.Now = snapshot.NewTarget(i.DB), r.config.Issuer, r.config.IssuerPrevious, time.Now
	o.Data = backup.DataVersions{Oldest: v.Reads, Newest: v.Writes}
	if o.Kind == backup.Cache {
		return backup.Restore(ctx, o)
	}
	o.CheckRing = func(used, lost map[string]string) error { return r.checkRing(used, lost) }
	o.Raise = func(ctx context.Context, before time.Time) error { return r.raise(ctx, o, before) }
	plan, err := backup.Restore(ctx, o)
	if err == nil && plan.Done && o.KeepSignIns {
		err = r.record(ctx, o, time.Time{})
	}
	return plan, err
}

// raise raises the epoch. Before the records are written it waits until every server knows. Afterwards the epoch is part of
// the entry in the audit log, whose keys may just have come back.
func (r *restorer) raise(ctx context.Context, o backup.RestoreOptions, before time.Time) error {
	if r.raised {
		return r.record(ctx, o, before)
	}
	r.raised = true
	r.options.Observer = false
	db, err := redisconn.Open(ctx, r.options)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // no request is in flight
	if err := probe.New(db).Check(ctx); err != nil {
		return err
	}
	if _, err := db.Claim(ctx, redisconn.Owner{Name: r.config.Issuer, Previous: r.config.IssuerPrevious}); err != nil {
		return err
	}
	if err := redisstore.NewFreshness(db).RaiseEpoch(ctx, before); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(freshness.DefaultLife):
		return nil
	}
}

// checkRing returns why a server with these settings could not use a key ring, or not instead of another.
func (r *restorer) checkRing(used, lost map[string]string) error {
	sealer, err := r.config.Sealer()
	if err != nil {
		return err
	}
	err = keyring.Check(sealer, used, lost)
	if errors.Is(err, keyring.ErrMasterKey) {
		return errors.New("its key ring was sealed with another master key: give that one as master_key or master_key_previous")
	}
	return err
}

// record emits the audit entry. A zero time raises no epoch.
func (r *restorer) record(ctx context.Context, o backup.RestoreOptions, before time.Time) error {
	d, err := app.OpenDirect(ctx, r.config)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Operator().Restored(ctx, o.Name, string(o.Part), before)
}
