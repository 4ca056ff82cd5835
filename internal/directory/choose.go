package directory

import (
	"context"
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// ErrSamePassword is the cause of a refusal to choose the password that one has already.
var ErrSamePassword = errors.New("the new password is the old one")

// CheckChoice refuses a password that a user cannot choose instead of theirs: as CheckPassword does, and with
// ErrSamePassword as the cause when it is the one they have.
func (d *Directory) CheckChoice(ctx context.Context, account oauth.Account, password string) error {
	if err := d.CheckPassword(account.User.Name, password); err != nil {
		return err
	}
	same, err := d.matches(ctx, account.Credentials.PasswordHash, password)
	switch {
	case err != nil:
		return err
	case same:
		return oauth.Refuse(oauth.InvalidRequest, "the new password is the one in use", ErrSamePassword)
	}
	return nil
}

// Choose replaces the password that a user proved by one that passed CheckChoice, and returns the user with it.
// MustChange is over then. Choose returns store.Conflict, and nothing has changed, when the user is disabled or
// has another password by now: of concurrent callers that proved one password, one succeeds. Sessions and grants
// are not touched: signin ends them.
func (d *Directory) Choose(ctx context.Context, proved oauth.Account, password string) (oauth.Account, error) {
	hash, err := d.hash(ctx, proved.User.Name, password)
	if err != nil {
		return oauth.Account{}, err
	}
	_, after, err := d.changePassword(ctx, proved.User.ID, func(a *oauth.Account) error {
		if a.User.Disabled || a.Credentials.PasswordHash != proved.Credentials.PasswordHash {
			return store.Conflict
		}
		a.Credentials.PasswordHash, a.User.MustChange = hash, false
		return nil
	})
	return after, err
}
