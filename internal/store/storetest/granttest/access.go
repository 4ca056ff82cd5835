package granttest

import (
	"errors"
	"fmt"
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
		for seed := range uint64(suite.Seeds) {
			h := &accessHistory{t: t, s: s, d: suite.Roll("access", seed), now: suite.Start(), seed: seed}
			h.run()
		}
	})
	t.Run("the later revocation of a client counts", func(t *testing.T) { laterCounts(t, s) })
	t.Run("goes by itself", func(t *testing.T) { tokenGoes(t, s) })
}

// accessHistory is one random life of a few tokens of two clients.
type accessHistory struct {
	t       *testing.T
	s       suite.Subject
	d       suite.Dice
	now     time.Time
	seed    uint64
	step    int
	tokens  map[oauth.Digest]oauth.Access // opaque ones that are there
	ended   map[oauth.Digest]bool         // those of them that were revoked
	denied  map[oauth.Digest]bool         // JWTs on the deny list
	before  map[oauth.ClientID]time.Time
	clients []oauth.ClientID
	digests []oauth.Digest
}

func (h *accessHistory) where(what string) string {
	return fmt.Sprintf("seed %d step %d: %s", h.seed, h.step, what)
}

func (h *accessHistory) run() {
	h.ended = map[oauth.Digest]bool{}
	h.tokens, h.denied, h.before = map[oauth.Digest]oauth.Access{}, map[oauth.Digest]bool{}, map[oauth.ClientID]time.Time{}
	h.clients = []oauth.ClientID{oauth.ClientID(h.d.Ref()), oauth.ClientID(h.d.Ref() + " odd:*{}")}
	for range 4 {
		h.digests = append(h.digests, oauth.DigestOf(h.d.Ref()))
	}
	for h.step = range suite.Steps {
		h.now = h.now.Add(time.Duration(h.d.IntN(20_000)+1) * time.Millisecond)
		switch h.d.IntN(6) {
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
	client := suite.Pick(h.d, h.clients...)
	a := oauth.Access{
		Digest: suite.Pick(h.d, h.digests...), Client: client, Subject: suite.Pick(h.d, string(client), "somebody"),
		Scope: oauth.Scopes{"read", "write"}, Audience: []string{"https://api.example"},
		GrantType: suite.Pick(h.d, oauth.GrantClientCredentials, "urn:example:another"),
		Binding:   suite.Pick(h.d, oauth.Binding{KeyThumbprint: "jkt"}, oauth.Binding{CertificateThumbprint: "x5t"}),
		Issued:    h.now, Expires: h.now.Add(15 * time.Minute),
	}
	suite.Complete(h.t, a, "JTI", "Username", "Grant", "Session", "AuthTime", "ACR", "AMR") // those of users and of JWTs
	if h.d.OneIn(3) {
		a.Scope, a.Audience, a.Binding = nil, nil, oauth.Binding{}
	}
	err := h.s.Access.Put(h.t.Context(), a, h.now)
	suite.Sure(h.t, h.where("put"), err)
	suite.Same(h.t, h.where("put what was revoked"), errors.Is(err, store.Conflict), h.ended[a.Digest])
	if !h.ended[a.Digest] {
		h.tokens[a.Digest] = a
	}
}

func (h *accessHistory) revoke() {
	digest := suite.Pick(h.d, h.digests...)
	q := store.Query{Digest: digest, Format: suite.Pick(h.d, oauth.FormatOpaque, oauth.FormatJWT)}
	live := suite.Pick(h.d, time.Minute, -time.Minute)
	suite.Sure(h.t, h.where("revoke"), h.s.Access.Revoke(h.t.Context(), q, h.now.Add(live), h.now))
	if q.Format == oauth.FormatOpaque {
		h.ended[digest] = h.tokens[digest].Client != ""
	} else if live > 0 {
		h.denied[digest] = true
	}
}

func (h *accessHistory) revokeClient() {
	client := suite.Pick(h.d, h.clients...)
	before := h.now.Add(time.Duration(h.d.IntN(60_000)-30_000) * time.Millisecond)
	suite.Sure(h.t, h.where("revoke client"), h.s.Access.RevokeClient(h.t.Context(), client, before, time.Hour))
	if before.After(h.before[client]) {
		h.before[client] = before
	}
}

func (h *accessHistory) look() {
	client := suite.Pick(h.d, h.clients...)
	digest := suite.Pick(h.d, h.digests...)
	want := store.Standing{ClientBefore: h.before[client]}
	q := store.Query{Digest: digest, Format: oauth.FormatJWT, Client: store.TagOf(client)}
	if h.d.OneIn(2) {
		q.Format = oauth.FormatOpaque
		want.Access, want.Revoked = h.tokens[digest], h.ended[digest]
		want.Found = h.tokens[digest].Client != "" && !want.Revoked
	} else {
		want.Revoked = h.denied[digest]
	}
	got, err := h.s.Access.Look(h.t.Context(), q)
	suite.Sure(h.t, h.where("look"), err)
	suite.Same(h.t, h.where("look"), got, want)
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
