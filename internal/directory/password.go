package directory

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/precis"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Verify returns the account to which a name and a password belong. It refuses with access_denied, in the same words
// whatever was wrong; the event holds the reason. After too many refusals it refuses with slow_down (429), for known
// and unknown names alike and whatever the password, until time or an operator unlocks the name. Beyond what the
// machine can hash, Verify returns temporarily_unavailable (503), which does not count against the name.
func (d *Directory) Verify(ctx context.Context, name, password string) (oauth.Account, error) {
	if len(password) > oauth.MaxPassword {
		// Refuse before any work, for known and unknown names alike: a long password is an attack on the processor.
		return oauth.Account{}, d.failed(ctx, "", "password too long")
	}
	attempt, err := d.o.Guard.Begin(ctx, guessedAt(name))
	if err != nil {
		return oauth.Account{}, err
	}
	account, reason, err := d.check(ctx, name, password)
	switch {
	case err != nil:
		attempt.Cancel(ctx)
		return oauth.Account{}, err
	case reason != "":
		refusal := d.failed(ctx, account.User.ID, reason)
		attempt.Failed(ctx, event.LockedOut{User: account.User.ID})
		return oauth.Account{}, refusal
	}
	attempt.Passed(ctx)
	return d.renew(ctx, account, password), nil
}

// guessedAt returns the name by which wrong passwords are counted: the name that was typed, in the one form of its
// spellings. It is not the id of a user, because then a lock would reveal whether there is such a user.
func guessedAt(name string) string {
	if form, err := precis.Name(name); err == nil {
		name = form
	}
	return oauth.FoldName(strings.TrimSpace(name))
}

// check returns the account of a name, and why the password is refused, or "".
func (d *Directory) check(ctx context.Context, name, password string) (oauth.Account, string, error) {
	account, err := byName(ctx, d, name, d.o.Store.Account)
	if err != nil && !errors.Is(err, store.Absent) {
		return oauth.Account{}, "", err
	}
	if err != nil || account.Credentials.PasswordHash == "" {
		for range precis.Spellings(password) {
			if err := d.o.Hasher.VerifyNothing(ctx, password); err != nil {
				return oauth.Account{}, "", oauth.Unavailable(err)
			}
		}
		return account, "unknown user", nil
	}
	right, err := d.matches(ctx, account.Credentials.PasswordHash, password)
	switch {
	case err != nil:
		return oauth.Account{}, "", err
	case !right:
		return account, "wrong password", nil
	case account.User.Disabled:
		return account, "disabled", nil
	}
	return account, "", nil
}

// Unlock forgets the wrong passwords that were tried with a user's name; store.Absent when there is no
// such user. It can be repeated.
func (d *Directory) Unlock(ctx context.Context, name string) error {
	if _, err := d.Find(ctx, name); err != nil {
		return err
	}
	return d.o.Guard.Unlock(ctx, guessedAt(name))
}

// LockedUntil returns the time until which a name is locked after too many wrong passwords; zero when it is not.
func (d *Directory) LockedUntil(ctx context.Context, name string) (time.Time, error) {
	return d.o.Guard.Locked(ctx, guessedAt(name))
}

// Still reports whether what Verify found holds yet: the user is there, not disabled, and has the same
// password, which they need not change. A caller that begins something for the user must call it again afterwards:
// an operator who ends everything of a user ends only what exists already.
func (d *Directory) Still(ctx context.Context, verified oauth.Account) (bool, error) {
	now, err := d.Account(ctx, verified.User.ID)
	switch {
	case errors.Is(err, store.Absent):
		return false, nil
	case err != nil:
		return false, err
	}
	return !now.User.Disabled && !now.User.MustChange && now.Credentials.PasswordHash == verified.Credentials.PasswordHash, nil
}

func (d *Directory) failed(ctx context.Context, user oauth.UserID, reason string) error {
	d.o.Events.Emit(ctx, event.LoginFailed{User: user, Reason: reason, Outcome: event.Failed})
	return oauth.Refuse(oauth.AccessDenied, "wrong user name or password", errors.New(reason)).Recorded()
}

// SetPassword sets a user's password to an operator's choice; with once they have to choose another one
// when they sign in next. It returns the user before and after; store.Absent when there is none.
// Sessions and grants live on: signin ends them.
func (d *Directory) SetPassword(ctx context.Context, id oauth.UserID, password string, once bool) (before, after oauth.User, err error) {
	user, err := d.Get(ctx, id)
	if err != nil {
		return oauth.User{}, oauth.User{}, err
	}
	hash, err := d.hash(ctx, user.Name, password)
	if err != nil {
		return oauth.User{}, oauth.User{}, err
	}
	was, is, err := d.changePassword(ctx, id, func(a *oauth.Account) error {
		a.Credentials.PasswordHash, a.User.MustChange = hash, once
		return nil
	})
	return was.User, is.User, err
}

// changePassword changes a user's password by edit, and emits the outcome.
func (d *Directory) changePassword(ctx context.Context, id oauth.UserID, edit func(*oauth.Account) error) (before, after oauth.Account, err error) {
	ctx, release := commit.Begin(ctx)
	defer release()
	before, after, err = d.changeAccount(ctx, id, edit)
	outcome := commit.OutcomeOf(err)
	if errors.Is(err, store.Conflict) || errors.Is(err, store.Absent) {
		outcome = event.Failed
	}
	d.o.Events.Emit(ctx, event.PasswordChanged{User: id, Outcome: outcome})
	return before, after, err
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}
