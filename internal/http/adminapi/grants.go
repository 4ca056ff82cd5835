package adminapi

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func shownGrant(g oauth.Grant) adminwire.Grant {
	return adminwire.Grant{
		Ref: string(g.Ref), Client: string(g.Client), User: string(g.User), Username: g.Username, Session: string(g.Session),
		Scope: g.Scope.String(), Audience: list(g.Audience), Serial: g.Serial, Created: shownTime(g.Born), Used: shownTime(g.SpentAt),
		Expires: shownTime(g.Expires), Ends: shownTime(g.End), AuthTime: shownTime(g.AuthTime), ACR: g.ACR,
	}
}

func (a *API) listGrants(c *call) error {
	user, client := c.id("user_id"), c.id("client_id")
	if user == "" {
		c.fault("user_id", "is missing")
	}
	limit, after := c.limit(), c.place("grants", user, client)
	if err := c.sound(); err != nil {
		return err
	}
	all, err := c.GrantsOf(c.ctx(), oauth.UserID(user), oauth.ClientID(client))
	if err != nil {
		return err
	}
	if after != "" {
		// They come newest first, and those of one moment by name: the place is the last one shown.
		all = behindGrant(all, after)
	}
	page := adminwire.Page[adminwire.Grant]{Items: []adminwire.Grant{}}
	for _, one := range all[:min(limit, len(all))] {
		page.Items = append(page.Items, shownGrant(one))
	}
	if len(all) > limit {
		last := all[limit-1]
		page.Next = next(grantPlace(last), "grants", user, client)
	}
	return c.ok(page)
}

// grantPlace orders as the list does: the newest has the least place.
func grantPlace(g oauth.Grant) string {
	const digits = "20060102150405.000"
	return g.Born.UTC().Format(digits) + " " + string(g.Ref)
}

func behindGrant(all []oauth.Grant, place string) []oauth.Grant {
	born, ref := place[:min(18, len(place))], place[min(19, len(place)):]
	return slices.DeleteFunc(all, func(g oauth.Grant) bool {
		at := grantPlace(g)[:18]
		return at > born || at == born && string(g.Ref) <= ref
	})
}

func (a *API) getGrant(c *call) error {
	ref := c.path("grant")
	if err := c.sound(); err != nil {
		return err
	}
	found, err := c.Grant(c.ctx(), oauth.GrantRef(ref))
	if err != nil {
		return err
	}
	return c.ok(shownGrant(found))
}

func (a *API) revokeGrant(c *call) error {
	ref := c.path("grant")
	if err := c.sound(); err != nil {
		return err
	}
	if err := c.RevokeGrant(c.ctx(), oauth.GrantRef(ref)); err != nil {
		return err
	}
	return c.done()
}
