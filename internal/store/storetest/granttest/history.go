package granttest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Grants is the suite of store.Grants.
func Grants(t *testing.T, open suite.Open) {
	s := open(t)
	t.Run("history", func(t *testing.T) {
		suite.Histories(t, "grants", func(life *suite.History) {
			h := &grantHistory{History: life, s: s, m: newGrantModel()}
			h.run()
		})
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
	*suite.History
	s      suite.Subject
	m      *grantModel
	users  []oauth.UserID
	refs   []oauth.GrantRef
	tokens []oauth.Digest
}

func (h *grantHistory) run() {
	h.users = []oauth.UserID{h.Dice.UUID(), h.Dice.UUID()}
	h.create()
	for range h.Steps() {
		h.Now = h.Now.Add(time.Duration(h.Dice.IntN(20_000)+1) * time.Millisecond)
		switch h.Dice.IntN(14) {
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

func (h *grantHistory) create() {
	g := suite.SampleGrant(h.Dice, suite.Pick(h.Dice, h.users...), h.Now)
	suite.Complete(h.T, g, "Serial", "SpentAt", "Offline", "Generation")
	g.Generation = h.m.revocation(g.User).Latest
	if g.Generation > 0 && h.Dice.OneIn(3) {
		g.Generation-- // the session was read before the last ending
	}
	if h.Dice.OneIn(4) {
		g.Username, g.Session, g.Audience, g.ACR, g.AMR = "", "", nil, "", nil
		g.RedirectURI, g.Nonce, g.Scope, g.Binding = "", "", nil, oauth.Binding{}
		g.AuthTime = time.Time{}
	}
	err := h.s.Grants.Create(h.T.Context(), g)
	suite.Sure(h.T, h.Where("create"), err)
	ended := h.m.ended(g)
	suite.Same(h.T, h.Where("create: ended"), errors.Is(err, store.Revoked), ended)
	if h.m.made[g.Ref] = g; !ended {
		h.m.create(g)
	}
	h.refs = append(h.refs, g.Ref)
}

// raise ends part of what a user has, and the model follows.
func (h *grantHistory) raise() {
	user := suite.Pick(h.Dice, h.users...)
	e := store.Ending{
		User: user, What: suite.Pick(h.Dice, store.EndedUser, store.EndedOthers, store.EndedGrants, store.EndedSession, store.EndedClient),
		Root: suite.Pick(h.Dice, suite.Roots...), Client: suite.Pick[oauth.ClientID](h.Dice, "recipe-app", "other-app"), Now: h.Now, Keep: 24 * time.Hour,
	}
	suite.Sure(h.T, h.Where("raise"), h.s.Revocations.Raise(h.T.Context(), e))
	h.m.raise(e)
}

// reap changes nothing that anybody can see.
func (h *grantHistory) reap() {
	_, err := h.s.Revocations.Reap(h.T.Context(), store.GrantQuery{User: suite.Pick(h.Dice, h.users...), Limit: 1 + h.Dice.IntN(20)})
	suite.Sure(h.T, h.Where("reap"), err)
}

func (h *grantHistory) byClient(user oauth.UserID) {
	var got []store.ClientGrants
	for after := store.ClientTag(""); ; {
		some, err := h.s.Overview.ClientsOfUser(h.T.Context(), store.ClientsQuery{User: user, After: after, Limit: 1})
		suite.Sure(h.T, h.Where("clients of user"), err)
		if len(some) == 0 {
			break
		}
		if after = some[0].Tag; some[0].Count > 0 {
			got = append(got, some[0])
		}
	}
	suite.Same(h.T, h.Where("clients of user"), got, h.m.byClient(user))
}

func (h *grantHistory) advance() {
	ref := h.refs[max(0, len(h.refs)-1-h.Dice.IntN(3))]
	p := h.present(ref)
	if h.Dice.OneIn(2) {
		p.Access = &store.NewAccess{Digest: oauth.DigestOf(h.Dice.Ref()), Life: 2 * time.Minute,
			Format: suite.Pick(h.Dice, "", oauth.FormatOpaque, oauth.FormatJWT), Binding: suite.Pick(h.Dice, oauth.Binding{}, oauth.Binding{CertificateThumbprint: "x5t"}),
			Scope: suite.Pick(h.Dice, nil, oauth.Scopes{"profile"}), Audience: suite.Pick(h.Dice, nil, nil, []string{"[b]", "https://api.example"}),
			Formats: suite.Pick(h.Dice, nil, oauth.Resources{{URI: "https://api.example", Format: oauth.FormatJWT}, {URI: "[b]", Format: oauth.FormatOpaque}}),
		}
		h.tokens = append(h.tokens, p.Access.Digest)
	}
	got, err := h.s.Grants.Advance(h.T.Context(), p)
	suite.Sure(h.T, h.Where("advance"), err)
	ended := h.m.ended(h.m.grants[ref])
	wantVerdict, want := h.m.advance(p)
	if ended && got.Verdict == oauth.Unknown {
		wantVerdict = oauth.Unknown // a Reap was faster
	}
	suite.Same(h.T, h.Where("verdict"), got.Verdict, wantVerdict)
	suite.Same(h.T, h.Where("grant after "+string(got.Verdict)), got.Grant, want)
	if want.Ref != "" {
		suite.Same(h.T, h.Where("time"), got.At, h.Now)
	}
	if p.Access != nil {
		h.lookAt(p.Access.Digest, ref)
	}
}

// present shows a credential of a grant: most often the live one, as its holder would.
func (h *grantHistory) present(ref oauth.GrantRef) store.Presentation {
	p := suite.Showing(h.m.made[ref], h.Now)
	p.Presenter = oauth.DigestOf(suite.Pick(h.Dice, "p", "p", "q"))
	p.Grace, p.Rotate, p.Keep = suite.Pick(h.Dice, 0, 10*time.Second, 30*time.Second), !h.Dice.OneIn(4), 3*time.Minute
	p.Serial = h.m.grants[ref].Serial
	switch h.Dice.IntN(10) {
	case 0:
		p.Client = "somebody-else"
	case 1:
		p.Serial++
	case 2, 3:
		p.Serial = max(p.Serial, 1) - 1
	case 4:
		p.Serial = uint32(h.Dice.IntN(int(p.Serial) + 1)) //nolint:gosec // small
	case 7:
		p.Binding = suite.Pick(h.Dice, oauth.Binding{}, oauth.Binding{CertificateThumbprint: "jkt"})
	case 5:
		p.Scope = suite.Pick(h.Dice, nil, oauth.Scopes{"prof"}, oauth.Scopes{"profile", "write"})
	case 6:
		p.Audience = suite.Pick(h.Dice, nil, []string{"https://api.exampl"}, []string{"[b]", "https://api.example"})
	}
	return p
}

func (h *grantHistory) get() {
	ref := suite.Pick(h.Dice, h.refs...)
	got, err := h.s.Grants.Get(h.T.Context(), ref)
	suite.Sure(h.T, h.Where("get"), err)
	want, ok := h.m.alive(ref)
	suite.Same(h.T, h.Where("get: absent"), errors.Is(err, store.Absent), !ok)
	suite.Same(h.T, h.Where("get"), got, want)
}

func (h *grantHistory) ofUser() {
	user := suite.Pick(h.Dice, h.users...)
	got := suite.EveryGrant(h.T, h.s, store.GrantQuery{User: user, Limit: 1 + h.Dice.IntN(4)})
	suite.Same(h.T, h.Where("of user"), got, h.m.ofUser(user))
	one := suite.Pick[oauth.ClientID](h.Dice, "recipe-app", "other-app")
	got = suite.EveryGrant(h.T, h.s, store.GrantQuery{User: user, Client: one, Limit: 1 + h.Dice.IntN(4)})
	want := slices.DeleteFunc(h.m.ofUser(user), func(g oauth.Grant) bool { return g.Client != one })
	suite.Same(h.T, h.Where("of user and client"), len(got), len(want))
	if len(want) > 0 {
		suite.Same(h.T, h.Where("of user and client"), got, want)
	}
	h.byClient(user)
}

func (h *grantHistory) kill() {
	refs := []oauth.GrantRef{suite.Pick(h.Dice, h.refs...), oauth.GrantRef(h.Dice.Ref()), suite.Pick(h.Dice, h.refs...)}
	suite.Sure(h.T, h.Where("kill"), h.s.Grants.Kill(h.T.Context(), refs...))
	for _, ref := range refs {
		delete(h.m.grants, ref)
	}
}

func (h *grantHistory) look() {
	if len(h.tokens) > 0 {
		h.lookAt(suite.Pick(h.Dice, h.tokens...), suite.Pick(h.Dice, h.refs...))
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
	got, err := h.s.Access.Look(h.T.Context(), q)
	suite.Sure(h.T, h.Where("look"), err)
	if found && !grantFound { // the store may still have the grant that was ended: a Reap comes later
		a := &got.Access
		a.Subject, a.Username, a.GrantType, a.AuthTime, a.ACR, a.AMR = "", "", "", time.Time{}, "", nil
	}
	suite.Same(h.T, h.Where("look"), got, store.Standing{
		Access: want, Found: found, Grant: grant, GrantFound: grantFound,
	})
}
