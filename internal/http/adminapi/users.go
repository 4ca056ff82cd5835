package adminapi

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func shownUser(p admin.Person) adminwire.User {
	return adminwire.User{
		ID: string(p.ID), Username: p.Name, UserMetadata: userMetadataOf(p.User), LockedUntil: shownTime(p.LockedUntil),
		Created: shownTime(p.Created), Updated: shownTime(p.Updated), Revision: p.Revision,
	}
}

func userMetadataOf(u oauth.User) adminwire.UserMetadata {
	return adminwire.UserMetadata{
		Email: u.Email, EmailVerified: u.EmailVerified, DisplayName: u.DisplayName, Disabled: u.Disabled, MustChange: u.MustChange,
	}
}

func (a *API) listUsers(c *call) error {
	limit, after := c.limit(), c.place("users")
	named := c.query.Has("username")
	name := c.query.Get("username")
	if named && strings.TrimSpace(name) == "" {
		c.fault("username", "is empty")
	}
	if utf8.RuneCountInString(name) > oauth.MaxUsername {
		c.fault("username", "is longer than 128 bytes")
	}
	if err := c.err(); err != nil {
		return err
	}
	page := adminwire.Page[adminwire.User]{Items: []adminwire.User{}}
	if named {
		found, err := c.UserNamed(c.ctx(), name)
		if err != nil && !errors.Is(err, store.Absent) {
			return err
		}
		if err == nil {
			page.Items = append(page.Items, shownUser(found))
		}
		return c.ok(page)
	}
	people, more, err := c.Users(c.ctx(), oauth.UserID(after), limit)
	if err != nil {
		return err
	}
	for _, one := range people {
		page.Items = append(page.Items, shownUser(one))
	}
	if more && len(people) > 0 {
		page.Next = next(string(people[len(people)-1].ID), "users")
	}
	return c.ok(page)
}

func (a *API) createUser(c *call) error {
	var form adminwire.UserCreate
	if err := c.body(&form); err != nil {
		return err
	}
	made, err := c.CreateUser(c.ctx(), oauth.User{
		Name: form.Username, Email: form.Email, EmailVerified: form.EmailVerified, DisplayName: form.DisplayName, MustChange: form.MustChange,
	}, form.Password.Reveal())
	if err != nil {
		return err
	}
	c.revision(made.Revision)
	return c.created("/users/"+string(made.ID), shownUser(made))
}

func (c *call) user() oauth.UserID { return oauth.UserID(c.path("user_id")) }

func (a *API) getUser(c *call) error {
	id := c.user()
	if err := c.err(); err != nil {
		return err
	}
	found, err := c.User(c.ctx(), id)
	if err != nil {
		return err
	}
	c.revision(found.Revision)
	return c.ok(shownUser(found))
}

func (a *API) patchUser(c *call) error {
	id, match := c.user(), c.match()
	if err := c.err(); err != nil {
		return err
	}
	patch, err := c.mergePatch()
	if err != nil {
		return err
	}
	if err := patch.apply(fields(&adminwire.UserMetadata{}, &adminwire.UserMetadata{})); err != nil {
		return err // of a patch that has the wrong form, whatever the user is
	}
	changed, err := c.ChangeUser(c.ctx(), id, match, func(u *oauth.User) error {
		form := userMetadataOf(*u)
		if err := patch.apply(fields(&form, &adminwire.UserMetadata{})); err != nil {
			return err
		}
		u.Email, u.EmailVerified, u.DisplayName, u.Disabled, u.MustChange = form.Email, form.EmailVerified, form.DisplayName, form.Disabled, form.MustChange
		return nil
	})
	if err != nil {
		return err
	}
	c.revision(changed.Revision)
	return c.ok(shownUser(changed))
}

func (a *API) deleteUser(c *call) error {
	id, match := c.user(), c.match()
	if err := c.err(); err != nil {
		return err
	}
	if err := c.DeleteUser(c.ctx(), id, match); err != nil {
		return err
	}
	return c.done()
}

func (a *API) setPassword(c *call) error {
	id := c.user()
	if err := c.err(); err != nil {
		return err
	}
	var form adminwire.PasswordSet
	if err := c.body(&form); err != nil {
		return err
	}
	if err := c.SetPassword(c.ctx(), id, form.Password.Reveal(), form.MustChange); err != nil {
		return err
	}
	return c.done()
}

func (a *API) unlockUser(c *call) error {
	id := c.user()
	if err := c.err(); err != nil {
		return err
	}
	if err := c.Unlock(c.ctx(), id); err != nil {
		return err
	}
	return c.done()
}

func (a *API) revokeUserTokens(c *call) error {
	id := c.user()
	if err := c.err(); err != nil {
		return err
	}
	var form adminwire.RevokeOfUser
	if err := c.body(&form); err != nil {
		return err
	}
	if form.Client != "" && !isID(form.Client) {
		return refuseFaults(web.FaultErrors{{Pointer: "/client_id", Detail: "is not a valid client_id"}})
	}
	n, err := c.RevokeUser(c.ctx(), id, oauth.ClientID(form.Client))
	if err != nil {
		return err
	}
	return c.ok(adminwire.Revoked{Revoked: n})
}
