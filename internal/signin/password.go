package signin

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Password proves the first factor: a user name and a password. It refuses as directory.Verify does: with
// access_denied for a wrong pair, and with slow_down (429) after too many of them.
func (s *SignIn) Password(ctx context.Context, name, password string) (State, error) {
	account, err := s.o.Directory.Verify(ctx, name, password)
	if err != nil {
		return State{}, err
	}
	return State{Account: account, Methods: []string{oauth.AMRPassword}}, nil
}
