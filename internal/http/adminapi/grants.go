package adminapi

import (
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func shownGrant(g oauth.Grant) adminwire.Grant {
	return adminwire.Grant{
		Ref: string(g.Ref), GrantType: g.Type, Client: string(g.Client), User: string(g.User), Username: g.Username, Session: string(g.Session),
		Scope: g.Scope.String(), Audience: list(g.Audience), Serial: g.Serial, Created: shownTime(g.Born), Used: shownTime(g.SpentAt),
		Expires: shownTime(g.Expires), Ends: shownTime(g.End), AuthTime: shownTime(g.AuthTime), ACR: g.ACR,
		AMR: list(g.AMR),
	}
}

func (a *API) listGrants(c *call) error {
	user, client := c.id("user_id"), c.id("client_id")
	if user == "" {
		c.fault("user_id", "is missing")
	}
	limit, after := c.limit(), c.place("grants", user, client)
	if err := c.err(); err != nil {
		return err
	}
	found, err := c.GrantsOf(c.ctx(), store.GrantQuery{
		User: oauth.UserID(user), Client: oauth.ClientID(client), After: after, Limit: limit,
	})
	if err != nil {
		return err
	}
	page := adminwire.Page[adminwire.Grant]{Items: []adminwire.Grant{}, Next: next(found.Next, "grants", user, client)}
	for _, one := range found.Grants {
		page.Items = append(page.Items, shownGrant(one))
	}
	return c.ok(page)
}

func (a *API) getGrant(c *call) error {
	ref := c.path("grant")
	if err := c.err(); err != nil {
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
	if err := c.err(); err != nil {
		return err
	}
	if err := c.RevokeGrant(c.ctx(), oauth.GrantRef(ref)); err != nil {
		return err
	}
	return c.done()
}
