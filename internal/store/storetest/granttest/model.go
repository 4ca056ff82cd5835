package granttest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// grantModel says what store.Grants and the access tokens of grants have to be, one caller at a
// time. It is the mirror of advance.lua.
type grantModel struct {
	grants map[oauth.GrantRef]oauth.Grant
	by     map[oauth.GrantRef]oauth.Digest // the presenter that spent the live serial's predecessor
	made   map[oauth.GrantRef]oauth.Grant  // as they were created
	tokens map[oauth.Digest]oauth.Access   // as they were written

	revoked map[oauth.UserID]*revocationModel
}

// revocationModel is the revocation of one user, with the endings of every browser and client.
type revocationModel struct {
	all     oauth.Revocation
	roots   map[oauth.RootTag]oauth.Generation
	clients map[oauth.ClientID]oauth.Generation
}

func (m *grantModel) revocation(user oauth.UserID) oauth.Revocation {
	if r, ok := m.revoked[user]; ok {
		return r.all
	}
	return oauth.Revocation{}
}

// raise is the mirror of user_revoke.lua.
func (m *grantModel) raise(e store.Ending) {
	r, ok := m.revoked[e.User]
	if !ok {
		r = &revocationModel{roots: map[oauth.RootTag]oauth.Generation{}, clients: map[oauth.ClientID]oauth.Generation{}}
		m.revoked[e.User] = r
	}
	made := max(oauth.Generation(e.Now.UnixMilli()), r.all.Latest+1)
	r.all.Latest = made
	switch e.What {
	case store.EndedUser:
		r.all.User = made
	case store.EndedGrants:
		r.all.Grants = made
	case store.EndedOthers:
		if r.all.Others > 0 && r.all.Except != e.Root {
			r.all.User = max(r.all.User, r.all.Others)
		}
		r.all.Others, r.all.Except = made, e.Root
	case store.EndedSession:
		r.roots[e.Root] = made
	case store.EndedClient:
		r.clients[e.Client] = made
	}
}

// ended reports whether a revocation has ended a grant.
func (m *grantModel) ended(g oauth.Grant) bool {
	r, ok := m.revoked[g.User]
	if !ok {
		return false
	}
	one := r.all
	one.Root, one.Client = r.roots[g.Ref.Root()], r.clients[g.Client]
	return one.EndsGrant(g)
}

// alive is a grant that is there and not ended.
func (m *grantModel) alive(ref oauth.GrantRef) (oauth.Grant, bool) {
	g, ok := m.grants[ref]
	if !ok || m.ended(g) {
		return oauth.Grant{}, false
	}
	return g, true
}

func (m *grantModel) byClient(user oauth.UserID) []store.ClientGrants {
	byTag := map[store.ClientTag]store.ClientGrants{}
	for _, g := range m.ofUser(user) {
		tag := store.TagOf(g.Client)
		one := byTag[tag]
		one.Client, one.Tag, one.Scope, one.Count = g.Client, tag, one.Scope.With(g.Scope), one.Count+1
		if one.Since.IsZero() || g.Born.Before(one.Since) {
			one.Since = g.Born
		}
		byTag[tag] = one
	}
	var all []store.ClientGrants
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		all = append(all, byTag[tag])
	}
	return all
}

func newGrantModel() *grantModel {
	return &grantModel{
		grants: map[oauth.GrantRef]oauth.Grant{},
		by:     map[oauth.GrantRef]oauth.Digest{},
		made:   map[oauth.GrantRef]oauth.Grant{},
		tokens: map[oauth.Digest]oauth.Access{},

		revoked: map[oauth.UserID]*revocationModel{},
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
	case m.ended(g):
		delete(m.grants, p.Grant)
		return oauth.Ended, oauth.Grant{}
	case !p.Now.Before(g.Expires), !p.Now.Before(g.End):
		return oauth.Expired, oauth.Grant{}
	case p.Serial > g.Serial:
		return oauth.Unknown, oauth.Grant{}
	case g.Binding.Bound() && g.Binding != p.Binding:
		return oauth.Unbound, oauth.Grant{}
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

// left reports whether a client may still have one of the values of a grant.
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
	if p.Access == nil {
		return g
	}
	scope, audience := p.Access.Scope, p.Access.Audience
	if scope == nil {
		scope = g.Scope
	}
	if audience == nil {
		audience = g.Audience
	}
	if p.Access.Formats.Format(oauth.Client{Format: p.Access.Format}, audience) == oauth.FormatOpaque {
		m.tokens[p.Access.Digest] = oauth.Access{
			Digest: p.Access.Digest, Client: g.Client, Scope: scope, Audience: audience, Grant: g.Ref,
			Binding: p.Access.Binding, Issued: p.Now, Expires: earlier(p.Now.Add(p.Access.Life), g.End),
		}
	}
	return g
}

// token returns a token as the store does: the members that it shares with its grant come from the grant.
func (m *grantModel) token(digest oauth.Digest) (oauth.Access, bool) {
	a, ok := m.tokens[digest]
	if ok && a.OfUser() {
		g, _ := m.alive(a.Grant)
		a.Subject, a.Username, a.GrantType, a.AuthTime, a.ACR, a.AMR = string(g.User), g.Username, g.Type, g.AuthTime, g.ACR, g.AMR
	}
	return a, ok
}

func (m *grantModel) ofUser(user oauth.UserID) []oauth.Grant {
	var grants []oauth.Grant
	for _, g := range m.grants {
		if g.User == user && !m.ended(g) {
			grants = append(grants, g)
		}
	}
	slices.SortFunc(grants, func(a, b oauth.Grant) int {
		return cmp.Or(cmp.Compare(store.TagOf(b.Client), store.TagOf(a.Client)), b.Born.Compare(a.Born), cmp.Compare(b.Ref, a.Ref))
	})
	return grants
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
