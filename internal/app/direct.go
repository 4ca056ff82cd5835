package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/cleanup"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/http/adminapi"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// Direct is the operators' access without a server: the verbs of the admin API, directly on Redis. Running servers
// follow within a second.
type Direct struct {
	Registry  *registry.Registry
	Directory *directory.Directory
	Ring      *keyring.Ring
	Cleanup   *cleanup.Cleanup
	Audit     *audit.Log

	rules   rules
	config  config.Config
	reads   *adminapi.Audit // nil: there is no audit log
	now     func() time.Time
	version string
}

// OpenDirect connects to Redis. Changes are recorded in the audit log; Close waits for that.
func OpenDirect(ctx context.Context, c config.Config) (*Direct, error) {
	s, err := openStores(ctx, c.Redis, ownerOf(c), watch{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	log := audit.New(audit.Options{Store: s.audit, Keep: c.Audit.MaxEntries, Routine: c.Audit.RecordReads, Now: time.Now})
	b, err := newBase(ctx, c, s, log, time.Now)
	if err != nil {
		_ = s.db.Close() // return the first error
		return nil, err
	}
	log.Start(b.ring)
	d := newDirect(newRules(c, s.owner, b, log, time.Now), log)
	d.reads, d.now, d.config = auditOf(log, c.Audit.MaxEntries), time.Now, c
	return d, nil
}

func newDirect(r rules, log *audit.Log) *Direct {
	return &Direct{Registry: r.registry, Directory: r.directory, Ring: r.ring, Cleanup: r.cleanup, Audit: log, rules: r}
}

// Direct returns the same access for a running server, for programs that embed one. The server owns the connection:
// callers must not close it.
func (a *App) Direct() *Direct {
	d := newDirect(a.rules, a.audit)
	d.reads, d.now, d.version = auditOf(a.audit, a.config.Audit.MaxEntries), a.options.Now, a.options.Version
	return d
}

// Close ends the connection.
func (d *Direct) Close() {
	stopAudit(context.Background(), d.Audit)
	_ = d.rules.stores.db.Close() // no request is in flight
}

// DeleteClient deletes a client and ends its tokens.
func (d *Direct) DeleteClient(ctx context.Context, id oauth.ClientID) error {
	return d.Operator().DeleteClient(ctx, id, admin.Match{})
}

// SetPassword sets a user's password and ends every session and grant that the old one
// opened. It can be repeated.
func (d *Direct) SetPassword(ctx context.Context, name, password string) error {
	user, err := d.Directory.Find(ctx, name)
	if err != nil {
		return err
	}
	return d.Operator().SetPassword(ctx, user.ID, password, false)
}

// DisableUser prevents a user from signing in and ends all of their sessions and grants. It can be repeated.
func (d *Direct) DisableUser(ctx context.Context, name string) error {
	user, err := d.Directory.Find(ctx, name)
	if err != nil {
		return err
	}
	_, err = d.Operator().ChangeUser(ctx, user.ID, admin.Match{}, func(u *oauth.User) error {
		u.Disabled = true
		return nil
	})
	return err
}
