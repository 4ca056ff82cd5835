package redisstore

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Users implements store.Users. A user, their credentials, the claim of the name and the list of all ids change in
// one step.
type Users struct {
	db    *redisconn.DB
	names names

	put, rename, drop *redisconn.Script
}

// NewUsers returns the store of users.
func NewUsers(db *redisconn.DB) *Users {
	script := scripts(db)
	u := &Users{db: db, names: namesOf(db), put: script("user_put"), rename: script("user_rename"), drop: script("user_delete")}
	return u
}

func (u *Users) keys(id oauth.UserID, name string) []string {
	return []string{u.names.user(id), u.names.username(name), u.names.users(), u.names.credentials(id)}
}

// Get implements store.Users.
func (u *Users) Get(ctx context.Context, id oauth.UserID) (oauth.User, error) {
	return u.read(ctx, "users.get", id)
}

func (u *Users) read(ctx context.Context, verb string, id oauth.UserID) (oauth.User, error) {
	cmd := hgetall(ctx, u.names.user(id))
	if err := u.db.Read(ctx, verb, cmd); err != nil {
		return oauth.User{}, err
	}
	if len(cmd.Val()) == 0 {
		return oauth.User{}, store.Absent
	}
	return decodeUser(id, &stored{pairs: cmd.Val()})
}

// Account implements store.Users. The two commands are not one instant, so their order matters. The user first: a
// change in between then leaves credentials of a later revision, which the contract allows. The other way round, a
// record of an earlier release that moves in between would be read as a user without a password.
func (u *Users) Account(ctx context.Context, id oauth.UserID) (oauth.Account, error) {
	user := hgetall(ctx, u.names.user(id))
	credentials := hgetall(ctx, u.names.credentials(id))
	if err := u.db.Read(ctx, "users.account", user, credentials); err != nil {
		return oauth.Account{}, err
	}
	if len(user.Val()) == 0 {
		return oauth.Account{}, store.Absent
	}
	return decodeAccount(id, &stored{pairs: user.Val()}, &stored{pairs: credentials.Val()})
}

// Find implements store.Users.
func (u *Users) Find(ctx context.Context, name string) (oauth.UserID, error) {
	cmd := redis.NewStringCmd(ctx, "get", u.names.username(name))
	if err := u.db.Read(ctx, "users.find", cmd); err != nil {
		return "", err
	}
	if errors.Is(cmd.Err(), redis.Nil) {
		return "", store.Absent
	}
	return oauth.UserID(cmd.Val()), nil
}

// Put implements store.Users.
func (u *Users) Put(ctx context.Context, a oauth.Account) (uint64, error) {
	return u.store(ctx, "users.put", u.put, u.keys(a.User.ID, a.User.Name), a)
}

// Rename implements store.Users.
func (u *Users) Rename(ctx context.Context, a oauth.Account, old string) (uint64, error) {
	return u.store(ctx, "users.rename", u.rename, append(u.keys(a.User.ID, a.User.Name), u.names.username(old)), a)
}

// store writes an account by a script that returns the new revision, or 0.
func (u *Users) store(ctx context.Context, verb string, by *redisconn.Script, keys []string, a oauth.Account) (uint64, error) {
	r := newRecord(accountArgs)
	r.add(string(a.User.ID), strconv.FormatUint(a.User.Revision, 10), a.Credentials.PasswordHash)
	r.user(a.User)
	answer, err := u.db.Write(ctx, verb, by, keys, r.args...)
	if err != nil {
		return 0, err
	}
	return revision(answer)
}

// deleteTries bounds how often a deletion reads the name again because a concurrent Rename changed it.
const deleteTries = 3

// Delete implements store.Users. It reads the name first, because the caller of a script must name every key.
func (u *Users) Delete(ctx context.Context, id oauth.UserID) error {
	for range deleteTries {
		user, err := u.read(ctx, "users.delete", id)
		if err != nil {
			return err
		}
		answer, err := u.db.Write(ctx, "users.delete", u.drop, u.keys(id, user.Name), string(id), user.Name)
		if err != nil {
			return err
		}
		if answer != int64(-1) {
			return absentWhenZero(answer)
		}
	}
	return store.Conflict
}

// List implements store.Users.
func (u *Users) List(ctx context.Context, after oauth.UserID, limit int) ([]oauth.UserID, error) {
	return page[oauth.UserID](ctx, u.db, pageOf{"users.list", u.names.users(), string(after), limit})
}

// accountArgs is room for the arguments of user_put.lua.
const accountArgs = 20

func (r *record) user(user oauth.User) {
	r.text("name", user.Name)
	r.text("email", user.Email)
	r.flag("email_verified", user.EmailVerified)
	r.text("display", user.DisplayName)
	r.flag("disabled", user.Disabled)
	r.flag("must_change", user.MustChange)
	r.millis("created", user.Created)
	r.millis("updated", user.Updated)
}

func decodeUser(id oauth.UserID, s *stored) (oauth.User, error) {
	user := oauth.User{
		ID:            id,
		Name:          s.text("name"),
		Email:         s.text("email"),
		EmailVerified: s.flag("email_verified"),
		DisplayName:   s.text("display"),
		Disabled:      s.flag("disabled"),
		MustChange:    s.flag("must_change"),
		Created:       s.millis("created"),
		Updated:       s.millis("updated"),
		Revision:      uint64(s.number("revision")), //nolint:gosec // counts up from 1
	}
	return user, s.err
}

// decodeAccount returns the account of a user. A record of an earlier release has its password in the user if that
// release wrote it last; the next write moves it to the credentials.
func decodeAccount(id oauth.UserID, s, credentials *stored) (oauth.Account, error) {
	user, err := decodeUser(id, s)
	hash := cmp.Or(s.text("password"), credentials.text("password"))
	return oauth.Account{User: user, Credentials: oauth.Credentials{PasswordHash: hash}}, err
}
