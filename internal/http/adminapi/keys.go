package adminapi

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
)

func (a *API) listKeys(c *call) error {
	page := adminwire.Page[adminwire.Key]{Items: []adminwire.Key{}}
	for _, k := range c.Keys() {
		page.Items = append(page.Items, adminwire.Key{
			ID: k.ID, Use: k.Use, Algorithm: k.Algorithm, State: string(k.State), Created: shownTime(k.Created), Active: shownTime(k.Active),
			Retires: shownTime(k.Retires), Drops: shownTime(k.Drops),
		})
	}
	return c.ok(page)
}

func (a *API) rotateKeys(c *call) error {
	var form adminwire.KeyRotate
	if err := c.body(&form); err != nil {
		return err
	}
	if !slices.Contains([]string{keyring.UseSign, keyring.UseMAC, keyring.UsePepper}, form.Use) {
		return refuseFaults(web.FaultErrors{{Pointer: "/use", Detail: "is not one of sign, mac and pepper"}})
	}
	if err := c.RotateKeys(c.ctx(), form.Use); err != nil {
		return err
	}
	return a.listKeys(c)
}

func (a *API) dropKey(c *call) error {
	id := c.path("kid")
	if err := c.err(); err != nil {
		return err
	}
	if err := c.DropKey(c.ctx(), id); err != nil {
		return err
	}
	return c.done()
}
