package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// grantModel says what store.Grants and the access tokens of grants have to be, one caller at a
// time. It is the mirror of advance.lua.
type grantModel struct {
	grants map[oauth.GrantRef]oauth.Grant
	by     map[oauth.GrantRef]oauth.Digest // who spent the live serial's predecessor
	made   map[oauth.GrantRef]oauth.Grant  // as they were created
	tokens map[oauth.Digest]oauth.Access   // as they were written
}

func newGrantModel() *grantModel {
	return &grantModel{
		grants: map[oauth.GrantRef]oauth.Grant{},
		by:     map[oauth.GrantRef]oauth.Digest{},
		made:   map[oauth.GrantRef]oauth.Grant{},
		tokens: map[oauth.Digest]oauth.Access{},
	}
}

func (m *grantModel) create(g oauth.Grant) { m.grants[g.Ref], m.made[g.Ref] = g, g }

// advance returns the verdict and the grant that goes with it.
func (m *grantModel) advance(p store.Presentation) (oauth.Verdict, oauth.Grant) {
	g, ok := m.grants[p.Grant]
	switch {
	case !ok:
		return oauth.Unknown, oauth.Grant{}
	case g.Client != p.Client:
		if g.Serial == 0 && p.Serial == 0 {
			delete(m.grants, p.Grant)
		}
		return oauth.Foreign, oauth.Grant{}
	case !p.Now.Before(g.Expires), !p.Now.Before(g.End):
		return oauth.Expired, oauth.Grant{}
	case p.Serial > g.Serial:
		return oauth.Unknown, oauth.Grant{}
	case p.Serial+1 == g.Serial && m.by[p.Grant] == p.Presenter && p.Grace > 0 && p.Now.Sub(g.SpentAt) <= p.Grace:
		return oauth.Retried, g
	case p.Serial < g.Serial:
		delete(m.grants, p.Grant)
		return oauth.Reused, g
	case !left(g.Scope, p.Scope):
		return oauth.NoScope, g
	case !left(g.Audience, p.Audience):
		return oauth.NoAudience, g
	}
	return oauth.Advanced, m.spend(g, p)
}

// left tells whether a client may still have one of the values of a grant.
func left(values, allowed []string) bool {
	return len(values) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(allowed, v) })
}

func (m *grantModel) spend(g oauth.Grant, p store.Presentation) oauth.Grant {
	if g.Serial > 0 {
		g.RedirectURI, g.Nonce = "", ""
	}
	if g.Serial == 0 || p.Rotate {
		g.Serial++
		g.SpentAt = p.Now
		m.by[p.Grant] = p.Presenter
	}
	g.Expires = earlier(p.Now.Add(p.Keep), g.End)
	m.grants[p.Grant] = g
	if p.Access != nil {
		m.tokens[p.Access.Digest] = oauth.Access{
			Digest: p.Access.Digest, Client: g.Client, Scope: g.Scope, Audience: g.Audience, Grant: g.Ref,
			Issued: p.Now, Expires: earlier(p.Now.Add(p.Access.Life), g.End),
		}
	}
	return g
}

// token gives a token as it is told: what it shares with its grant is taken from there.
func (m *grantModel) token(digest oauth.Digest) (oauth.Access, bool) {
	a, ok := m.tokens[digest]
	if ok && a.OfUser() {
		g := m.grants[a.Grant]
		a.Subject, a.Username, a.AuthTime, a.ACR = string(g.User), g.Username, g.AuthTime, g.ACR
	}
	return a, ok
}

func (m *grantModel) ofUser(user oauth.UserID) []oauth.Grant {
	var grants []oauth.Grant
	for _, g := range m.grants {
		if g.User == user {
			grants = append(grants, g)
		}
	}
	slices.SortFunc(grants, func(a, b oauth.Grant) int {
		return cmp.Or(b.Born.Compare(a.Born), cmp.Compare(a.Ref, b.Ref))
	})
	return grants
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
