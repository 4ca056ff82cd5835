package suite

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// SessionLife is the life of a sample session.
const SessionLife = 3 * time.Minute

// SampleGrant returns a new grant with a value in every field.
func SampleGrant(d Dice, user oauth.UserID, now time.Time) oauth.Grant {
	return oauth.Grant{
		Ref: d.GrantRef(user), Type: Pick(d, oauth.GrantAuthorizationCode, "urn:example:another"), Client: Pick[oauth.ClientID](d, "recipe-app", "other-app"), User: user,
		Username: "alice", Session: oauth.SessionRef(d.Ref()), Scope: oauth.Scopes{"openid", "profile"},
		Audience: Pick(d, []string{"https://api.example"}, []string{"https://a.example/x y", "[b]"}, []string{"[odd"}),
		Born:     now, Expires: now.Add(3 * time.Minute), End: now.Add(Pick(d, 2*time.Minute, 4*time.Minute, time.Hour)),
		AuthTime: now.Add(-time.Minute).Truncate(time.Second), ACR: "pwd", AMR: []string{"pwd"}, Offline: d.OneIn(2),
		Binding:     oauth.Binding{KeyThumbprint: "jkt"},
		RedirectURI: "https://app.example/callback?" + strings.Repeat("long", d.IntN(40)),
		Nonce:       "n-0S6_WzA2Mj",
	}
}

// EveryGrant returns the grants of all pages.
func EveryGrant(t *testing.T, s Subject, q store.GrantQuery) []oauth.Grant {
	t.Helper()
	var all []oauth.Grant
	for {
		page, err := s.Grants.OfUser(t.Context(), q)
		Sure(t, "of user", err)
		all = append(all, page.Grants...)
		if q.After = page.Next; q.After == "" {
			return all
		}
	}
}

// Showing returns a presentation of a grant's live credential that every check lets through.
func Showing(g oauth.Grant, now time.Time) store.Presentation {
	return store.Presentation{
		Grant: g.Ref, Client: g.Client, Serial: g.Serial, Now: now,
		Rotate: true, Keep: time.Hour, Scope: g.Scope, Audience: g.Audience, Binding: g.Binding,
	}
}

// GrantAt stores a grant whose live credential has a serial.
func GrantAt(t *testing.T, s Subject, d Dice, serial uint32) oauth.Grant {
	t.Helper()
	g := SampleGrant(d, d.UUID(), Start())
	g.Serial = serial
	Sure(t, "create", s.Grants.Create(t.Context(), g))
	return g
}

// SampleSession returns a new session with a value in every field that its caller sets.
func SampleSession(d Dice, user oauth.UserID, now time.Time) oauth.Session {
	return oauth.Session{
		Ref: d.SessionRef(user), User: user, Username: "alice", AuthTime: now, ACR: "pwd", AMR: []string{"pwd", "otp"},
		Device: "Firefox on Linux", IP: "192.0.2.7", Started: now, Seen: now, Expires: now.Add(SessionLife),
		End: now.Add(24 * time.Hour), Root: Pick(d, Roots...),
	}
}

// SampleClient returns a client with a value in every field but the revision.
func SampleClient(id oauth.ClientID, now time.Time) oauth.Client {
	return oauth.Client{
		ID: id, Name: "Recipes", Disabled: true, Method: oauth.AuthBasic,
		Secrets: []oauth.Secret{
			{ID: "1", Scheme: oauth.SchemeDigest, Key: "k", Hash: "aGFzaA", Created: now, Expires: now.Add(time.Hour)},
			{ID: "2", Scheme: oauth.SchemeArgon2id, Hash: "$argon2id$", Created: now},
		},
		Type: oauth.AppNative, RedirectURIs: []string{"https://app.example/cb", "com.example:/cb"},
		PostLogoutURIs: []string{"https://app.example/"}, GrantTypes: []string{oauth.GrantAuthorizationCode},
		Scopes: oauth.Scopes{"openid", "read"}, DefaultScopes: oauth.Scopes{"read"},
		Audience: []string{"https://api.example"}, Resources: []string{"https://api.example"},
		Format: oauth.FormatJWT, Algorithm: "ES256", Rotation: oauth.RotateNever, Introspection: oauth.IntrospectAny,
		SkipConsent: true, SignOutEndsAll: true, RequestsPerMinute: 600, Claims: map[string]string{"tenant": "x"},
		Lifetimes: oauth.Lifetimes{Code: time.Minute, Access: time.Hour, RefreshIdle: 48 * time.Hour, RefreshAbsolute: 720 * time.Hour},
		NotBefore: now, Created: now, Updated: now,
	}
}

// EventuallyAbsent waits until ask returns Absent.
func EventuallyAbsent(t *testing.T, what string, ask func() error) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 500 {
		err := ask()
		if errors.Is(err, store.Absent) {
			return
		}
		Sure(t, what, err)
		<-ticker.C
	}
	t.Errorf("%s is still there long after its end", what)
}

// Pages compares a list that is read page by page, from end to end.
func Pages[ID ~string](t *testing.T, where string, limit int, want []ID, page func(after ID) ([]ID, error)) {
	t.Helper()
	var got []ID
	var after ID
	for {
		ids, err := page(after)
		Sure(t, where, err)
		if len(ids) > limit {
			t.Fatalf("%s: %d ids on a page of %d", where, len(ids), limit)
		}
		if len(ids) == 0 {
			break
		}
		got, after = append(got, ids...), ids[len(ids)-1]
	}
	Same(t, where, got, want)
}
