package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
	"golang.org/x/oauth2"
)

// lockLogin keeps every other command of this user from changing the stored login until unlock is called. The
// operating system releases the lock of a process that ends.
func (s *shared) lockLogin() (unlock func(), err error) {
	name, err := s.loginFile()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return lockedfile.MutexAt(name + ".lock").Lock()
}

// refresh spends the refresh token of a person and stores its successor. A refresh token that is shown a second
// time ends the grant, so of any number of commands at once one refreshes, and the others use what it stored.
func (s *shared) refresh(ctx context.Context, id identity, ends endpoints, secret string) (*oauth2.Token, error) {
	unlock, err := s.lockLogin()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if id.fromFile {
		saved, err := s.savedLogin()
		switch {
		case err != nil:
			return nil, err
		case saved.Refresh == "" || saved.Issuer != id.Issuer || saved.ClientID != id.ClientID:
			return nil, &problem{code: exitRefused, hint: "oauth2d login", err: errors.New("the login was ended or replaced by another command")}
		case saved.Refresh != id.Refresh:
			id.Access, id.Refresh, id.Expires = saved.Access, saved.Refresh, saved.Expires
			if stored := id.stored(); stored.Valid() {
				return stored, nil
			}
		}
	}
	got, err := tokenOf(ends.client(id.ClientID, secret).TokenSource(ctx, &oauth2.Token{RefreshToken: id.Refresh}).Token())
	if err != nil {
		return nil, err
	}
	id.Access, id.Refresh, id.Expires = got.AccessToken, got.RefreshToken, got.Expiry
	_, err = s.saveLogin(id)
	return got, err
}

// stored is the token that a login keeps.
func (id identity) stored() *oauth2.Token {
	return &oauth2.Token{AccessToken: id.Access, RefreshToken: id.Refresh, Expiry: id.Expires}
}
