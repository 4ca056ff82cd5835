package adminapi

import (
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// introspectOwn is how the API writes oauth.IntrospectOwn.
const introspectOwn = "own"

// defaultMetadata is what is left out, and what null gives back. A client's name is its id.
func defaultMetadata(id string) adminwire.ClientMetadata {
	return adminwire.ClientMetadata{
		Name: id, Method: string(oauth.AuthBasic), Type: string(oauth.AppWeb), GrantTypes: []string{oauth.GrantAuthorizationCode},
		Format: string(oauth.FormatOpaque), Introspection: introspectOwn,
	}
}

// clientOf gives the client that metadata describe, and what is wrong with their form; the rules are
// the registry's business.
func clientOf(m adminwire.ClientMetadata) (oauth.Client, web.FaultErrors) {
	var faults web.FaultErrors
	scope := func(pointer, text string) oauth.Scopes {
		parsed, err := oauth.ParseScopes(text)
		if err != nil || parsed.String() != text {
			faults = append(faults, adminwire.Fault{Pointer: pointer, Detail: "is not a list of scope values with single spaces between them"})
		}
		return parsed
	}
	for name := range m.Claims {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			faults = append(faults, adminwire.Fault{Pointer: "/claims", Detail: "a name is not of printable ASCII characters"})
			break
		}
	}
	for _, one := range m.Audience {
		if strings.ContainsFunc(one, func(r rune) bool { return r <= ' ' || r > '~' }) {
			faults = append(faults, adminwire.Fault{Pointer: "/audience", Detail: "a value is not of printable ASCII characters"})
			break
		}
	}
	if !slices.Contains([]string{introspectOwn, string(oauth.IntrospectAny)}, m.Introspection) {
		faults = append(faults, adminwire.Fault{Pointer: "/introspection", Detail: "is neither own nor any"})
	}
	seconds := func(n int64) time.Duration { return time.Duration(n) * time.Second }
	c := oauth.Client{
		Name: m.Name, Disabled: m.Disabled, Method: oauth.AuthMethod(m.Method), Type: oauth.ApplicationType(m.Type),
		GrantTypes: m.GrantTypes, RedirectURIs: m.RedirectURIs, PostLogoutURIs: m.PostLogoutURIs,
		Scopes: scope("/scope", m.Scope), DefaultScopes: scope("/default_scope", m.DefaultScope),
		Audience: m.Audience, Resources: m.Resources, Format: oauth.TokenFormat(m.Format), Algorithm: m.Algorithm,
		Rotation: oauth.Rotation(m.Rotation), Introspection: oauth.Introspection(m.Introspection), SkipConsent: m.SkipConsent,
		SignOutEndsAll: m.SignOutEndsAll,
		Lifetimes: oauth.Lifetimes{
			Code: seconds(m.Lifetimes.Code), Access: seconds(m.Lifetimes.Access),
			RefreshIdle: seconds(m.Lifetimes.RefreshIdle), RefreshAbsolute: seconds(m.Lifetimes.RefreshAbsolute),
		},
		RequestsPerMinute: int(m.PerMinute), Claims: m.Claims,
	}
	if m.Introspection == introspectOwn {
		c.Introspection = oauth.IntrospectOwn
	}
	return c, faults
}

// metadataOf is the opposite of clientOf.
func metadataOf(c oauth.Client) adminwire.ShownMetadata {
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	m := adminwire.ShownMetadata{
		Name: c.Name, Disabled: c.Disabled, Method: string(c.Method), Type: string(c.Type),
		GrantTypes: list(c.GrantTypes), RedirectURIs: list(c.RedirectURIs), PostLogoutURIs: list(c.PostLogoutURIs),
		Scope: c.Scopes.String(), DefaultScope: c.DefaultScopes.String(), Audience: list(c.Audience), Resources: list(c.Resources),
		Format: string(c.Format), Algorithm: c.Algorithm, Rotation: string(c.Rotation), Introspection: string(c.Introspection),
		SkipConsent: c.SkipConsent, SignOutEndsAll: c.SignOutEndsAll, PerMinute: int64(c.RequestsPerMinute),
		Lifetimes: adminwire.Lifetimes{
			Code: seconds(c.Lifetimes.Code), Access: seconds(c.Lifetimes.Access),
			RefreshIdle: seconds(c.Lifetimes.RefreshIdle), RefreshAbsolute: seconds(c.Lifetimes.RefreshAbsolute),
		},
		Claims: c.Claims,
	}
	if m.Introspection == "" {
		m.Introspection = introspectOwn
	}
	if m.Claims == nil {
		m.Claims = map[string]string{}
	}
	return m
}

// list is never null in an answer.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

func shownClient(c oauth.Client, secret oauth.Token) adminwire.Client {
	return adminwire.Client{
		ID: string(c.ID), Secret: secret.Reveal(), ShownMetadata: metadataOf(c),
		NotBefore: shownTime(c.NotBefore), Created: shownTime(c.Created), Updated: shownTime(c.Updated), Revision: c.Revision,
	}
}

// shownTime is a time in UTC, to a millisecond; the zero time stays zero.
func shownTime(t time.Time) adminwire.Time { return t.UTC().Truncate(time.Millisecond) }
