package signin

import (
	"context"
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const reasonPassword = "password changed"

// changePassword runs a change of a user's password and ends what the old one opened (I2). It is the only
// place that decides the order. The session keep survives a change that fails, and only such a one: somebody may
// hold a copy of its cookie.
func (s *SignIn) changePassword(ctx context.Context, user oauth.UserID, keep oauth.SessionRef, change func(context.Context) error) error {
	return s.o.Sessions.EndAllAround(ctx, user, keep, reasonPassword, change)
}

// Choose sets the password that a person chose at the step NewPassword, signs them out everywhere else, and
// begins their session. It refuses a password that cannot be chosen with invalid_request and
// directory.ErrSamePassword, ErrCommon, ErrContext or ErrForm as the cause; nothing has changed then. It refuses
// with access_denied a sign-in that is over: of two concurrent callers with one State, one gets what they chose.
func (s *SignIn) Choose(ctx context.Context, state State, fresh string, earlier oauth.Token) (oauth.Token, error) {
	if Next(state) != NewPassword {
		return "", lost()
	}
	if err := s.o.Directory.CheckChoice(ctx, state.Account, fresh); err != nil {
		return "", err
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	state, err := s.choose(ctx, state, "", fresh)
	if err != nil {
		return "", err
	}
	return s.Begin(ctx, state, earlier)
}

// ChangePassword sets another password for the person of a session, signs them out everywhere else, ends every
// grant, and begins a new session in their browser. It refuses a wrong current password as Password does, and a
// new one that cannot be chosen as Choose does; nothing has changed then. The cookie is empty when the password
// changed and an operator took the right to sign in away at the same moment.
func (s *SignIn) ChangePassword(ctx context.Context, person oauth.Session, current, fresh string) (oauth.Token, error) {
	// Before the current password is checked, because a failed check counts against the user.
	if err := s.o.Directory.CheckPassword(person.Username, fresh); err != nil {
		return "", err
	}
	state, err := s.Password(ctx, person.Username, current)
	if err != nil {
		return "", err
	}
	if state.Account.User.ID != person.User { // the name went to another user
		return "", oauth.Unavailable(store.Conflict)
	}
	if err := s.o.Directory.CheckChoice(ctx, state.Account, fresh); err != nil {
		return "", err
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	if state, err = s.choose(ctx, state, person.Ref, fresh); err != nil {
		return "", err
	}
	cookie, err := s.Begin(ctx, state, "")
	if err != nil && oauth.AsError(err).Code == oauth.AccessDenied {
		return "", nil
	}
	return cookie, err
}

// choose replaces the password that was proved.
func (s *SignIn) choose(ctx context.Context, state State, keep oauth.SessionRef, fresh string) (State, error) {
	var chosen oauth.Account
	err := s.changePassword(ctx, state.Account.User.ID, keep, func(ctx context.Context) (err error) {
		chosen, err = s.o.Directory.Choose(ctx, state.Account, fresh)
		return err
	})
	switch {
	case errors.Is(err, store.Conflict) || errors.Is(err, store.Absent): // it was changed a moment ago
		return State{}, lost()
	case err != nil:
		return State{}, err
	}
	return State{Account: chosen, Methods: state.Methods}, nil
}

// SetPassword sets a user's password to an operator's choice and ends every session and grant that the old one
// opened. With once the user has to choose another one at the next sign-in. It returns the user before and after;
// both are set as soon as the password has changed, also with an error of the ending behind it. It returns
// store.Absent when there is no such user. It can be repeated.
func (s *SignIn) SetPassword(ctx context.Context, user oauth.User, password string, once bool) (before, after oauth.User, err error) {
	if err := s.o.Directory.CheckPassword(user.Name, password); err != nil {
		return oauth.User{}, oauth.User{}, err
	}
	err = s.changePassword(ctx, user.ID, "", func(ctx context.Context) (err error) {
		before, after, err = s.o.Directory.SetPassword(ctx, user.ID, password, once)
		return err
	})
	return before, after, err
}
