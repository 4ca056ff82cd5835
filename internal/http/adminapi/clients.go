package adminapi

import (
	"net/http"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func (a *API) listClients(c *call) error {
	limit, after := c.limit(), c.place("clients")
	if err := c.err(); err != nil {
		return err
	}
	clients, more, err := c.Clients(c.ctx(), oauth.ClientID(after), limit)
	if err != nil {
		return err
	}
	page := adminwire.Page[adminwire.Client]{Items: []adminwire.Client{}}
	for _, one := range clients {
		page.Items = append(page.Items, shownClient(one, ""))
	}
	if more && len(clients) > 0 {
		page.Next = next(string(clients[len(clients)-1].ID), "clients")
	}
	return c.ok(page)
}

func (a *API) createClient(c *call) error {
	dry := c.dryRun()
	if err := c.err(); err != nil {
		return err
	}
	wanted, id, first := oauth.Client{}, "", admin.FirstSecret{}
	err := c.object(func(f *filler) members {
		known := properties(f, &wanted)
		known["client_id"] = f.text(&id)
		known["client_secret"], known["client_secret_hash"] = f.text((*string)(&first.Chosen)), f.text((*string)(&first.Hash))
		return known
	})
	if err != nil {
		return err
	}
	if id != "" && !isID(id) {
		return refuseFaults(web.FaultErrors{{Pointer: "/client_id", Detail: "does not have 1 to 64 characters of A-Z a-z 0-9 - _"}})
	}
	wanted.ID = oauth.ClientID(id)
	if dry {
		examined, err := c.ExamineClient(c.ctx(), wanted, first)
		return c.examined(examined, err)
	}
	made, shown, err := c.CreateClient(c.ctx(), wanted, first)
	if err != nil {
		return err
	}
	c.revision(made.Revision)
	return c.created("/clients/"+string(made.ID), shownClient(made, shown))
}

// examined answers a dry run with the resulting client.
func (c *call) examined(found oauth.Client, err error) error {
	if err != nil {
		return err
	}
	return c.ok(shownClient(found, ""))
}

func (a *API) getClient(c *call) error {
	id := c.path("client_id")
	if err := c.err(); err != nil {
		return err
	}
	found, err := c.Client(c.ctx(), oauth.ClientID(id))
	if err != nil {
		return err
	}
	c.revision(found.Revision)
	return c.ok(shownClient(found, ""))
}

func (a *API) putClient(c *call) error {
	id, match, dry := c.path("client_id"), c.match(), c.dryRun()
	if err := c.err(); err != nil {
		return err
	}
	var wanted oauth.Client
	if err := c.object(func(f *filler) members { return properties(f, &wanted) }); err != nil {
		return err
	}
	wanted.ID = oauth.ClientID(id)
	wanted = clientmeta.WithDefaults(wanted)
	if dry {
		examined, err := c.ExaminePut(c.ctx(), wanted, match)
		return c.examined(examined, err)
	}
	put, shown, created, err := c.PutClient(c.ctx(), wanted, match)
	if err != nil {
		return err
	}
	c.revision(put.Revision)
	if created {
		return c.created("/clients/"+id, shownClient(put, shown))
	}
	return c.ok(shownClient(put, ""))
}

func (a *API) patchClient(c *call) error {
	id, match := c.path("client_id"), c.match()
	if err := c.err(); err != nil {
		return err
	}
	patch, err := c.mergePatch()
	if err != nil {
		return err
	}
	edit := func(old *oauth.Client) error {
		return patch.apply(func(f *filler) members { return properties(f, old) })
	}
	if err := edit(&oauth.Client{}); err != nil {
		return err // of a patch that has the wrong form, whatever the client is
	}
	changed, err := c.ChangeClient(c.ctx(), oauth.ClientID(id), match, edit)
	if err != nil {
		return err
	}
	c.revision(changed.Revision)
	return c.ok(shownClient(changed, ""))
}

func (a *API) deleteClient(c *call) error {
	id, match := c.path("client_id"), c.match()
	if err := c.err(); err != nil {
		return err
	}
	if err := c.DeleteClient(c.ctx(), oauth.ClientID(id), match); err != nil {
		return err
	}
	return c.done()
}

func shownSecret(s oauth.Secret, value oauth.Token) adminwire.Secret {
	return adminwire.Secret{
		ID: s.ID, Value: secret.Text(value.Reveal()), Scheme: string(s.Scheme), Created: shownTime(s.Created), Expires: shownTime(s.Expires),
	}
}

func (a *API) listSecrets(c *call) error {
	id := c.path("client_id")
	if err := c.err(); err != nil {
		return err
	}
	secrets, err := c.Secrets(c.ctx(), oauth.ClientID(id))
	if err != nil {
		return err
	}
	page := adminwire.Page[adminwire.Secret]{Items: []adminwire.Secret{}}
	for _, one := range secrets {
		page.Items = append(page.Items, shownSecret(one, ""))
	}
	return c.ok(page)
}

// defaultOverlap is the default of how long the earlier secrets stay valid.
const defaultOverlap = 24 * time.Hour

func (a *API) createSecret(c *call) error {
	id := c.path("client_id")
	if err := c.err(); err != nil {
		return err
	}
	var form adminwire.SecretCreate
	if err := c.body(&form); err != nil {
		return err
	}
	overlap := defaultOverlap
	if form.Overlap != nil {
		overlap = time.Duration(*form.Overlap) * time.Second
	}
	made, shown, err := c.AddSecret(c.ctx(), oauth.ClientID(id), time.Duration(form.ExpiresIn)*time.Second, overlap)
	if err != nil {
		return err
	}
	return web.JSONStatus(c.w, http.StatusCreated, shownSecret(made, shown))
}

func (a *API) deleteSecret(c *call) error {
	id, which := c.path("client_id"), c.path("secret_id")
	if err := c.err(); err != nil {
		return err
	}
	if err := c.DropSecret(c.ctx(), oauth.ClientID(id), which); err != nil {
		return err
	}
	return c.done()
}

func (a *API) revokeClientTokens(c *call) error {
	id := c.path("client_id")
	if err := c.err(); err != nil {
		return err
	}
	var form adminwire.RevokeBefore
	if err := c.body(&form); err != nil {
		return err
	}
	if err := c.RevokeClient(c.ctx(), oauth.ClientID(id), form.Before); err != nil {
		return err
	}
	return c.done()
}
