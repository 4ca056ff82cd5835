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

// renew brings what is stored of a user who has just proved their password up to date: the hash to the
// scheme and cost of today and to the one form of the password, the name to its one form. It answers the
// user as they are stored now. What cannot be renewed stays: it is no reason to refuse the sign-in.
func (d *Directory) renew(ctx context.Context, user oauth.User, password string) oauth.User {
	ctx, release := commit.Begin(ctx)
	defer release()
	user = d.renewHash(ctx, user, password)
	return d.renewName(ctx, user)
}

func (d *Directory) renewHash(ctx context.Context, user oauth.User, password string) oauth.User {
	form, err := precis.Password(password)
	if err != nil {
		return user // it was set when passwords had no form, and cannot be hashed in one
	}
	if d.o.Hasher.Current(user.PasswordHash) {
		if form == password && len(precis.Spellings(password)) == 1 {
			return user
		}
		if right, err := d.o.Hasher.Verify(ctx, user.PasswordHash, form); err != nil || right {
			return user
		}
	}
	hash, err := d.o.Hasher.Hash(ctx, form)
	if err != nil {
		return user
	}
	_, after, err := d.Change(ctx, user.ID, func(u *oauth.User) error {
		if u.PasswordHash != user.PasswordHash {
			return store.Conflict
		}
		u.PasswordHash = hash
		return nil
	})
	if err == nil {
		return after
	}
	if !errors.Is(err, store.Conflict) {
		return user
	}
	// Another sign-in renewed it at the same time, or somebody set another password.
	now, err := d.Get(ctx, user.ID)
	if err != nil {
		return user
	}
	if right, err := d.o.Hasher.Verify(ctx, now.PasswordHash, form); err == nil && right {
		return now
	}
	return user
}

func (d *Directory) renewName(ctx context.Context, user oauth.User) oauth.User {
	name, err := precis.Name(user.Name)
	if err != nil || name == user.Name {
		return user
	}
	renamed := user
	renamed.Name, renamed.Updated = name, d.o.Now()
	if renamed.Revision, err = d.o.Store.Rename(ctx, renamed, user.Name); err != nil {
		return user // the name is another user's, who was stored in that form
	}
	return renamed
}
