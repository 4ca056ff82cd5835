package directory

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Verify gives the user to whom a name and a password belong. A refusal is access_denied and says
// the same whatever was wrong; the event tells operators the reason. When passwords are being
// checked faster than the machine can, the answer is "try again" (503) and not a refusal.
func (d *Directory) Verify(ctx context.Context, name, password string) (oauth.User, error) {
	if len(password) > oauth.MaxPassword {
		// Refused before any work, known and unknown names alike: hashing it is what the sender
		// wants.
		return oauth.User{}, d.failed(ctx, "", "password too long")
	}
	user, err := d.Find(ctx, name)
	known := !errors.Is(err, store.Absent) && user.PasswordHash != ""
	if err != nil && !errors.Is(err, store.Absent) {
		return oauth.User{}, err
	}
	if !known {
		if err := d.o.Hasher.VerifyNothing(ctx, password); err != nil {
			return oauth.User{}, oauth.Unavailable(err)
		}
		return oauth.User{}, d.failed(ctx, user.ID, "unknown user")
	}
	right, err := d.o.Hasher.Verify(ctx, user.PasswordHash, password)
	switch {
	case err != nil:
		return oauth.User{}, oauth.Unavailable(err)
	case !right:
		return oauth.User{}, d.failed(ctx, user.ID, "wrong password")
	case user.Disabled:
		return oauth.User{}, d.failed(ctx, user.ID, "disabled")
	}
	return user, nil
}

// Still tells whether what Verify found holds yet: the user is there, not disabled, and has the same
// password. Who begins something for the user asks again afterwards: whoever ends all that a user
// has can end only what is there already.
func (d *Directory) Still(ctx context.Context, verified oauth.User) (bool, error) {
	now, err := d.Get(ctx, verified.ID)
	switch {
	case errors.Is(err, store.Absent):
		return false, nil
	case err != nil:
		return false, err
	}
	return !now.Disabled && now.PasswordHash == verified.PasswordHash, nil
}

func (d *Directory) failed(ctx context.Context, user oauth.UserID, reason string) error {
	d.o.Events.Emit(ctx, event.LoginFailed{User: string(user), Reason: reason})
	return oauth.Refuse(oauth.AccessDenied, "the user name and the password do not go together", errors.New(reason))
}

// SetPassword gives a user a new password; store.Absent when there is no such user. Sessions and
// grants live on: who changes a password because it leaked ends them as well.
func (d *Directory) SetPassword(ctx context.Context, name, password string) error {
	if _, err := d.Find(ctx, name); err != nil {
		return err
	}
	hash, err := d.hash(ctx, password)
	if err != nil {
		return err
	}
	return d.change(ctx, name, func(u *oauth.User) { u.PasswordHash = hash })
}

func (d *Directory) hash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	hash, err := d.o.Hasher.Hash(ctx, password)
	if err != nil {
		return "", oauth.Unavailable(err)
	}
	return hash, nil
}

// CheckPassword tells whether a password may be set: 8 characters or more, 1024 bytes at most, and
// no rule about kinds of characters (NIST SP 800-63B §5.1.1.2).
func CheckPassword(password string) error {
	switch {
	case len(password) > oauth.MaxPassword:
		return oauth.Refuse(oauth.InvalidRequest, "the password is longer than 1024 bytes", nil)
	case !utf8.ValidString(password):
		return oauth.Refuse(oauth.InvalidRequest, "the password is not valid UTF-8", nil)
	case utf8.RuneCountInString(password) < oauth.MinPassword:
		return oauth.Refuse(oauth.InvalidRequest, "the password is shorter than 8 characters", nil)
	}
	return nil
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}
