package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/cleanup"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Direct is what operators' commands need of a server, without a server: the rooms that keep
// clients, people and keys, straight on Redis. Running servers notice within a second.
type Direct struct {
	Registry  *registry.Registry
	Directory *directory.Directory
	Ring      *keyring.Ring
	Cleanup   *cleanup.Cleanup
	Audit     *audit.Log

	base base
}

// OpenDirect connects. What is changed through it is recorded in the audit log; Close waits for that.
func OpenDirect(ctx context.Context, c config.Config) (*Direct, error) {
	s, err := openStores(ctx, c.Redis, watch{log: slog.New(slog.DiscardHandler), now: time.Now})
	if err != nil {
		return nil, err
	}
	log := audit.New(audit.Options{Store: s.audit, Keep: c.Audit.MaxEntries, Routine: c.Audit.Routine, Now: time.Now})
	b, err := newBase(ctx, c, s, log, time.Now)
	if err != nil {
		_ = s.db.Close() // the first error is the one to tell
		return nil, err
	}
	log.Start(b.ring)
	return &Direct{Registry: b.registry, Directory: b.directory, Ring: b.ring, Cleanup: b.cleanup, Audit: log, base: b}, nil
}

// Direct gives the same rooms of a running server, for those who embed one. The server keeps the
// connection: it is not for them to close.
func (a *App) Direct() *Direct {
	b := a.rules.base
	return &Direct{Registry: b.registry, Directory: b.directory, Ring: b.ring, Cleanup: b.cleanup, Audit: a.audit, base: b}
}

// Close ends the connection.
func (d *Direct) Close() {
	stopAudit(context.Background(), d.Audit)
	_ = d.base.stores.db.Close() // nothing is under way any more
}

// DeleteClient deletes a client and ends its access tokens. It can be repeated: the tokens end also
// when the client is gone already (store.Absent).
func (d *Direct) DeleteClient(ctx context.Context, id oauth.ClientID) error {
	gone := d.Registry.Delete(ctx, id)
	if gone != nil && !errors.Is(gone, store.Absent) {
		return gone
	}
	if err := d.base.stores.access.RevokeClient(ctx, id, time.Now(), longestAccess); err != nil {
		return oauth.Unavailable(err)
	}
	return gone
}

// Why the sessions of a user end, besides what the user does.
const (
	reasonPassword = "password changed"
	reasonDisabled = "user disabled"
)

// SetPassword gives a user a new password and ends every session and grant that the old one
// opened. It can be repeated.
func (d *Direct) SetPassword(ctx context.Context, name, password string) error {
	user, err := d.Directory.Find(ctx, name)
	if err != nil {
		return err
	}
	if err := d.Directory.SetPassword(ctx, name, password); err != nil {
		return err
	}
	return d.base.sessions.EndAll(ctx, user.ID, "", reasonPassword)
}

// DisableUser keeps a user from signing in and ends every session and grant of theirs. It can be
// repeated.
func (d *Direct) DisableUser(ctx context.Context, name string) error {
	user, err := d.Directory.Find(ctx, name)
	if err != nil {
		return err
	}
	if err := d.Directory.Disable(ctx, name); err != nil {
		return err
	}
	return d.base.sessions.EndAll(ctx, user.ID, "", reasonDisabled)
}

// WithdrawConsent forgets what a user allowed a client and ends what the client got by it. It can be
// repeated.
func (d *Direct) WithdrawConsent(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	if err := d.base.stores.consents.Withdraw(ctx, user, client); err != nil {
		return oauth.Unavailable(err)
	}
	return d.base.sessions.EndGrants(ctx, user, client)
}
