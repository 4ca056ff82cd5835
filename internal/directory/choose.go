package directory

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// ChoiceLife is how long somebody whose sign-in waits for a new password may take to choose one.
const ChoiceLife = 15 * time.Minute

const choicePurpose = "password choice"

// ErrSamePassword is the cause of a refusal to choose the password that one has already.
var ErrSamePassword = errors.New("the new password is the old one")

// choice is a sign-in that waits for a new password, on its way through the browser.
type choice struct {
	User    oauth.UserID `json:"u"`
	Proved  string       `json:"p"` // digest of the hash of the password that was right
	Browser string       `json:"b"` // digest of the browser's cookie
	Until   int64        `json:"t"` // milliseconds
}

// LetChoose makes the text by which a browser comes back with a new password for the user whom Verify
// found there. Only that browser can use it, within ChoiceLife, and until the user has another password.
func (d *Directory) LetChoose(ctx context.Context, verified oauth.User, browser oauth.Browser) (string, error) {
	plain, err := json.Marshal(choice{
		User: verified.ID, Proved: oauth.DigestOf(verified.PasswordHash).Key(), Browser: browser.Binding(),
		Until: d.o.Now().Add(ChoiceLife).UnixMilli(),
	})
	if err != nil {
		return "", err
	}
	sealed, err := d.o.Ring.SealText(choicePurpose, plain)
	if err == nil {
		d.o.Events.Emit(ctx, event.PasswordChangeRequired{User: verified.ID})
	}
	return sealed, err
}

// Chooser opens a text of LetChoose: the user as they are now. It is StaleInteraction for one of
// another browser or not ours, and store.Absent when nobody may choose by it any more: they did, took longer than
// ChoiceLife, their password was changed by others, or they may not sign in.
func (d *Directory) Chooser(ctx context.Context, sealed string, browser oauth.Browser) (oauth.User, error) {
	var c choice
	plain, err := d.o.Ring.OpenText(choicePurpose, sealed)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	switch {
	case err != nil || !browser.Owns(c.Browser):
		return oauth.User{}, oauth.Refuse(oauth.StaleInteraction, "this page belongs to another browser; sign in again", err)
	case d.o.Now().UnixMilli() > c.Until:
		return oauth.User{}, store.Absent
	}
	user, err := d.Get(ctx, c.User)
	switch {
	case err != nil:
		return oauth.User{}, err
	case user.Disabled || !user.MustChange || oauth.DigestOf(user.PasswordHash).Key() != c.Proved:
		return oauth.User{}, store.Absent
	}
	return user, nil
}

// CheckChoice tells whether a user may choose a password instead of theirs: as CheckPassword does, and
// with ErrSamePassword as the cause when it is the one they have.
func (d *Directory) CheckChoice(ctx context.Context, user oauth.User, password string) error {
	if err := d.CheckPassword(user.Name, password); err != nil {
		return err
	}
	same, err := d.matches(ctx, user.PasswordHash, password)
	switch {
	case err != nil:
		return err
	case same:
		return oauth.Refuse(oauth.InvalidRequest, "the new password is the one in use", ErrSamePassword)
	}
	return nil
}

// Choose gives a user the password that they chose and that passed CheckChoice, and answers the user
// with it; they need not change it. It is store.Conflict, and nothing has changed, when the user is
// disabled or does not have the password any more that they proved.
func (d *Directory) Choose(ctx context.Context, proved oauth.User, password string) (oauth.User, error) {
	hash, err := d.hash(ctx, proved.Name, password)
	if err != nil {
		return oauth.User{}, err
	}
	_, after, err := d.putPassword(ctx, proved.ID, func(u *oauth.User) error {
		if u.Disabled || u.PasswordHash != proved.PasswordHash {
			return store.Conflict
		}
		u.PasswordHash, u.MustChange = hash, false
		return nil
	})
	return after, err
}
