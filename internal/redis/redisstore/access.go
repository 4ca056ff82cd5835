package redisstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Access implements store.Access.
//
// The record of a token holds only values that its grant does not have. For a token of a user, the subject, user name,
// session, time and class of the sign-in are read from its grant, in the same round trip.
type Access struct {
	db    *redisconn.DB
	names names

	put, drop, deny, denyClient *redisconn.Script
}

// NewAccess returns the store of access tokens.
func NewAccess(db *redisconn.DB) *Access {
	script := scripts(db)
	a := &Access{
		db: db, names: namesOf(db),
		put: script("access_put"), drop: ending(script("access_drop")),
		deny: ending(script("token_deny")), denyClient: ending(script("client_deny")),
	}
	return a
}

// tokenArgs is room for the arguments of access_put.lua.
const tokenArgs = 16

// Put implements store.Access.
func (a *Access) Put(ctx context.Context, token oauth.Access, now time.Time) error {
	r := newRecord(tokenArgs)
	r.addNumber(until(token.Expires, now))
	r.text("client", string(token.Client))
	if !token.OfUser() && token.Subject != string(token.Client) {
		r.text("sub", token.Subject)
	}
	r.text("scope", token.Scope.String())
	r.list("aud", token.Audience)
	r.text("grant", string(token.Grant))
	if !token.OfUser() {
		r.grantType(token.GrantType, oauth.GrantClientCredentials)
	}
	r.text("cnf", token.Binding.Stored())
	r.millis("iat", token.Issued)
	r.millis("exp", token.Expires)
	answer, err := a.db.Write(ctx, "access.put", a.put, []string{a.names.accessToken(token.Digest, token.Grant)}, r.args...)
	if err != nil {
		return err
	}
	n, err := count(answer)
	if err == nil && n < 0 {
		err = store.Conflict
	}
	return err
}

// Look implements store.Access.
func (a *Access) Look(ctx context.Context, q store.Query) (store.Standing, error) {
	client := redis.NewStringCmd(ctx, "get", a.names.revokedClient(q.Client))
	cmds := []redis.Cmder{client}
	var token, grant *redis.StringSliceCmd
	var revocation *redis.SliceCmd
	var denied *redis.IntCmd
	if q.Format == oauth.FormatJWT {
		denied = redis.NewIntCmd(ctx, "exists", a.names.revokedToken(q.Digest))
		cmds = append(cmds, denied)
	} else {
		token = hgetall(ctx, a.names.accessToken(q.Digest, q.Grant))
		cmds = append(cmds, token)
	}
	if q.Grant != "" {
		grant = hgetall(ctx, a.names.grant(q.Grant))
		revocation = a.names.revocationOf(ctx, q.Grant, q.Client)
		cmds = append(cmds, grant, revocation)
	}
	if err := a.db.Read(ctx, "access.look", cmds...); err != nil {
		return store.Standing{}, err
	}
	s, err := standing(q, token, grant, denied, client)
	if err != nil || !s.GrantFound {
		return s, err
	}
	r, err := decodeRevocation(revocation)
	if err == nil && r.EndsGrant(s.Grant) {
		s.Grant, s.GrantFound = oauth.Grant{}, false
	}
	return s, err
}

func standing(
	q store.Query, token, grant *redis.StringSliceCmd, denied *redis.IntCmd, client *redis.StringCmd,
) (store.Standing, error) {
	var s store.Standing
	var err error
	if grant != nil && len(grant.Val()) > 0 {
		s.GrantFound = true
		if s.Grant, err = decodeGrant(q.Grant, &stored{pairs: grant.Val()}); err != nil {
			return store.Standing{}, err
		}
	}
	if token != nil && len(token.Val()) > 0 {
		record := &stored{pairs: token.Val()}
		s.Revoked = record.text("revoked") != ""
		s.Found = !s.Revoked
		if s.Access, err = decodeAccess(q.Digest, record, s.Grant); err != nil {
			return store.Standing{}, err
		}
	}
	s.Revoked = s.Revoked || denied != nil && denied.Val() > 0
	if errors.Is(client.Err(), redis.Nil) {
		return s, nil
	}
	before, err := strconv.ParseInt(client.Val(), 10, 64)
	if err != nil {
		return store.Standing{}, errors.New("redisstore: a client's revocation cannot be read")
	}
	s.ClientBefore = time.UnixMilli(before).UTC()
	return s, nil
}

func decodeAccess(digest oauth.Digest, s *stored, g oauth.Grant) (oauth.Access, error) {
	token := oauth.Access{
		Digest:   digest,
		Client:   oauth.ClientID(s.text("client")),
		Subject:  s.text("sub"),
		Scope:    scopesOf(s.text("scope")),
		Audience: s.list("aud"),
		Grant:    oauth.GrantRef(s.text("grant")),
		Binding:  s.binding("cnf"),
		Issued:   s.millis("iat"),
		Expires:  s.millis("exp"),
	}
	if !token.OfUser() {
		token.GrantType = s.grantType(oauth.GrantClientCredentials)
	}
	switch {
	case token.OfUser():
		token.Subject, token.Username, token.GrantType = string(g.User), g.Username, g.Type
		token.AuthTime, token.ACR, token.AMR = g.AuthTime, g.ACR, g.AMR
	case token.Subject == "":
		token.Subject = string(token.Client)
	}
	return token, s.err
}

// Revoke implements store.Access.
func (a *Access) Revoke(ctx context.Context, q store.Query, expires, now time.Time) error {
	if q.Format == oauth.FormatJWT {
		_, err := a.db.Write(ctx, "access.revoke", a.deny, []string{a.names.revokedToken(q.Digest)}, until(expires, now))
		return err
	}
	_, err := a.db.Write(ctx, "access.revoke", a.drop, []string{a.names.accessToken(q.Digest, q.Grant)})
	return err
}

// RevokeClient implements store.Access.
func (a *Access) RevokeClient(ctx context.Context, client oauth.ClientID, before time.Time, keep time.Duration) error {
	_, err := a.db.Write(ctx, "access.revoke_client", a.denyClient,
		[]string{a.names.revokedClient(store.TagOf(client))}, before.UnixMilli(), keep.Milliseconds())
	return err
}
