package redisstore

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Users implements store.Users. A user, the claim of the name and the list of all ids change in
// one step.
type Users struct {
	db    *redisconn.DB
	names names

	put, rename, drop *redisconn.Script
}

// NewUsers makes the store of users.
func NewUsers(db *redisconn.DB) *Users {
	u := &Users{db: db, names: namesOf(db), put: script("user_put"), rename: script("user_rename"), drop: script("user_delete")}
	db.Use(u.put, u.rename, u.drop)
	return u
}

func (u *Users) keys(id oauth.UserID, name string) []string {
	return []string{u.names.user(id), u.names.username(name), u.names.users()}
}

// Get implements store.Users.
func (u *Users) Get(ctx context.Context, id oauth.UserID) (oauth.User, error) {
	return u.read(ctx, "users.get", id)
}

func (u *Users) read(ctx context.Context, verb string, id oauth.UserID) (oauth.User, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", u.names.user(id))
	if err := u.db.Read(ctx, verb, cmd); err != nil {
		return oauth.User{}, err
	}
	if len(cmd.Val()) == 0 {
		return oauth.User{}, store.Absent
	}
	return decodeUser(id, &stored{fields: cmd.Val()})
}

// Find implements store.Users.
func (u *Users) Find(ctx context.Context, name string) (oauth.User, error) {
	cmd := redis.NewStringCmd(ctx, "get", u.names.username(name))
	if err := u.db.Read(ctx, "users.find", cmd); err != nil {
		return oauth.User{}, err
	}
	if errors.Is(cmd.Err(), redis.Nil) {
		return oauth.User{}, store.Absent
	}
	return u.read(ctx, "users.find", oauth.UserID(cmd.Val()))
}

// Put implements store.Users.
func (u *Users) Put(ctx context.Context, user oauth.User) (uint64, error) {
	return u.store(ctx, "users.put", u.put, u.keys(user.ID, user.Name), user)
}

// Rename implements store.Users.
func (u *Users) Rename(ctx context.Context, user oauth.User, old string) (uint64, error) {
	return u.store(ctx, "users.rename", u.rename, append(u.keys(user.ID, user.Name), u.names.username(old)), user)
}

// store writes a user by a script that answers the new revision, or 0.
func (u *Users) store(ctx context.Context, verb string, by *redisconn.Script, keys []string, user oauth.User) (uint64, error) {
	args := append([]any{string(user.ID), user.Revision}, encodeUser(user)...)
	answer, err := u.db.Write(ctx, verb, by, keys, args...)
	if err != nil {
		return 0, err
	}
	revision, err := count(answer)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return 0, store.Conflict
	}
	return uint64(revision), nil //nolint:gosec // counts up from 1
}

// Delete implements store.Users. The name, which never changes, is read first, because a script
// has to be told every key.
func (u *Users) Delete(ctx context.Context, id oauth.UserID) error {
	user, err := u.read(ctx, "users.delete", id)
	if err != nil {
		return err
	}
	answer, err := u.db.Write(ctx, "users.delete", u.drop, u.keys(id, user.Name), string(id))
	if err != nil {
		return err
	}
	return absentWhenZero(answer)
}

// List implements store.Users.
func (u *Users) List(ctx context.Context, after oauth.UserID, limit int) ([]oauth.UserID, error) {
	return page[oauth.UserID](ctx, u.db, pageOf{"users.list", u.names.users(), string(after), limit})
}

func encodeUser(user oauth.User) []any {
	var r record
	r.text("name", user.Name)
	r.text("email", user.Email)
	r.flag("email_verified", user.EmailVerified)
	r.text("display", user.DisplayName)
	r.text("password", user.PasswordHash)
	r.flag("disabled", user.Disabled)
	r.flag("must_change", user.MustChange)
	r.millis("created", user.Created)
	r.millis("updated", user.Updated)
	return r
}

func decodeUser(id oauth.UserID, s *stored) (oauth.User, error) {
	user := oauth.User{
		ID:            id,
		Name:          s.text("name"),
		Email:         s.text("email"),
		EmailVerified: s.flag("email_verified"),
		DisplayName:   s.text("display"),
		PasswordHash:  s.text("password"),
		Disabled:      s.flag("disabled"),
		MustChange:    s.flag("must_change"),
		Created:       s.millis("created"),
		Updated:       s.millis("updated"),
		Revision:      uint64(s.number("revision")), //nolint:gosec // counts up from 1
	}
	return user, s.err
}
