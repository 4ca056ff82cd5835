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

// Verify returns the user to whom a name and a password belong. A refusal is access_denied and says
// the same whatever was wrong; the event tells operators the reason. After too many of them it is
// slow_down (429), for known and unknown names alike and whatever the password, until time or an
// operator unlocks the name. When passwords are being checked faster than the machine can, the answer
// is "try again" (503) and not a refusal.
func (d *Directory) Verify(ctx context.Context, name, password string) (oauth.User, error) {
	if len(password) > oauth.MaxPassword {
		// Refused before any work, known and unknown names alike: hashing it is what the sender
		// wants.
		return oauth.User{}, d.failed(ctx, "", "password too long")
	}
	attempt, err := d.o.Guard.Begin(ctx, guessedAt(name))
	if err != nil {
		return oauth.User{}, err
	}
	user, reason, err := d.judge(ctx, name, password)
	switch {
	case err != nil:
		attempt.Cancel(ctx)
		return oauth.User{}, err
	case reason != "":
		refusal := d.failed(ctx, user.ID, reason)
		attempt.Failed(ctx, event.LockedOut{User: user.ID})
		return oauth.User{}, refusal
	}
	attempt.Passed(ctx)
	return d.renew(ctx, user, password), nil
}

// guessedAt is what wrong passwords are counted by: the name that was typed, in the one form of its
// spellings, and not the user, so that nobody learns from a lock whether there is one.
func guessedAt(name string) string {
	if form, err := precis.Name(name); err == nil {
		name = form
	}
	return oauth.FoldName(strings.TrimSpace(name))
}

// judge says why the password is refused, or "".
func (d *Directory) judge(ctx context.Context, name, password string) (oauth.User, string, error) {
	user, err := d.Find(ctx, name)
	if err != nil && !errors.Is(err, store.Absent) {
		return oauth.User{}, "", err
	}
	if err != nil || user.PasswordHash == "" {
		for range precis.Spellings(password) {
			if err := d.o.Hasher.VerifyNothing(ctx, password); err != nil {
				return oauth.User{}, "", oauth.Unavailable(err)
			}
		}
		return user, "unknown user", nil
	}
	right, err := d.matches(ctx, user.PasswordHash, password)
	switch {
	case err != nil:
		return oauth.User{}, "", err
	case !right:
		return user, "wrong password", nil
	case user.Disabled:
		return user, "disabled", nil
	}
	return user, "", nil
}

// Unlock forgets the wrong passwords that were tried with a user's name; store.Absent when there is no
// such user. It can be repeated.
func (d *Directory) Unlock(ctx context.Context, name string) error {
	if _, err := d.Find(ctx, name); err != nil {
		return err
	}
	return d.o.Guard.Unlock(ctx, guessedAt(name))
}

// LockedUntil tells until when a name is locked after too many wrong passwords; zero when it is not.
func (d *Directory) LockedUntil(ctx context.Context, name string) (time.Time, error) {
	return d.o.Guard.Locked(ctx, guessedAt(name))
}

// Still reports whether what Verify found holds yet: the user is there, not disabled, and has the same
// password, which they need not change. Who begins something for the user asks again afterwards:
// whoever ends all that a user has can end only what is there already.
func (d *Directory) Still(ctx context.Context, verified oauth.User) (bool, error) {
	now, err := d.Get(ctx, verified.ID)
	switch {
	case errors.Is(err, store.Absent):
		return false, nil
	case err != nil:
		return false, err
	}
	return !now.Disabled && !now.MustChange && now.PasswordHash == verified.PasswordHash, nil
}

func (d *Directory) failed(ctx context.Context, user oauth.UserID, reason string) error {
	d.o.Events.Emit(ctx, event.LoginFailed{User: user, Reason: reason, Outcome: event.Failed})
	return oauth.Refuse(oauth.AccessDenied, "the user name and the password do not go together", errors.New(reason)).Recorded()
}

// SetPassword sets a user's password to an operator's choice; with once they have to choose another one
// when they sign in next. It answers the user before and after; store.Absent when there is none.
// Sessions and grants live on: who changes a password because it leaked ends them as well.
func (d *Directory) SetPassword(ctx context.Context, id oauth.UserID, password string, once bool) (before, after oauth.User, err error) {
	user, err := d.Get(ctx, id)
	if err != nil {
		return oauth.User{}, oauth.User{}, err
	}
	hash, err := d.hash(ctx, user.Name, password)
	if err != nil {
		return oauth.User{}, oauth.User{}, err
	}
	return d.putPassword(ctx, id, func(u *oauth.User) error {
		u.PasswordHash, u.MustChange = hash, once
		return nil
	})
}

// putPassword changes a user's password by edit, and records how that came out.
func (d *Directory) putPassword(ctx context.Context, id oauth.UserID, edit func(*oauth.User) error) (before, after oauth.User, err error) {
	ctx, release := commit.Begin(ctx)
	defer release()
	before, after, err = d.Change(ctx, id, edit)
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
