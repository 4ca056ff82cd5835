package granttype_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

const (
	verifier = "a-verifier-that-is-long-enough-for-rfc-7636-to-like-it"
	callback = "https://app.example/callback"
)

// room is the pipeline over an embedded Redis, under a clock that the test moves.
type room struct {
	*granttype.Pipeline
	tokens *token.Tokens
	ring   *keyring.Ring
	grants *fragile
	roomtest.Clock

	roomtest.Events
}

// fragile is a store of grants whose verbs can be made to fail.
type fragile struct {
	store.Grants
	advance, kill, get error
}

func (f *fragile) Advance(ctx context.Context, p store.Presentation) (store.Outcome, error) {
	if f.advance != nil {
		return store.Outcome{}, f.advance
	}
	return f.Grants.Advance(ctx, p)
}

func (f *fragile) Kill(ctx context.Context, refs ...oauth.GrantRef) error {
	if f.kill != nil {
		return f.kill
	}
	return f.Grants.Kill(ctx, refs...)
}

func (f *fragile) Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	if f.get != nil {
		return oauth.Grant{}, f.get
	}
	return f.Grants.Get(ctx, ref)
}

func newRoom(t *testing.T, more ...granttype.Type) *room {
	t.Helper()
	r := &room{}
	db := roomtest.Open(t, redisconn.Options{CallerClock: true})
	r.ring = roomtest.Ring(t, db, keyring.Options{Now: r.Now})
	r.grants = &fragile{Grants: redisstore.NewGrants(db)}
	tokens := token.New(token.Options{
		Access: redisstore.NewAccess(db), Grants: r.grants, Ring: r.ring, Events: r, Now: r.Now, Issuer: "https://as.example", Clients: registered{},
	})
	r.tokens = tokens
	chain := &granttype.Chain{Grants: r.grants, Ring: r.ring, Tokens: tokens, Events: r, Now: r.Now}
	r.Pipeline = granttype.New(tokens, r, append([]granttype.Type{
		granttype.AuthorizationCode{Chain: chain},
		granttype.RefreshToken{Chain: chain, Grace: 10 * time.Second},
		granttype.ClientCredentials{Now: r.Now, UserOnly: oauth.Scopes{"openid"}},
	}, more...)...)
	return r
}

// registered knows one client, as app describes it.
type registered struct{}

func (registered) Client(context.Context, oauth.ClientID) (oauth.Client, error) { return app(), nil }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func app() oauth.Client {
	return oauth.Client{ID: "app", Method: oauth.AuthBasic, Scopes: oauth.Scopes{"openid", "read", "write"}, RedirectURIs: []string{callback}, GrantTypes: []string{
		oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials,
	}}
}

// code returns the code of a new grant.
func (r *room) code(t *testing.T) (oauth.Token, oauth.GrantRef) {
	t.Helper()
	const user = "7d44f3f0-0000-4000-8000-000000000001"
	id, now := oauth.NewGrantID(user, "root", secret.Random(oauth.GrantEntropy)), r.Now().Truncate(time.Millisecond)
	ok(t, r.grants.Create(t.Context(), oauth.Grant{
		Ref: id.Ref(), Client: "app", User: user, Username: "ada", Scope: oauth.Scopes{"read", "write"},
		Born: now, Expires: now.Add(10 * time.Minute), End: now.Add(24 * time.Hour), RedirectURI: callback,
	}))
	keyID, key := r.ring.SealingKey()
	return oauth.Credential{
		Kind: oauth.KindCode, Key: keyID, Grant: id, Code: oauth.CodeOf(now.Add(10*time.Minute), oauth.ChallengeOf(verifier), callback),
	}.Seal(key), id.Ref()
}

func (r *room) exchange(t *testing.T, c oauth.Client, grantType string, pairs ...string) (token.Set, error) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	params, err := oauth.ParseParams(form)
	ok(t, err)
	return r.Exchange(t.Context(), granttype.Request{Type: grantType, Client: c, Params: params})
}

func (r *room) redeem(t *testing.T, code oauth.Token) (token.Set, error) {
	t.Helper()
	return r.exchange(t, app(), oauth.GrantAuthorizationCode, "code", code.Reveal(), "code_verifier", verifier)
}

func (r *room) refresh(t *testing.T, c oauth.Client, text oauth.Token, more ...string) (token.Set, error) {
	t.Helper()
	return r.exchange(t, c, oauth.GrantRefreshToken, append([]string{"refresh_token", text.Reveal()}, more...)...)
}

func (r *room) there(t *testing.T, ref oauth.GrantRef) bool {
	t.Helper()
	_, err := r.grants.Grants.Get(t.Context(), ref)
	return !errors.Is(err, store.Absent)
}

func refused(t *testing.T, what string, err error, code oauth.Code) {
	t.Helper()
	if err == nil || oauth.AsError(err).Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// spy is a grant type that remembers what it was shown.
type spy struct{ seen *oauth.Params }

func (spy) Describe() oauth.GrantType {
	return oauth.GrantType{Name: "urn:spy", Parameters: []string{"known"}}
}
func (s spy) Exchange(_ context.Context, r granttype.Request) (token.Order, error) {
	*s.seen = r.Params
	return token.Order{}, errors.New("a broken rule that names s3cr3t")
}

func TestAGrantTypeSeesWhatItNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	var seen oauth.Params
	r, c := newRoom(t, spy{&seen}), app()
	c.GrantTypes = append(c.GrantTypes, "urn:spy")
	_, err := r.exchange(t, c, "urn:spy", "known", "1", "client_secret", "s3cr3t", "scope", "read")
	refused(t, "a broken rule", err, oauth.ServerError)
	if seen.Encode() != "known=1" {
		t.Errorf("it saw %s", seen.Encode())
	}
	for _, e := range r.Emitted() {
		if denied, is := e.(event.TokenDenied); is && (denied.Reason == "" || bytes.Contains([]byte(denied.Reason), []byte("s3cr3t"))) {
			t.Errorf("%+v", denied)
		}
	}
}

func TestT12_T13_T14_WhatIsNotServed(t *testing.T) {
	t.Parallel()
	r, machine := newRoom(t), app()
	machine.GrantTypes = []string{oauth.GrantClientCredentials}
	for name, want := range map[string]oauth.Code{
		"": oauth.InvalidRequest, "password": oauth.UnsupportedGrantType, "urn:x:made-up": oauth.UnsupportedGrantType,
		oauth.GrantRefreshToken: oauth.UnauthorizedClient, oauth.GrantAuthorizationCode: oauth.UnauthorizedClient,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.exchange(t, machine, name)
			refused(t, name, err, want)
		})
	}
	for _, e := range r.Emitted() {
		if denied, is := e.(event.TokenDenied); is && denied.GrantType == "urn:x:made-up" {
			t.Error("a stranger's words are in the log")
		}
	}
	public := app()
	public.Method = oauth.AuthNone
	_, err := r.exchange(t, public, oauth.GrantClientCredentials)
	refused(t, "T15", err, oauth.UnauthorizedClient)
}

// A presenter that does not prove the code changes nothing; what cannot be burned is a 503 and never an
// "invalid" after which the code still works.
func TestC09_C12_UnprovenOrUnavailable(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for wrong, want := range map[string]oauth.Code{
		"": oauth.InvalidRequest, "another-verifier-that-is-long-enough-for-rfc-7636": oauth.InvalidGrant, "short": oauth.InvalidGrant,
	} {
		t.Run(wrong, func(t *testing.T) {
			code, _ := r.code(t)
			_, err := r.exchange(t, app(), oauth.GrantAuthorizationCode, "code", code.Reveal(), "code_verifier", wrong)
			refused(t, wrong, err, want)
			if _, err := r.redeem(t, code); err != nil {
				t.Errorf("%q spent the code: %v", wrong, err)
			}
		})
	}
	code, _ := r.code(t)
	moved := app()
	moved.RedirectURIs = []string{"https://app.example/another"}
	redeem := func() error {
		_, err := r.exchange(t, moved, oauth.GrantAuthorizationCode, "code", code.Reveal(), "code_verifier", verifier)
		return err
	}
	r.grants.kill = errors.New("no answer")
	refused(t, "it could not be burned", redeem(), oauth.TemporarilyUnavailable)
	r.grants.kill = nil
	refused(t, "the code afterwards", redeem(), oauth.InvalidGrant)
}

func TestS08_AStoreThatIsAwayIsNotANo(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	code, _ := r.code(t)
	set, err := r.redeem(t, code)
	ok(t, err)
	r.grants.advance, r.grants.get = errors.New("no answer"), errors.New("no answer")
	second, _ := r.code(t)
	_, redeeming := r.redeem(t, second)
	_, refreshing := r.refresh(t, app(), set.Refresh)
	_, narrowing := r.refresh(t, app(), set.Refresh, "scope", "read")
	for what, err := range map[string]error{"redeeming": redeeming, "refreshing": refreshing, "narrowing": narrowing} {
		t.Run(what, func(t *testing.T) {
			refused(t, what, err, oauth.TemporarilyUnavailable)
		})
	}
	r.grants.advance, r.grants.get = nil, nil
	if _, err := r.redeem(t, second); err != nil {
		t.Errorf("the code was lost: %v", err)
	}
	if _, err := r.refresh(t, app(), set.Refresh); err != nil {
		t.Errorf("the refresh token was lost: %v", err)
	}
}

func TestR07_AGrantOlderThanItsClientsRevocationIsDead(t *testing.T) {
	t.Parallel()
	r, c := newRoom(t), app()
	code, ref := r.code(t)
	set, err := r.redeem(t, code)
	ok(t, err)
	c.NotBefore = r.Now().Add(time.Millisecond)
	_, err = r.refresh(t, c, set.Refresh)
	refused(t, "an older grant", err, oauth.InvalidGrant)
	if r.there(t, ref) {
		t.Error("it is still there")
	}
}

func TestR02_ARetryGetsTheSameAnswerAndAnotherQuestionAnother(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	code, _ := r.code(t)
	set, err := r.redeem(t, code)
	ok(t, err)
	first, err := r.refresh(t, app(), set.Refresh)
	ok(t, err)
	again, err := r.refresh(t, app(), set.Refresh)
	ok(t, err)
	if again.Access != first.Access || again.Refresh != first.Refresh || again.Refresh == set.Refresh {
		t.Error("a retry got something else")
	}
	narrow, err := r.refresh(t, app(), set.Refresh, "scope", "read")
	ok(t, err)
	if narrow.Access == first.Access || narrow.Refresh != first.Refresh || narrow.Scope.String() != "read" {
		t.Errorf("a retry that asks for less: %v", narrow.Scope)
	}
	r.Pass(11 * time.Second)
	_, err = r.refresh(t, app(), set.Refresh)
	refused(t, "after the grace", err, oauth.InvalidGrant)
	_, err = r.refresh(t, app(), first.Refresh)
	refused(t, "the family", err, oauth.InvalidGrant)
	reused := slices.ContainsFunc(r.Emitted(), func(e event.Event) bool { _, is := e.(event.RefreshReused); return is })
	if !reused {
		t.Error("nobody was told of the reuse")
	}
}

// A grant without a refresh token does not outlive its access token.
func TestWithoutRefreshNothingIsKept(t *testing.T) {
	t.Parallel()
	r, c := newRoom(t), app()
	c.GrantTypes = []string{oauth.GrantAuthorizationCode}
	code, ref := r.code(t)
	set, err := r.exchange(t, c, oauth.GrantAuthorizationCode, "code", code.Reveal(), "code_verifier", verifier)
	ok(t, err)
	if set.Refresh != "" {
		t.Error("a refresh token for a client that may not use it")
	}
	g, err := r.grants.Grants.Get(t.Context(), ref)
	ok(t, err)
	if left := g.Expires.Sub(r.Now()); left > 15*time.Minute {
		t.Errorf("the grant is kept for %v", left)
	}
}

func TestC01_ACodeIsNoRefreshTokenAndARefreshTokenNoCode(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	code, _ := r.code(t)
	_, err := r.refresh(t, app(), code)
	refused(t, "a code as refresh token", err, oauth.InvalidGrant)
	set, err := r.redeem(t, code)
	ok(t, err)
	_, err = r.redeem(t, set.Refresh)
	refused(t, "a refresh token as code", err, oauth.InvalidGrant)
	if _, err := r.refresh(t, app(), set.Refresh); err != nil {
		t.Errorf("the mix-up cost the grant: %v", err)
	}
	_, err = r.redeem(t, code)
	refused(t, "a second time", err, oauth.InvalidGrant)
	replayed := slices.ContainsFunc(r.Emitted(), func(e event.Event) bool { _, is := e.(event.CodeReplayed); return is })
	if !replayed {
		t.Error("nobody was told of the replay")
	}
}
