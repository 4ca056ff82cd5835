package directory

import (
	"context"
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/precis"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// matches reports whether a hash is that of a password, in any of the spellings under which it may have been
// hashed. The error means that nothing is known.
func (d *Directory) matches(ctx context.Context, hash, password string) (bool, error) {
	for _, spelling := range precis.Spellings(password) {
		right, err := d.o.Hasher.Verify(ctx, hash, spelling)
		if err != nil {
			return false, oauth.Unavailable(err)
		}
		if right {
			return true, nil
		}
	}
	return false, nil
}

// renew brings the record of a user who has just proved their password up to date: the hash to the scheme and cost of
// today and to the one form of the password, the name to its one form. It returns the account as it is stored now. A
// sign-in succeeds although its record cannot be renewed.
func (d *Directory) renew(ctx context.Context, account oauth.Account, password string) oauth.Account {
	ctx, release := commit.Begin(ctx)
	defer release()
	account = d.renewHash(ctx, account, password)
	return d.renewName(ctx, account)
}

func (d *Directory) renewHash(ctx context.Context, account oauth.Account, password string) oauth.Account {
	form, err := precis.Password(password)
	if err != nil {
		return account // it was set when passwords had no form, and cannot be hashed in one
	}
	stored := account.Credentials.PasswordHash
	if d.o.Hasher.Current(stored) {
		if form == password && len(precis.Spellings(password)) == 1 {
			return account
		}
		if right, err := d.o.Hasher.Verify(ctx, stored, form); err != nil || right {
			return account
		}
	}
	hash, err := d.o.Hasher.Hash(ctx, form)
	if err != nil {
		return account
	}
	_, after, err := d.changeAccount(ctx, account.User.ID, func(a *oauth.Account) error {
		if a.Credentials.PasswordHash != stored {
			return store.Conflict
		}
		a.Credentials.PasswordHash = hash
		return nil
	})
	if err == nil {
		return after
	}
	if !errors.Is(err, store.Conflict) {
		return account
	}
	// Another sign-in renewed it at the same time, or somebody set another password.
	now, err := d.Account(ctx, account.User.ID)
	if err != nil {
		return account
	}
	if right, err := d.o.Hasher.Verify(ctx, now.Credentials.PasswordHash, form); err == nil && right {
		return now
	}
	return account
}

func (d *Directory) renewName(ctx context.Context, account oauth.Account) oauth.Account {
	name, err := precis.Name(account.User.Name)
	if err != nil || name == account.User.Name {
		return account
	}
	renamed := account
	renamed.User.Name, renamed.User.Updated = name, d.o.Now()
	if renamed.User.Revision, err = d.o.Store.Rename(ctx, renamed, account.User.Name); err != nil {
		return account // the name is another user's, who was stored in that form
	}
	return renamed
}
