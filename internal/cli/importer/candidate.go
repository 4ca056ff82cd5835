package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// candidate is a client of another server.
type candidate struct {
	client  adminwire.ClientForm
	notes   []string // for the report
	losses  []string // parts without a counterpart here
	skip    string   // the reason to leave it out
	foreign bool     // with skip: it belongs to the other server itself, so nothing is lost
	refused string   // the reason that it cannot be registered
}

// unread returns a candidate whose description cannot be read.
func unread(id, why string) candidate {
	return candidate{client: adminwire.ClientForm{Client: oauth.Client{ID: oauth.ClientID(id)}}, skip: why}
}

func (c *candidate) id() string { return string(c.client.ID) }

func (c *candidate) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// lose notes a part of the client that has no counterpart here. Losses change the exit code.
func (c *candidate) lose(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.losses, text) {
		c.losses = append(c.losses, text)
	}
}

// setSkipConsent imports that people are not asked for consent. A public client always asks, because another program
// could pretend to be it. Call it when the authentication method is known.
func (c *candidate) setSkipConsent(skip bool) {
	if skip && c.client.Public() {
		c.note("a public client may not skip consent: people are asked")
		return
	}
	c.client.SkipConsent = skip
}

// rename changes the id of a candidate; "" keeps it.
func (c *candidate) rename(to string) {
	if to == "" {
		return
	}
	c.note("was %s", c.id())
	if c.client.Name == "" {
		c.client.Name = c.id()
	}
	c.client.ID = oauth.ClientID(to)
}

// setGrants imports the grant types that this server supports, and notes the others.
func (c *candidate) setGrants(names []string) {
	for _, name := range names {
		one, served := app.Supported().GrantType(name)
		switch {
		case !served:
			c.lose("the grant type %s is not served", name)
		case !one.Public && c.client.Public():
			c.lose("a public client cannot have %s", name)
		case name == oauth.GrantRefreshToken && !refreshable(names):
			c.lose("refresh_token needs authorization_code")
		default:
			c.client.GrantTypes = append(c.client.GrantTypes, name)
		}
	}
	if len(c.client.GrantTypes) == 0 && c.skip == "" {
		c.skip = "it has no grant type that is served"
	}
}

// refreshable reports whether one of these grant types issues refresh tokens.
func refreshable(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		one, _ := app.Supported().GrantType(name)
		return one.Refreshable
	})
}

// setRedirects imports redirect URIs and post-logout redirect URIs that can be registered. If none is left,
// authorization_code is left out.
func (c *candidate) setRedirects(redirects, logouts []string) {
	m := &c.client.Client
	take := func(what string, uris []string) (kept []string) {
		for _, uri := range uris {
			if strings.Contains(uri, "*") {
				c.lose("the pattern %s is not a %s", uri, what)
			} else if err := oauth.CheckRedirectURI(uri); err != nil {
				c.lose("the %s %s cannot be registered: %s", what, uri, oauth.AsError(err).Description)
			} else if !slices.Contains(kept, uri) {
				kept = append(kept, uri)
			}
		}
		return kept
	}
	m.RedirectURIs, m.PostLogoutURIs = take("redirect URI", redirects), take("address after a logout", logouts)
	if slices.ContainsFunc(m.RedirectURIs, isLoopback) {
		m.Type = oauth.AppNative
	}
	if len(m.RedirectURIs) > 0 || c.skip != "" {
		return
	}
	m.PostLogoutURIs = nil
	m.GrantTypes = slices.DeleteFunc(m.GrantTypes, func(name string) bool {
		one, _ := app.Supported().GrantType(name)
		return one.RedirectURI
	})
	if !refreshable(m.GrantTypes) {
		m.GrantTypes = slices.DeleteFunc(m.GrantTypes, func(name string) bool { return name == oauth.GrantRefreshToken })
	}
	if len(m.GrantTypes) == 0 {
		c.skip = "it has no redirect URI that is an address"
		return
	}
	c.lose("authorization_code is left out, because it has no redirect URI that is an address")
}

// isLoopback reports whether a redirect URI leads to a program on the user's machine.
func isLoopback(uri string) bool {
	return strings.HasPrefix(uri, "http://127.0.0.1") || strings.HasPrefix(uri, "http://localhost") || strings.HasPrefix(uri, "http://[::1]") ||
		!strings.HasPrefix(uri, "http://") && !strings.HasPrefix(uri, "https://")
}

// supported returns the values that this program supports.
func supported() clientmeta.Served { return clientmeta.ServedBy(app.Supported()) }
