package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Grants is the suite of store.Grants.
func Grants(t *testing.T, open Open) {
	s := open(t)
	t.Run("history", func(t *testing.T) {
		for seed := range uint64(seeds) {
			h := &grantHistory{t: t, s: s, d: roll("grants", seed), m: newGrantModel(), now: start(), seed: seed}
			h.run()
		}
	})
	t.Run("one of a crowd advances", func(t *testing.T) { oneAdvances(t, s) })
	t.Run("the same presenter is retried", func(t *testing.T) { samePresenter(t, s) })
	t.Run("linearizable", func(t *testing.T) { linearizable(t, s) })
	t.Run("many grants of one user", func(t *testing.T) { manyGrants(t, s) })
	t.Run("the oldest grant of a client ends", func(t *testing.T) { boundedGrants(t, s) })
	t.Run("the oldest code of a browser ends", func(t *testing.T) { boundedCodes(t, s) })
	t.Run("ends whatever happens", func(t *testing.T) { grantEnds(t, s) })
	t.Run("one of a crowd creates once", func(t *testing.T) { createOnce(t, s) })
	t.Run("goes by itself", func(t *testing.T) { grantGoes(t, s) })
}

// grantHistory is one random life of a few grants of two users.
type grantHistory struct {
	t      *testing.T
	s      Subject
	d      dice
	m      *grantModel
	now    time.Time
	seed   uint64
	step   int
	users  []oauth.UserID
	refs   []oauth.GrantRef
	tokens []oauth.Digest
}

func (h *grantHistory) where(what string) string {
	return fmt.Sprintf("seed %d step %d: %s", h.seed, h.step, what)
}

func (h *grantHistory) run() {
	h.users = []oauth.UserID{h.d.uuid(), h.d.uuid()}
	h.create()
	for h.step = range steps {
		h.now = h.now.Add(time.Duration(h.d.IntN(20_000)+1) * time.Millisecond)
		switch h.d.IntN(14) {
		case 6:
			h.raise()
		case 7:
			h.reap()
		case 0, 1:
			h.create()
		case 2:
			h.kill()
		case 3:
			h.get()
		case 4:
			h.ofUser()
		case 5:
			h.look()
		default:
			h.advance()
		}
	}
}

// sampleGrant fills every field.
func sampleGrant(d dice, user oauth.UserID, now time.Time) oauth.Grant {
	return oauth.Grant{
		Ref: d.grantRef(user), Type: pick(d, oauth.GrantAuthorizationCode, "urn:example:another"), Client: pick[oauth.ClientID](d, "recipe-app", "other-app"), User: user,
		Username: "alice", Session: oauth.SessionRef(d.ref()), Scope: oauth.Scopes{"openid", "profile"},
		Audience: pick(d, []string{"https://api.example"}, []string{"https://a.example/x y", "[b]"}, []string{"[odd"}),
		Born:     now, Expires: now.Add(3 * time.Minute), End: now.Add(pick(d, 2*time.Minute, 4*time.Minute, time.Hour)),
		AuthTime: now.Add(-time.Minute).Truncate(time.Second), ACR: "pwd", AMR: []string{"pwd"}, Offline: d.oneIn(2),
		Binding:     oauth.Binding{KeyThumbprint: "jkt"},
		RedirectURI: "https://app.example/callback?" + strings.Repeat("long", d.IntN(40)),
		Nonce:       "n-0S6_WzA2Mj",
	}
}

func (h *grantHistory) create() {
	g := sampleGrant(h.d, pick(h.d, h.users...), h.now)
	complete(h.t, g, "Serial", "SpentAt", "Offline", "Generation")
	g.Generation = h.m.revocation(g.User).Latest
	if g.Generation > 0 && h.d.oneIn(3) {
		g.Generation-- // the session was read before the last ending
	}
	if h.d.oneIn(4) {
		g.Username, g.Session, g.Audience, g.ACR, g.AMR = "", "", nil, "", nil
		g.RedirectURI, g.Nonce, g.Scope, g.Binding = "", "", nil, oauth.Binding{}
		g.AuthTime = time.Time{}
	}
	err := h.s.Grants.Create(h.t.Context(), g)
	sure(h.t, h.where("create"), err)
	ended := h.m.ended(g)
	same(h.t, h.where("create: ended"), errors.Is(err, store.Revoked), ended)
	if h.m.made[g.Ref] = g; !ended {
		h.m.create(g)
	}
	h.refs = append(h.refs, g.Ref)
}

// raise ends part of what a user has, and the model follows.
func (h *grantHistory) raise() {
	user := pick(h.d, h.users...)
	e := store.Ending{
		User: user, What: pick(h.d, store.EndedUser, store.EndedOthers, store.EndedGrants, store.EndedSession, store.EndedClient),
		Root: pick(h.d, roots...), Client: pick[oauth.ClientID](h.d, "recipe-app", "other-app"), Now: h.now, Keep: 24 * time.Hour,
	}
	sure(h.t, h.where("raise"), h.s.Revocations.Raise(h.t.Context(), e))
	h.m.raise(e)
}

// reap changes nothing that anybody can see.
func (h *grantHistory) reap() {
	_, err := h.s.Revocations.Reap(h.t.Context(), store.GrantQuery{User: pick(h.d, h.users...), Limit: 1 + h.d.IntN(20)})
	sure(h.t, h.where("reap"), err)
}

func (h *grantHistory) byClient(user oauth.UserID) {
	var got []store.ClientGrants
	for after := store.ClientTag(""); ; {
		some, err := h.s.Overview.ClientsOfUser(h.t.Context(), store.ClientsQuery{User: user, After: after, Limit: 1})
		sure(h.t, h.where("clients of user"), err)
		if len(some) == 0 {
			break
		}
		if after = some[0].Tag; some[0].Count > 0 {
			got = append(got, some[0])
		}
	}
	same(h.t, h.where("clients of user"), got, h.m.byClient(user))
}

// everyGrant reads all pages.
func everyGrant(t *testing.T, s Subject, q store.GrantQuery) []oauth.Grant {
	t.Helper()
	var all []oauth.Grant
	for {
		page, err := s.Grants.OfUser(t.Context(), q)
		sure(t, "of user", err)
		all = append(all, page.Grants...)
		if q.After = page.Next; q.After == "" {
			return all
		}
	}
}

// showing is a presentation of a grant's live credential that every check lets through.
func showing(g oauth.Grant, now time.Time) store.Presentation {
	return store.Presentation{
		Grant: g.Ref, Client: g.Client, Serial: g.Serial, Now: now,
		Rotate: true, Keep: time.Hour, Scope: g.Scope, Audience: g.Audience, Binding: g.Binding,
	}
}

func (h *grantHistory) advance() {
	ref := h.refs[max(0, len(h.refs)-1-h.d.IntN(3))]
	p := h.present(ref)
	if h.d.oneIn(2) {
		p.Access = &store.NewAccess{Digest: oauth.DigestOf(h.d.ref()), Life: 2 * time.Minute,
			Format: pick(h.d, "", oauth.FormatOpaque, oauth.FormatJWT), Binding: pick(h.d, oauth.Binding{}, oauth.Binding{CertificateThumbprint: "x5t"}),
			Scope: pick(h.d, nil, oauth.Scopes{"profile"}), Audience: pick(h.d, nil, nil, []string{"[b]", "https://api.example"}),
			Formats: pick(h.d, nil, oauth.Resources{{URI: "https://api.example", Format: oauth.FormatJWT}, {URI: "[b]", Format: oauth.FormatOpaque}}),
		}
		h.tokens = append(h.tokens, p.Access.Digest)
	}
	got, err := h.s.Grants.Advance(h.t.Context(), p)
	sure(h.t, h.where("advance"), err)
	ended := h.m.ended(h.m.grants[ref])
	wantVerdict, want := h.m.advance(p)
	if ended && got.Verdict == oauth.Unknown {
		wantVerdict = oauth.Unknown // a Reap was faster
	}
	same(h.t, h.where("verdict"), got.Verdict, wantVerdict)
	same(h.t, h.where("grant after "+string(got.Verdict)), got.Grant, want)
	if want.Ref != "" {
		same(h.t, h.where("time"), got.At, h.now)
	}
	if p.Access != nil {
		h.lookAt(p.Access.Digest, ref)
	}
}

// present shows a credential of a grant: most often the live one, as its holder would.
func (h *grantHistory) present(ref oauth.GrantRef) store.Presentation {
	p := showing(h.m.made[ref], h.now)
	p.Presenter = oauth.DigestOf(pick(h.d, "p", "p", "q"))
	p.Grace, p.Rotate, p.Keep = pick(h.d, 0, 10*time.Second, 30*time.Second), !h.d.oneIn(4), 3*time.Minute
	p.Serial = h.m.grants[ref].Serial
	switch h.d.IntN(10) {
	case 0:
		p.Client = "somebody-else"
	case 1:
		p.Serial++
	case 2, 3:
		p.Serial = max(p.Serial, 1) - 1
	case 4:
		p.Serial = uint32(h.d.IntN(int(p.Serial) + 1)) //nolint:gosec // small
	case 7:
		p.Binding = pick(h.d, oauth.Binding{}, oauth.Binding{CertificateThumbprint: "jkt"})
	case 5:
		p.Scope = pick(h.d, nil, oauth.Scopes{"prof"}, oauth.Scopes{"profile", "write"})
	case 6:
		p.Audience = pick(h.d, nil, []string{"https://api.exampl"}, []string{"[b]", "https://api.example"})
	}
	return p
}

func (h *grantHistory) get() {
	ref := pick(h.d, h.refs...)
	got, err := h.s.Grants.Get(h.t.Context(), ref)
	sure(h.t, h.where("get"), err)
	want, ok := h.m.alive(ref)
	same(h.t, h.where("get: absent"), errors.Is(err, store.Absent), !ok)
	same(h.t, h.where("get"), got, want)
}

func (h *grantHistory) ofUser() {
	user := pick(h.d, h.users...)
	got := everyGrant(h.t, h.s, store.GrantQuery{User: user, Limit: 1 + h.d.IntN(4)})
	same(h.t, h.where("of user"), got, h.m.ofUser(user))
	one := pick[oauth.ClientID](h.d, "recipe-app", "other-app")
	got = everyGrant(h.t, h.s, store.GrantQuery{User: user, Client: one, Limit: 1 + h.d.IntN(4)})
	want := slices.DeleteFunc(h.m.ofUser(user), func(g oauth.Grant) bool { return g.Client != one })
	same(h.t, h.where("of user and client"), len(got), len(want))
	if len(want) > 0 {
		same(h.t, h.where("of user and client"), got, want)
	}
	h.byClient(user)
}

func (h *grantHistory) kill() {
	refs := []oauth.GrantRef{pick(h.d, h.refs...), oauth.GrantRef(h.d.ref()), pick(h.d, h.refs...)}
	sure(h.t, h.where("kill"), h.s.Grants.Kill(h.t.Context(), refs...))
	for _, ref := range refs {
		delete(h.m.grants, ref)
	}
}

func (h *grantHistory) look() {
	if len(h.tokens) > 0 {
		h.lookAt(pick(h.d, h.tokens...), pick(h.d, h.refs...))
	}
}

// lookAt compares a token. Its grant is asked for as the token itself would name it.
func (h *grantHistory) lookAt(digest oauth.Digest, ref oauth.GrantRef) {
	want, found := h.m.token(digest)
	if found {
		ref = want.Grant
	}
	grant, grantFound := h.m.alive(ref)
	client := h.m.grants[ref].Client
	q := store.Query{Digest: digest, Format: oauth.FormatOpaque, Grant: ref, Client: store.TagOf(client)}
	got, err := h.s.Access.Look(h.t.Context(), q)
	sure(h.t, h.where("look"), err)
	if found && !grantFound { // the store may still have the grant that was ended: a Reap comes later
		a := &got.Access
		a.Subject, a.Username, a.GrantType, a.AuthTime, a.ACR, a.AMR = "", "", "", time.Time{}, "", nil
	}
	same(h.t, h.where("look"), got, store.Standing{
		Access: want, Found: found, Grant: grant, GrantFound: grantFound,
	})
}
