package admin

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The reasons for which operators end the sessions of a user.
const (
	reasonDisabled = "user disabled"
	reasonDeleted  = "user deleted"
	reasonOperator = "ended by an operator"
)

// Person is a user and the state of their lockout.
type Person struct {
	oauth.User
	LockedUntil time.Time // zero when the user is not locked out
}

func (a *Admin) person(ctx context.Context, u oauth.User) (Person, error) {
	until, err := a.o.Directory.LockedUntil(ctx, u.Name)
	return Person{User: u, LockedUntil: until}, refusalOf(err, "user")
}

// maxConcurrentReads bounds the concurrent reads for one page.
const maxConcurrentReads = 32

// Users returns the users after an id, in the order of their ids, at most limit; more reports whether there may be
// further ones.
func (a *Admin) Users(ctx context.Context, after oauth.UserID, limit int) (people []Person, more bool, err error) {
	users, err := a.o.Directory.List(ctx, after, limit+1)
	if err != nil {
		return nil, false, refusalOf(err, "user")
	}
	people = make([]Person, min(limit, len(users)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentReads)
	for i := range people {
		group.Go(func() error {
			var err error
			people[i], err = a.person(ctx, users[i])
			return err
		})
	}
	return people, len(users) >= limit, group.Wait()
}

// User returns a user.
func (a *Admin) User(ctx context.Context, id oauth.UserID) (Person, error) {
	u, err := a.o.Directory.Get(ctx, id)
	if err != nil {
		return Person{}, refusalOf(err, "user")
	}
	return a.person(ctx, u)
}

// UserNamed finds a user by sign-in name, without regard to case.
func (a *Admin) UserNamed(ctx context.Context, name string) (Person, error) {
	u, err := a.o.Directory.Find(ctx, name)
	if err != nil {
		return Person{}, refusalOf(err, "user")
	}
	return a.person(ctx, u)
}

// mayTouchUser lets only holders of All change an operator's user. Otherwise setting an operator's password, or
// creating a user with an operator's name, would be a way to become that operator.
func (op Operator) mayTouchUser(u oauth.User) error {
	if op.IsOperator(u) && !op.Has(All) {
		return lacks(All)
	}
	return nil
}

// CreateUser adds a user under a new id.
func (op Operator) CreateUser(ctx context.Context, u oauth.User, password string) (made Person, err error) {
	err = op.act(ctx, "user.create", "", func(ctx context.Context, d *record) error {
		if err := op.mayTouchUser(u); err != nil {
			return err
		}
		if op.looksLikeOperator(u.Name) {
			return oauth.Refuse(oauth.InvalidRequest, "the user name looks like that of an operator, in letters of another script", nil).At("username")
		}
		if made.User, err = op.o.Directory.Add(ctx, u, password); err != nil {
			return refusalOf(err, "user")
		}
		d.object, d.after = string(made.ID), factsOfUser(made.User)
		return nil
	})
	return made, err
}

// ChangeUser changes a user, except for the name and the password. Disabling a user ends their sessions and grants.
// edit may be called more than once.
func (op Operator) ChangeUser(ctx context.Context, id oauth.UserID, m Match, edit func(*oauth.User) error) (Person, error) {
	var after oauth.User
	err := op.act(ctx, "user.change", string(id), func(ctx context.Context, d *record) error {
		change := func(ctx context.Context) error {
			before, changed, err := op.changeUser(ctx, id, m, edit)
			if err == nil {
				after, d.before, d.after = changed, factsOfUser(before), factsOfUser(changed)
			}
			return err
		}
		disables, err := op.disables(ctx, id, m, edit)
		if err != nil {
			return err
		}
		if disables {
			return op.o.Sessions.EndAllAround(ctx, id, "", reasonDisabled, change)
		}
		if err := change(ctx); err != nil || !after.Disabled {
			return err
		}
		return op.o.Sessions.EndAll(ctx, id, "", reasonDisabled)
	})
	if err != nil {
		return Person{}, err
	}
	return op.person(ctx, after)
}

// disables reports whether an allowed change would disable a user who may sign in now. changeUser reports why a
// change is refused.
func (op Operator) disables(ctx context.Context, id oauth.UserID, m Match, edit func(*oauth.User) error) (bool, error) {
	u, err := op.o.Directory.Get(ctx, id)
	switch {
	case errors.Is(err, store.Absent):
		return false, nil // the change itself reports it
	case err != nil:
		return false, err
	}
	was := u.Disabled
	allowed := m.check(u.Revision) == nil && op.mayTouchUser(u) == nil && edit(&u) == nil
	return allowed && !was && u.Disabled, nil
}

func (op Operator) changeUser(
	ctx context.Context, id oauth.UserID, m Match, edit func(*oauth.User) error,
) (before, after oauth.User, err error) {
	before, after, err = op.o.Directory.Change(ctx, id, func(u *oauth.User) error {
		if err := m.check(u.Revision); err != nil {
			return err
		}
		if err := op.mayTouchUser(*u); err != nil {
			return err
		}
		return edit(u)
	})
	if errors.Is(err, store.Absent) {
		return before, after, notFound("user")
	}
	return before, after, refusalOf(err, "user")
}

// DeleteUser ends a user's sessions and grants, withdraws their consents, deletes the user and frees the name. It
// disables the user first, so that no session begins meanwhile.
func (op Operator) DeleteUser(ctx context.Context, id oauth.UserID, m Match) error {
	return op.act(ctx, "user.delete", string(id), func(ctx context.Context, d *record) error {
		return op.deleteUser(ctx, d, id, m)
	})
}

func (op Operator) deleteUser(ctx context.Context, d *record, id oauth.UserID, m Match) error {
	if err := op.mayDelete(ctx, id, m); err != nil {
		return err
	}
	err := op.o.Sessions.EndAllAround(ctx, id, "", reasonDeleted, func(ctx context.Context) error {
		before, after, err := op.changeUser(ctx, id, m, func(u *oauth.User) error {
			u.Disabled = true
			return nil
		})
		if err == nil {
			d.before, d.after = factsOfUser(before), factsOfUser(after)
		}
		return err
	})
	if err != nil {
		return err
	}
	given, err := op.o.Consents.Given(ctx, id)
	if err != nil {
		return oauth.Unavailable(err)
	}
	for _, consent := range given {
		if err := op.o.Consents.Withdraw(ctx, id, consent.Client); err != nil {
			return oauth.Unavailable(err)
		}
	}
	if err := op.o.Directory.Delete(ctx, id); err != nil {
		return refusalOf(err, "user")
	}
	d.after = nil
	return nil
}

// mayDelete makes the checks of the change before anything is ended.
func (op Operator) mayDelete(ctx context.Context, id oauth.UserID, m Match) error {
	u, err := op.o.Directory.Get(ctx, id)
	switch {
	case errors.Is(err, store.Absent):
		return notFound("user")
	case err != nil:
		return refusalOf(err, "user")
	}
	if err := m.check(u.Revision); err != nil {
		return err
	}
	return op.mayTouchUser(u)
}

// SetPassword sets a user's password and ends every session and grant that the old one opened. With once the user
// must choose another password at the next sign-in.
func (op Operator) SetPassword(ctx context.Context, id oauth.UserID, password string, once bool) error {
	return op.act(ctx, "user.set_password", string(id), func(ctx context.Context, d *record) error {
		u, err := op.o.Directory.Get(ctx, id)
		if err != nil {
			return refusalOf(err, "user")
		}
		if err := op.mayTouchUser(u); err != nil {
			return err
		}
		before, after, err := op.o.SignIn.SetPassword(ctx, u, password, once)
		if after.ID != "" {
			d.before, d.after = factsOfUser(before), factsOfUser(after)
		}
		return refusalOf(err, "user")
	})
}

// Unlock clears the failed sign-ins of a user, so that the user may try again at once.
func (op Operator) Unlock(ctx context.Context, id oauth.UserID) error {
	return op.act(ctx, "user.unlock", string(id), func(ctx context.Context, _ *record) error {
		u, err := op.o.Directory.Get(ctx, id)
		if err != nil {
			return refusalOf(err, "user")
		}
		if err := op.mayTouchUser(u); err != nil {
			return err
		}
		return refusalOf(op.o.Directory.Unlock(ctx, u.Name), "user")
	})
}
