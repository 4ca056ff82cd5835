package signin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// ContinuationLife bounds the wait of a sign-in for its next step.
const ContinuationLife = 15 * time.Minute

const purposeContinuation = "sign-in"

// continuation is a State on its way through the browser.
type continuation struct {
	User    oauth.UserID `json:"u"`
	Proved  string       `json:"p"` // digest of the hash of the password that was right
	Methods []string     `json:"m"`
	Browser string       `json:"b"` // digest of the browser's cookie
	Until   int64        `json:"t"` // milliseconds
}

// Seal returns the text by which a browser continues a sign-in. Only that browser can use it, within
// ContinuationLife, and only while the user has the password that was proved.
func (s *SignIn) Seal(ctx context.Context, state State, browser oauth.Browser) (string, error) {
	plain, err := json.Marshal(continuation{
		User: state.Account.User.ID, Proved: provedBy(state.Account.Credentials), Methods: state.Methods, Browser: browser.Binding(),
		Until: s.o.Now().Add(ContinuationLife).UnixMilli(),
	})
	if err != nil {
		return "", err
	}
	sealed, err := s.o.Ring.SealText(purposeContinuation, plain)
	if err == nil && Next(state) == NewPassword {
		s.o.Events.Emit(ctx, event.PasswordChangeRequired{User: state.Account.User.ID})
	}
	return sealed, err
}

// Resume opens a text of Seal and returns the sign-in with the user as they are now. It refuses with
// StaleInteraction a text of another browser or of another server. It returns store.Absent when the sign-in is
// over: it waited longer than ContinuationLife, or the user was deleted, was disabled or has another password.
func (s *SignIn) Resume(ctx context.Context, sealed string, browser oauth.Browser) (State, error) {
	var c continuation
	plain, err := s.o.Ring.OpenText(purposeContinuation, sealed)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	switch {
	case err != nil || !browser.Owns(c.Browser):
		return State{}, oauth.Refuse(oauth.StaleInteraction, "this page belongs to another browser; sign in again", err)
	case s.o.Now().UnixMilli() > c.Until:
		return State{}, store.Absent
	}
	account, err := s.o.Directory.Account(ctx, c.User)
	switch {
	case err != nil:
		return State{}, err
	case account.User.Disabled || provedBy(account.Credentials) != c.Proved:
		return State{}, store.Absent
	}
	return State{Account: account, Methods: c.Methods}, nil
}

// provedBy names a password without revealing its hash.
func provedBy(c oauth.Credentials) string { return oauth.DigestOf(c.PasswordHash).Key() }
