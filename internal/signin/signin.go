package signin

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options are the parts of a SignIn; every field is needed.
type Options struct {
	Directory *directory.Directory
	Sessions  *session.Sessions
	Ring      *keyring.Ring // seals the sign-ins that wait for another step
	Events    event.Sink
	Now       func() time.Time
}

// SignIn carries out the steps of a sign-in. It is safe for concurrent use.
type SignIn struct{ o Options }

// New returns a SignIn.
func New(o Options) *SignIn { return &SignIn{o: o} }

// Begin starts the session of a sign-in whose next step is Session and returns its cookie. The cookie is always
// new, so that nobody can choose it beforehand (RFC 9700 §4.7). The session of the earlier cookie that the browser
// sent ends; what the same user allowed in that browser lives on.
//
// Begin refuses with access_denied, and no session is left, when another step is due, or when the user was
// disabled, deleted or got another password meanwhile.
func (s *SignIn) Begin(ctx context.Context, state State, earlier oauth.Token) (oauth.Token, error) {
	if Next(state) != Session { // I1
		return "", lost()
	}
	before, found, err := s.sessionOf(ctx, earlier)
	if err != nil {
		return "", err
	}
	var root oauth.RootTag
	if found && before.User == state.Account.User.ID {
		root = before.Root
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	cookie, started, err := s.o.Sessions.Start(ctx, state.Account.User, state.proof(), root)
	if err != nil {
		return "", err
	}
	// I3: a change that ends all that the user has can end only what exists already. A session that began
	// meanwhile must see the change itself.
	still, err := s.o.Directory.Still(ctx, state.Account)
	if err == nil && !still {
		err = lost()
	}
	if err != nil {
		return "", errors.Join(s.o.Sessions.End(ctx, started, session.ReasonRefused), err)
	}
	if found {
		if err := s.o.Sessions.Replace(ctx, before, started); err != nil {
			return "", err
		}
	}
	return cookie, nil
}

func (s *SignIn) sessionOf(ctx context.Context, cookie oauth.Token) (oauth.Session, bool, error) {
	found, err := s.o.Sessions.Find(ctx, cookie)
	if errors.Is(err, store.Absent) {
		return oauth.Session{}, false, nil
	}
	return found, err == nil, err
}

// lost is the refusal of a sign-in that was right when it began.
func lost() error {
	return oauth.Refuse(oauth.AccessDenied, "the sign-in is not valid any more; sign in again", nil)
}
