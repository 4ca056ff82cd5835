package admin

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Clients returns the clients after an id, in the order of their ids, at most limit; more reports whether there may
// be further ones.
func (a *Admin) Clients(ctx context.Context, after oauth.ClientID, limit int) (clients []oauth.Client, more bool, err error) {
	clients, err = a.o.Registry.List(ctx, after, limit+1)
	if err != nil {
		return nil, false, oauth.Unavailable(err)
	}
	// A client that was deleted between listing and reading is missing: then there may be more.
	return clients[:min(limit, len(clients))], len(clients) >= limit, nil
}

// Client reads a client from the store.
func (a *Admin) Client(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	c, err := a.o.Registry.Stored(ctx, id)
	return c, refusalOf(err, "client")
}

// FirstSecret is the secret of a new confidential client: a chosen one, or the hash that another server stored. At
// most one field is set; without one a secret is generated.
type FirstSecret struct{ Chosen, Hash secret.Text }

// CreateClient registers a client. shown is its generated secret, which is returned this once; it is empty when none
// was generated. Of two concurrent callers with one id, one gets already_exists.
func (op Operator) CreateClient(ctx context.Context, c oauth.Client, first FirstSecret) (made oauth.Client, shown oauth.Token, err error) {
	err = op.act(ctx, actionCreate, string(c.ID), func(ctx context.Context, d *record) error {
		made, shown, err = op.createClient(ctx, d, c, first)
		return err
	})
	return made, shown, err
}

const (
	actionCreate = "client.create"
	actionChange = "client.change"
)

func (op Operator) createClient(ctx context.Context, d *record, c oauth.Client, first FirstSecret) (oauth.Client, oauth.Token, error) {
	d.action = actionCreate
	if err := op.needs(c.Scopes); err != nil {
		return oauth.Client{}, "", err
	}
	if first.Chosen != "" && first.Hash != "" {
		return oauth.Client{}, "", oauth.Refuse(oauth.InvalidRequest, "client_secret and client_secret_hash exclude each other", nil).At("client_secret")
	}
	made, shown, err := op.register(ctx, c, first)
	if err != nil {
		return oauth.Client{}, "", refusalOf(err, "client")
	}
	d.object, d.after = string(made.ID), factsOfClient(made)
	return made, shown, nil
}

// ExamineClient returns the refusal of CreateClient, and changes nothing.
func (op Operator) ExamineClient(ctx context.Context, c oauth.Client, first FirstSecret) (oauth.Client, error) {
	if err := op.needs(c.Scopes); err != nil {
		return oauth.Client{}, err
	}
	if first.Chosen != "" && first.Hash != "" {
		return oauth.Client{}, oauth.Refuse(oauth.InvalidRequest, "client_secret and client_secret_hash exclude each other", nil).At("client_secret")
	}
	c, err := op.o.Registry.Examine(ctx, c, first.Chosen.Reveal(), first.Hash.Reveal())
	return c, refusalOf(err, "client")
}

// ExaminePut returns the refusal of PutClient, and changes nothing.
func (op Operator) ExaminePut(ctx context.Context, c oauth.Client, m Match) (oauth.Client, error) {
	examined, err := op.o.Registry.ExamineChange(ctx, c.ID, func(old *oauth.Client) error {
		if err := m.check(old.Revision); err != nil {
			return err
		}
		kept := *old
		*old = c
		old.NotBefore, old.Created, old.Revision = kept.NotBefore, kept.Created, kept.Revision
		return op.needs(kept.Scopes.With(c.Scopes))
	})
	if isAbsent(err) && !m.There && m.Revision == 0 {
		return op.ExamineClient(ctx, c, FirstSecret{})
	}
	return examined, refusalOf(err, "client")
}

func (op Operator) register(ctx context.Context, c oauth.Client, first FirstSecret) (oauth.Client, oauth.Token, error) {
	if first.Hash != "" {
		made, err := op.o.Registry.RegisterHashed(ctx, c, first.Hash.Reveal())
		return made, "", err
	}
	made, shown, err := op.o.Registry.Register(ctx, c, first.Chosen.Reveal())
	if first.Chosen != "" {
		shown = "" // the caller chose it
	}
	return made, shown, err
}

// maxPutAttempts bounds how often a put is retried because the client was created or deleted concurrently.
const maxPutAttempts = 4

// PutClient replaces a client, except for its secrets and times. It registers a client that does not exist: then
// created is true, and shown is as for CreateClient.
func (op Operator) PutClient(ctx context.Context, c oauth.Client, m Match) (put oauth.Client, shown oauth.Token, created bool, err error) {
	err = op.act(ctx, actionChange, string(c.ID), func(ctx context.Context, d *record) error {
		put, shown, created, err = op.putClient(ctx, d, c, m)
		return err
	})
	return put, shown, created, err
}

func (op Operator) putClient(
	ctx context.Context, d *record, c oauth.Client, m Match,
) (put oauth.Client, shown oauth.Token, created bool, err error) {
	for range maxPutAttempts {
		if !m.Absent {
			d.action = actionChange
			put, err = op.changeClient(ctx, d, c.ID, m, func(old *oauth.Client) error {
				kept := *old
				*old = c
				old.Secrets, old.NotBefore = kept.Secrets, kept.NotBefore
				return nil
			})
			switch {
			case !isAbsent(err):
				return put, "", false, err
			case m.There || m.Revision != 0: // it would be created without the condition
				return put, "", false, oauth.Refuse(oauth.PreconditionFailed, "there is no such client", err)
			}
		}
		put, shown, err = op.createClient(ctx, d, c, FirstSecret{})
		if oauth.AsError(err).Code != oauth.AlreadyExists || err == nil {
			return put, shown, true, err
		}
		if m.Absent {
			return oauth.Client{}, "", false, oauth.Refuse(oauth.PreconditionFailed, "the client exists already", err)
		}
	}
	return oauth.Client{}, "", false, oauth.Refuse(oauth.Conflict, "it was changed by another request at the same time", err)
}

func isAbsent(err error) bool { return err != nil && errors.Is(err, store.Absent) }

// ChangeClient changes a client. Disabling a client revokes its tokens for good; making it public deletes its secrets.
// edit may be called more than once.
func (op Operator) ChangeClient(ctx context.Context, id oauth.ClientID, m Match, edit func(*oauth.Client) error) (oauth.Client, error) {
	var after oauth.Client
	err := op.act(ctx, actionChange, string(id), func(ctx context.Context, d *record) (err error) {
		after, err = op.changeClient(ctx, d, id, m, edit)
		return err
	})
	return after, err
}

func (op Operator) changeClient(
	ctx context.Context, d *record, id oauth.ClientID, m Match, edit func(*oauth.Client) error,
) (oauth.Client, error) {
	var before oauth.Client
	after, err := op.o.Registry.Change(ctx, id, func(c *oauth.Client) error {
		if err := m.check(c.Revision); err != nil {
			return err
		}
		before = *c
		if err := edit(c); err != nil {
			return err
		}
		if err := op.needs(before.Scopes.With(c.Scopes)); err != nil {
			return err
		}
		if c.Disabled && !before.Disabled {
			c.NotBefore = op.revokeUntil(c.NotBefore)
		}
		if c.Public() {
			c.Secrets = nil
		}
		return nil
	})
	if errors.Is(err, store.Absent) {
		return oauth.Client{}, notFound("client")
	}
	if err != nil {
		return oauth.Client{}, refusalOf(err, "client")
	}
	d.before, d.after = factsOfClient(before), factsOfClient(after)
	if after.Disabled {
		// Also when it was disabled before: an earlier call may have failed before this step.
		if err := op.o.Tokens.RevokeClient(ctx, op.Name, id, after.NotBefore); err != nil {
			return oauth.Client{}, err
		}
	}
	return after, nil
}

// revokeUntil returns now + lease, or earlier if that is later. Until then another replica may still serve the old
// client from its cache; whatever it issues must be revoked, too.
func (a *Admin) revokeUntil(earlier time.Time) time.Time {
	end := a.o.Now().Add(a.o.Lease.Life()).Truncate(time.Millisecond)
	if end.Before(earlier) {
		return earlier
	}
	return end
}

// DeleteClient revokes a client's tokens and deletes it with its secrets. It disables the client first, so that nothing
// is issued meanwhile.
func (op Operator) DeleteClient(ctx context.Context, id oauth.ClientID, m Match) error {
	return op.act(ctx, "client.delete", string(id), func(ctx context.Context, d *record) error {
		return op.deleteClient(ctx, d, id, m)
	})
}

func (op Operator) deleteClient(ctx context.Context, d *record, id oauth.ClientID, m Match) error {
	_, err := op.changeClient(ctx, d, id, m, func(c *oauth.Client) error {
		c.Disabled = true
		return nil
	})
	switch oauth.AsError(err).Code {
	case oauth.InvalidClientMetadata, oauth.InvalidRedirectURI:
		// The client breaks rules that are newer than it is. It can be deleted all the same.
		old, err := op.Client(ctx, id)
		if err != nil {
			return err
		}
		d.before = factsOfClient(old)
		if err := op.o.Tokens.RevokeClient(ctx, op.Name, id, op.revokeUntil(time.Time{})); err != nil {
			return err
		}
	default:
		if err != nil {
			return err
		}
	}
	if err := op.o.Registry.Delete(ctx, id); err != nil {
		return refusalOf(err, "client")
	}
	d.after = nil
	return nil
}

// Secrets returns a client's valid secrets, the oldest first. Callers must not show their hashes.
func (a *Admin) Secrets(ctx context.Context, id oauth.ClientID) ([]oauth.Secret, error) {
	c, err := a.Client(ctx, id)
	if err != nil {
		return nil, err
	}
	var valid []oauth.Secret
	for _, s := range c.Secrets {
		if s.ValidAt(a.o.Now()) {
			valid = append(valid, s)
		}
	}
	return valid, nil
}

// AddSecret generates a further secret that is valid for life; zero means for ever. The earlier ones expire after
// overlap at the latest.
func (op Operator) AddSecret(
	ctx context.Context, id oauth.ClientID, life, overlap time.Duration,
) (made oauth.Secret, shown oauth.Token, err error) {
	err = op.act(ctx, "secret.create", string(id), func(ctx context.Context, d *record) error {
		if err := op.mayTouch(ctx, id); err != nil {
			return err
		}
		var expires time.Time
		if life > 0 {
			expires = op.o.Now().Add(life)
		}
		if made, shown, err = op.o.Registry.AddSecret(ctx, id, expires, overlap); err != nil {
			return refusalOf(err, "client")
		}
		d.after = facts{"secret_id": made.ID, "expires_at": moment(expires), "overlap": overlap.String()}
		return nil
	})
	return made, shown, err
}

// DropSecret revokes one secret at once, even the last one.
func (op Operator) DropSecret(ctx context.Context, id oauth.ClientID, which string) error {
	return op.act(ctx, "secret.delete", string(id), func(ctx context.Context, d *record) error {
		d.before = facts{"secret_id": which}
		if err := op.mayTouch(ctx, id); err != nil {
			return err
		}
		return refusalOf(op.o.Registry.DropSecret(ctx, id, which), "client")
	})
}

func (op Operator) mayTouch(ctx context.Context, id oauth.ClientID) error {
	c, err := op.Client(ctx, id)
	if err != nil {
		return err
	}
	return op.needs(c.Scopes)
}

// RevokeClient revokes every code, access and refresh token of a client that was issued before a time, or whose grant
// was given before it; zero means now. Of two concurrent calls the later time wins.
func (op Operator) RevokeClient(ctx context.Context, id oauth.ClientID, before time.Time) error {
	return op.act(ctx, "client.revoke_tokens", string(id), func(ctx context.Context, d *record) error {
		before, err := op.past(before)
		if err != nil {
			return err
		}
		d.after = facts{"before": moment(before)}
		return op.revokeClient(ctx, id, before)
	})
}

func (op Operator) revokeClient(ctx context.Context, id oauth.ClientID, before time.Time) error {
	_, err := op.o.Registry.Change(ctx, id, func(c *oauth.Client) error {
		if c.NotBefore.Before(before) {
			c.NotBefore = before
		}
		return nil
	})
	if err != nil {
		return refusalOf(err, "client")
	}
	return op.o.Tokens.RevokeClient(ctx, op.Name, id, before)
}

// past checks the time of a revocation; zero means now.
func (a *Admin) past(before time.Time) (time.Time, error) {
	now := a.o.Now()
	switch {
	case before.IsZero():
		return now.Truncate(time.Millisecond).Add(time.Millisecond), nil // include this millisecond
	case before.After(now):
		return time.Time{}, oauth.Refuse(oauth.InvalidRequest, "before is in the future", nil).At("before")
	}
	return before, nil
}
