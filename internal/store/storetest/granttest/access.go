package granttest

import (
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Access is the suite of store.Access. How tokens and grants hang together is part of Grants.
func Access(t *testing.T, open suite.Open) {
	s := open(t)
	t.Run("history", func(t *testing.T) {
		suite.Histories(t, "access", func(life *suite.History) {
			h := &accessHistory{History: life, s: s}
			h.run()
		})
	})
	t.Run("the later revocation of a client counts", func(t *testing.T) { laterCounts(t, s) })
	t.Run("goes by itself", func(t *testing.T) { tokenGoes(t, s) })
}

// accessHistory is one random life of a few tokens of two clients.
type accessHistory struct {
	*suite.History
	s       suite.Subject
	tokens  map[oauth.Digest]oauth.Access // opaque ones that are there
	ended   map[oauth.Digest]bool         // those of them that were revoked
	denied  map[oauth.Digest]bool         // JWTs on the deny list
	before  map[oauth.ClientID]time.Time
	clients []oauth.ClientID
	digests []oauth.Digest
}

func (h *accessHistory) run() {
	h.ended = map[oauth.Digest]bool{}
	h.tokens, h.denied, h.before = map[oauth.Digest]oauth.Access{}, map[oauth.Digest]bool{}, map[oauth.ClientID]time.Time{}
	h.clients = []oauth.ClientID{oauth.ClientID(h.Dice.Ref()), oauth.ClientID(h.Dice.Ref() + " odd:*{}")}
	for range 4 {
		h.digests = append(h.digests, oauth.DigestOf(h.Dice.Ref()))
	}
	for range h.Steps() {
		h.Now = h.Now.Add(time.Duration(h.Dice.IntN(20_000)+1) * time.Millisecond)
		switch h.Dice.IntN(6) {
		case 0, 1:
			h.put()
		case 2:
			h.revoke()
		case 3:
			h.revokeClient()
		}
		h.look()
	}
}

func (h *accessHistory) put() {
	client := suite.Pick(h.Dice, h.clients...)
	a := oauth.Access{
		Digest: suite.Pick(h.Dice, h.digests...), Client: client, Subject: suite.Pick(h.Dice, string(client), "somebody"),
		Scope: oauth.Scopes{"read", "write"}, Audience: []string{"https://api.example"},
		GrantType: suite.Pick(h.Dice, oauth.GrantClientCredentials, "urn:example:another"),
		Binding:   suite.Pick(h.Dice, oauth.Binding{KeyThumbprint: "jkt"}, oauth.Binding{CertificateThumbprint: "x5t"}),
		Issued:    h.Now, Expires: h.Now.Add(15 * time.Minute),
	}
	suite.Complete(h.T, a, "JTI", "Username", "Grant", "Session", "AuthTime", "ACR", "AMR") // those of users and of JWTs
	if h.Dice.OneIn(3) {
		a.Scope, a.Audience, a.Binding = nil, nil, oauth.Binding{}
	}
	err := h.s.Access.Put(h.T.Context(), a, h.Now)
	suite.Sure(h.T, h.Where("put"), err)
	suite.Same(h.T, h.Where("put what was revoked"), errors.Is(err, store.Conflict), h.ended[a.Digest])
	if !h.ended[a.Digest] {
		h.tokens[a.Digest] = a
	}
}

func (h *accessHistory) revoke() {
	digest := suite.Pick(h.Dice, h.digests...)
	q := store.Query{Digest: digest, Format: suite.Pick(h.Dice, oauth.FormatOpaque, oauth.FormatJWT)}
	live := suite.Pick(h.Dice, time.Minute, -time.Minute)
	suite.Sure(h.T, h.Where("revoke"), h.s.Access.Revoke(h.T.Context(), q, h.Now.Add(live), h.Now))
	if q.Format == oauth.FormatOpaque {
		h.ended[digest] = h.tokens[digest].Client != ""
	} else if live > 0 {
		h.denied[digest] = true
	}
}

func (h *accessHistory) revokeClient() {
	client := suite.Pick(h.Dice, h.clients...)
	before := h.Now.Add(time.Duration(h.Dice.IntN(60_000)-30_000) * time.Millisecond)
	suite.Sure(h.T, h.Where("revoke client"), h.s.Access.RevokeClient(h.T.Context(), client, before, time.Hour))
	if before.After(h.before[client]) {
		h.before[client] = before
	}
}

func (h *accessHistory) look() {
	client := suite.Pick(h.Dice, h.clients...)
	digest := suite.Pick(h.Dice, h.digests...)
	want := store.Standing{ClientBefore: h.before[client]}
	q := store.Query{Digest: digest, Format: oauth.FormatJWT, Client: store.TagOf(client)}
	if h.Dice.OneIn(2) {
		q.Format = oauth.FormatOpaque
		want.Access, want.Revoked = h.tokens[digest], h.ended[digest]
		want.Found = h.tokens[digest].Client != "" && !want.Revoked
	} else {
		want.Revoked = h.denied[digest]
	}
	got, err := h.s.Access.Look(h.T.Context(), q)
	suite.Sure(h.T, h.Where("look"), err)
	suite.Same(h.T, h.Where("look"), got, want)
}

// laterCounts lets a crowd revoke one client at different times.
func laterCounts(t *testing.T, s suite.Subject) {
	client, now := oauth.ClientID(suite.Roll("later counts", 0).Ref()), suite.Start()
	suite.Together(suite.Crowd, func(i int) {
		before := now.Add(time.Duration(i*7%suite.Crowd) * time.Second)
		if err := s.Access.RevokeClient(t.Context(), client, before, time.Hour); err != nil {
			t.Errorf("revoke client: %v", err)
		}
	})
	got, err := s.Access.Look(t.Context(), store.Query{Format: oauth.FormatJWT, Client: store.TagOf(client)})
	suite.Sure(t, "look", err)
	suite.Same(t, "before", got.ClientBefore, now.Add((suite.Crowd-1)*time.Second))
}

// tokenGoes holds tokens and revocations to their time to live.
func tokenGoes(t *testing.T, s suite.Subject) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	d := suite.Roll("a token goes", 0)
	client, digest := oauth.ClientID(d.Ref()), oauth.DigestOf(d.Ref())
	const life = 100 * time.Millisecond
	suite.Sure(t, "put", s.Access.Put(t.Context(), oauth.Access{Digest: digest, Client: client, Expires: now.Add(life)}, now))
	jwt := store.Query{Digest: digest, Format: oauth.FormatJWT, Client: store.TagOf(client)}
	suite.Sure(t, "revoke", s.Access.Revoke(t.Context(), jwt, now.Add(life), now))
	suite.Sure(t, "revoke client", s.Access.RevokeClient(t.Context(), client, now, life))
	suite.EventuallyAbsent(t, "a token", func() error {
		opaque := store.Query{Digest: digest, Format: oauth.FormatOpaque, Client: store.TagOf(client)}
		a, err := s.Access.Look(t.Context(), opaque)
		if err == nil && !a.Found && a.ClientBefore.IsZero() {
			return store.Absent
		}
		return err
	})
	suite.EventuallyAbsent(t, "a revocation", func() error {
		a, err := s.Access.Look(t.Context(), jwt)
		if err == nil && !a.Revoked {
			return store.Absent
		}
		return err
	})

	// A longer revocation is not cut short by a later, shorter one.
	suite.Sure(t, "revoke", s.Access.Revoke(t.Context(), jwt, now.Add(time.Hour), now))
	suite.Sure(t, "revoke", s.Access.Revoke(t.Context(), jwt, now.Add(-life), now))
	a, err := s.Access.Look(t.Context(), jwt)
	suite.Sure(t, "look", err)
	suite.Same(t, "still revoked", a.Revoked, true)
}
