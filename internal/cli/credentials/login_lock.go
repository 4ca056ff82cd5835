package credentials

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// lockLogin excludes every other command of this user from changing the stored login until unlock is called. The
// operating system releases the lock when the process ends.
func (s *Store) lockLogin() (unlock func(), err error) {
	name, err := s.loginFile()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return lockedfile.MutexAt(name + ".lock").Lock()
}

// refresh spends the refresh token of a person and stores its successor. A refresh token that is used twice revokes the
// grant, so of any number of concurrent commands exactly one refreshes, and the others use the token that it stored.
func (s *Store) refresh(ctx context.Context, id Identity, ends Endpoints, own secret.Text) (*oauth2.Token, error) {
	unlock, err := s.lockLogin()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if id.fromFile {
		saved, err := s.Saved()
		switch {
		case err != nil:
			return nil, err
		case saved.Refresh == "" || saved.Issuer != id.Issuer || saved.ClientID != id.ClientID:
			return nil, &exit.Error{Code: exit.Refused, Hint: "oauth2d login", Err: errors.New("the login was ended or replaced by another command")}
		case saved.Refresh != id.Refresh:
			id.Access, id.Refresh, id.Expires = saved.Access, saved.Refresh, saved.Expires
			if stored := id.stored(); stored.Valid() {
				return stored, nil
			}
		}
	}
	got, err := tokenOf(ends.client(id.ClientID, own).TokenSource(ctx, &oauth2.Token{RefreshToken: id.Refresh.Reveal()}).Token())
	if err != nil {
		return nil, err
	}
	id.Access, id.Refresh, id.Expires = secret.Text(got.AccessToken), secret.Text(got.RefreshToken), got.Expiry
	_, err = s.Save(id)
	return got, err
}

// stored returns the tokens of a login.
func (id Identity) stored() *oauth2.Token {
	return &oauth2.Token{AccessToken: id.Access.Reveal(), RefreshToken: id.Refresh.Reveal(), Expiry: id.Expires}
}
