package admin

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Why the sessions of a user end, besides what the user does.
const (
	reasonPassword = "password changed"
	reasonDisabled = "user disabled"
	reasonDeleted  = "user deleted"
	reasonOperator = "ended by an operator"
)

// Person is a user and how they stand.
type Person struct {
	oauth.User
	LockedUntil time.Time // zero when they are not locked out
}

func (a *Admin) person(ctx context.Context, u oauth.User) (Person, error) {
	until, err := a.o.Directory.LockedUntil(ctx, u.Name)
	return Person{User: u, LockedUntil: until}, asked(err, "user")
}

// askingAtOnce bounds how many questions of one page are under way.
const askingAtOnce = 32

// Users pages through the users by id: those after the cursor, at most limit; more tells whether to
// ask again after the last one.
func (a *Admin) Users(ctx context.Context, after oauth.UserID, limit int) (people []Person, more bool, err error) {
	users, err := a.o.Directory.List(ctx, after, limit+1)
	if err != nil {
		return nil, false, asked(err, "user")
	}
	people = make([]Person, min(limit, len(users)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askingAtOnce)
	for i := range people {
		group.Go(func() error {
			var err error
			people[i], err = a.person(ctx, users[i])
			return err
		})
	}
	return people, len(users) >= limit, group.Wait()
}

// User reads a user.
func (a *Admin) User(ctx context.Context, id oauth.UserID) (Person, error) {
	u, err := a.o.Directory.Get(ctx, id)
	if err != nil {
		return Person{}, asked(err, "user")
	}
	return a.person(ctx, u)
}

// UserNamed finds a user by sign-in name, whatever its case.
func (a *Admin) UserNamed(ctx context.Context, name string) (Person, error) {
	u, err := a.o.Directory.Find(ctx, name)
	if err != nil {
		return Person{}, asked(err, "user")
	}
	return a.person(ctx, u)
}

// mayTouchUser keeps the people who hold admin scopes for those who have all of them: whoever sets an
// operator's password, or makes a user with an operator's name, becomes that operator.
func (op Operator) mayTouchUser(u oauth.User) error {
	if op.IsOperator(u) && !op.Has(All) {
		return lacks(All)
	}
	return nil
}

// CreateUser adds a user under a new id.
func (op Operator) CreateUser(ctx context.Context, u oauth.User, password string) (made Person, err error) {
	err = op.act(ctx, "user.create", "", func(ctx context.Context, d *deed) error {
		if err := op.mayTouchUser(u); err != nil {
			return err
		}
		if op.looksLikeOperator(u.Name) {
			return oauth.Refuse(oauth.InvalidRequest, "the user name reads like that of an operator, in letters of another script", nil).At("username")
		}
		if made.User, err = op.o.Directory.Add(ctx, u, password); err != nil {
			return asked(err, "user")
		}
		d.object, d.after = string(made.ID), factsOfUser(made.User)
		return nil
	})
	return made, err
}

// ChangeUser changes what is kept of a user but the name and the password. One who becomes disabled
// loses sessions and grants. edit may be called more than once.
func (op Operator) ChangeUser(ctx context.Context, id oauth.UserID, m Match, edit func(*oauth.User) error) (Person, error) {
	var after oauth.User
	err := op.act(ctx, "user.change", string(id), func(ctx context.Context, d *deed) error {
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
			return op.o.Sessions.EndAllAround(ctx, id, reasonDisabled, change)
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

// disables reports whether a change would disable a user who may sign in now. Whether the change may be
// made is decided where it is made.
func (op Operator) disables(ctx context.Context, id oauth.UserID, m Match, edit func(*oauth.User) error) (bool, error) {
	u, err := op.o.Directory.Get(ctx, id)
	switch {
	case errors.Is(err, store.Absent):
		return false, nil // the change itself says so
	case err != nil:
		return false, err
	}
	refused := m.check(u.Revision) != nil || op.mayTouchUser(u) != nil
	if u.Disabled || refused || edit(&u) != nil {
		return false, nil
	}
	return u.Disabled, nil
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
		hash := u.PasswordHash
		defer func() { u.PasswordHash = hash }()
		return edit(u)
	})
	if errors.Is(err, store.Absent) {
		return before, after, m.absent("user")
	}
	return before, after, asked(err, "user")
}

// DeleteUser ends a user's sessions and grants, forgets their consents, removes them and frees the
// name. They are disabled first, so that nothing new begins while the rest is done.
func (op Operator) DeleteUser(ctx context.Context, id oauth.UserID, m Match) error {
	return op.act(ctx, "user.delete", string(id), func(ctx context.Context, d *deed) error {
		return op.deleteUser(ctx, d, id, m)
	})
}

func (op Operator) deleteUser(ctx context.Context, d *deed, id oauth.UserID, m Match) error {
	if err := op.mayDelete(ctx, id, m); err != nil {
		return err
	}
	err := op.o.Sessions.EndAllAround(ctx, id, reasonDeleted, func(ctx context.Context) error {
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
		return asked(err, "user")
	}
	d.after = nil
	return nil
}

// mayDelete refuses before anything ends what the change would refuse as well.
func (op Operator) mayDelete(ctx context.Context, id oauth.UserID, m Match) error {
	u, err := op.o.Directory.Get(ctx, id)
	switch {
	case errors.Is(err, store.Absent):
		return m.absent("user")
	case err != nil:
		return asked(err, "user")
	}
	if err := m.check(u.Revision); err != nil {
		return err
	}
	return op.mayTouchUser(u)
}

// SetPassword gives a user a new password and ends every session and grant that the old one opened.
// With once the user has to choose another one when they sign in next.
func (op Operator) SetPassword(ctx context.Context, id oauth.UserID, password string, once bool) error {
	return op.act(ctx, "user.set_password", string(id), func(ctx context.Context, d *deed) error {
		u, err := op.o.Directory.Get(ctx, id)
		if err != nil {
			return asked(err, "user")
		}
		if err := op.mayTouchUser(u); err != nil {
			return err
		}
		if err := op.o.Directory.CheckPassword(u.Name, password); err != nil {
			return err
		}
		return op.o.Sessions.EndAllAround(ctx, id, reasonPassword, func(ctx context.Context) error {
			before, after, err := op.o.Directory.SetPassword(ctx, id, password, once)
			if err == nil {
				d.before, d.after = factsOfUser(before), factsOfUser(after)
			}
			return asked(err, "user")
		})
	})
}

// Unlock forgets the failed sign-ins of a user, so that they may try again at once.
func (op Operator) Unlock(ctx context.Context, id oauth.UserID) error {
	return op.act(ctx, "user.unlock", string(id), func(ctx context.Context, _ *deed) error {
		u, err := op.o.Directory.Get(ctx, id)
		if err != nil {
			return asked(err, "user")
		}
		if err := op.mayTouchUser(u); err != nil {
			return err
		}
		return asked(op.o.Directory.Unlock(ctx, u.Name), "user")
	})
}
