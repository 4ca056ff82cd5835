package token_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

func TestAJWTIsOneOfRFC9068(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	c := client("app", oauth.FormatJWT)
	machine := r.mint(t, r.order(c)).Access.Reveal()
	if head := part(t, machine, 0); head["typ"] != "at+jwt" || head["alg"] != "ES256" || head["kid"] == nil {
		t.Errorf("header %v", head)
	}
	claims := part(t, machine, 1)
	names := slices.Sorted(maps.Keys(claims))
	if got := fmt.Sprint(names); got != "[aud client_id exp iat iss jti scope sub]" {
		t.Errorf("claims %s", got)
	}
	if claims["iss"] != issuer || claims["sub"] != "app" || claims["client_id"] != "app" || claims["scope"] != "read write" ||
		fmt.Sprint(claims["aud"]) != "["+issuer+"]" || claims["exp"].(float64)-claims["iat"].(float64) != 900 {
		t.Errorf("%v", claims)
	}
	o := r.userOrder(t, c)
	claims = part(t, r.mint(t, o).Access.Reveal(), 1)
	for name, want := range map[string]any{
		"sub": string(o.Grant.User), "username": "ada", "sid": "a-session", "acr": "acr", "grant": string(o.Grant.Ref),
		"auth_time": float64(o.Grant.AuthTime.Unix()), "scope": "openid read",
	} {
		if claims[name] != want {
			t.Errorf("%s: %v, want %v", name, claims[name], want)
		}
	}
	if fmt.Sprint(claims["aud"]) != "[https://api.example]" {
		t.Errorf("aud %v", claims["aud"])
	}
	named := newRoom(t, func(o *token.Options) { o.Audience = "everybody" })
	if aud := part(t, named.mint(t, named.order(c)).Access.Reveal(), 1)["aud"]; fmt.Sprint(aud) != "[everybody]" {
		t.Errorf("the server's default aud: %v", aud)
	}
}

func TestAnIDTokenBelongsToItsAccessToken(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		o := r.userOrder(t, client("app", format))
		set := r.mint(t, o)
		sum := sha256.Sum256([]byte(set.Access.Reveal()))
		if typ := part(t, set.IDToken, 0)["typ"]; typ != "JWT" {
			t.Errorf("typ %v", typ)
		}
		claims := part(t, set.IDToken, 1)
		for name, want := range map[string]any{
			"iss": issuer, "sub": string(o.Grant.User), "aud": "app", "nonce": "n-1", "sid": "a-session", "acr": "acr",
			"auth_time": float64(o.Grant.AuthTime.Unix()), "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
		} {
			if claims[name] != want {
				t.Errorf("%s: %s: %v, want %v", format, name, claims[name], want)
			}
		}
		if r.alive(t, oauth.Token(set.IDToken)) {
			t.Error("an ID token is taken for an access token")
		}
		o.Scope = oauth.Scopes{"read"}
		if r.mint(t, o).IDToken != "" {
			t.Error("an ID token without openid")
		}
		o.Scope, o.WithID = o.Grant.Scope, false
		if r.mint(t, o).IDToken != "" {
			t.Error("an ID token that nobody ordered")
		}
	}
}

func TestStaticClaimsNeverReplaceOurs(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	c := client("app", oauth.FormatJWT)
	plain := part(t, r.mint(t, r.userOrder(t, c)).Access.Reveal(), 1)
	c.Claims = map[string]string{"type": "access", "active": "false", "scopes": "admin"}
	for name := range plain {
		c.Claims[name] = "stolen"
	}
	o := r.userOrder(t, c)
	set := r.mint(t, o)
	claims := part(t, set.Access.Reveal(), 1)
	if claims["type"] != "access" {
		t.Errorf("a static claim is missing: %v", claims)
	}
	for name := range plain {
		if claims[name] == "stolen" || claims[name] == nil {
			t.Errorf("%s is %v", name, claims[name])
		}
	}
	if !r.alive(t, set.Access) {
		t.Error("our own token is not ours any more")
	}
	answer := introspect(t, r, c, set.Access)
	if answer["type"] != "access" || answer["active"] != true || answer["sub"] != string(o.Grant.User) || fmt.Sprint(answer["scopes"]) != "[openid read]" {
		t.Errorf("%v", answer)
	}
}

func introspect(t *testing.T, r *room, caller oauth.Client, text oauth.Token) map[string]any {
	t.Helper()
	answer, err := r.Introspect(t.Context(), caller, text)
	ok(t, err)
	raw, err := json.Marshal(answer)
	ok(t, err)
	var fields map[string]any
	ok(t, json.Unmarshal(raw, &fields))
	return fields
}

func TestBothFormatsAreIntrospectedAlike(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	asker := oauth.Client{ID: "rs", Introspection: oauth.IntrospectAny}
	var shapes []string
	for _, format := range formats() {
		o := r.userOrder(t, client("app", format))
		answer := introspect(t, r, asker, r.mint(t, o).Access)
		shapes = append(shapes, fmt.Sprint(slices.Sorted(maps.Keys(answer))))
		for name, want := range map[string]any{
			"active": true, "sub": string(o.Grant.User), "user_id": string(o.Grant.User), "username": "ada", "client_id": "app",
			"scope": "openid read", "token_type": "Bearer", "iss": issuer, "sid": "a-session", "acr": "acr",
			"iat": float64(o.Issued.Unix()), "nbf": float64(o.Issued.Unix()), "exp": float64(o.Issued.Unix() + 900),
			"auth_time": float64(o.Grant.AuthTime.Unix()),
		} {
			if answer[name] != want {
				t.Errorf("%s: %s: %v, want %v", format, name, answer[name], want)
			}
		}
		if fmt.Sprint(answer["aud"], answer["scopes"]) != "[https://api.example] [openid read]" || answer["jti"] == "" {
			t.Errorf("%s: %v", format, answer)
		}
		machine := introspect(t, r, asker, r.mint(t, r.order(client("app", format))).Access)
		if machine["sub"] != "app" || machine["user_id"] != nil || machine["username"] != nil || machine["sid"] != nil {
			t.Errorf("%s: %v", format, machine)
		}
	}
	if shapes[0] != shapes[1] {
		t.Errorf("told apart by shape:\n%s\n%s", shapes[0], shapes[1])
	}
	if raw, err := json.Marshal(token.Answer{ClientID: "x", Scope: "y"}); string(raw) != `{"active":false}` || err != nil {
		t.Errorf("inactive: %s %v", raw, err)
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		text := r.mint(t, r.userOrder(t, client("app", format))).Access
		for caller, want := range map[*oauth.Client]bool{
			{ID: "app"}:                 true,
			{ID: "https://api.example"}: true, // the audience
			{ID: "rs", Introspection: oauth.IntrospectAny}: true,
			{ID: "stranger"}: false,
			{ID: "stranger", Audience: []string{"https://api.example"}}: false, // what its own tokens are for
		} {
			if active := introspect(t, r, *caller, text)["active"]; active != want {
				t.Errorf("%s: %s reads active %v", format, caller.ID, active)
			}
		}
	}
}

func TestV12_ATokenDiesWithWhatItHangsOn(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			for name, end := range map[string]func(r *room, c oauth.Client, o token.Order, text oauth.Token) error{
				"its grant": func(r *room, _ oauth.Client, o token.Order, _ oauth.Token) error {
					return r.RevokeGrant(t.Context(), "x", *o.Grant)
				},
				"its user": func(r *room, _ oauth.Client, o token.Order, _ oauth.Token) error {
					return r.revocations.Raise(t.Context(), store.Ending{User: o.Grant.User, What: store.EndedUser, Now: r.Now(), Keep: time.Hour})
				},
				"its user's grants to its client": func(r *room, c oauth.Client, o token.Order, _ oauth.Token) error {
					e := store.Ending{User: o.Grant.User, What: store.EndedClient, Client: c.ID, Now: r.Now(), Keep: time.Hour}
					return r.revocations.Raise(t.Context(), e)
				},
				"its client": func(r *room, c oauth.Client, _ token.Order, _ oauth.Token) error {
					return r.RevokeClient(t.Context(), "x", c.ID, r.Now().Add(time.Millisecond))
				},
				"itself": func(r *room, c oauth.Client, _ token.Order, text oauth.Token) error {
					return r.Revoke(t.Context(), c, text)
				},
				"time": func(r *room, _ oauth.Client, _ token.Order, _ oauth.Token) error {
					r.Pass(15*time.Minute + time.Second)
					return nil
				},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					r, c := newRoom(t, nil), client("app", format)
					o := r.userOrder(t, c)
					text := r.mint(t, o).Access
					if !r.alive(t, text) {
						t.Fatalf("%s: not alive", format)
					}
					ok(t, end(r, c, o, text))
					if r.alive(t, text) {
						t.Errorf("%s: it outlived %s", format, name)
					}
				})
			}
		})
	}
}

// Revoking a client ends what it had, of both formats, and nothing that it gets afterwards.
func TestRevokingAClientIsAMoment(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		c, other := client("app-"+oauth.ClientID(format), format), client("other-"+oauth.ClientID(format), format)
		before, user, others := r.mint(t, r.order(c)).Access, r.mint(t, r.userOrder(t, c)).Access, r.mint(t, r.order(other)).Access
		r.Pass(2 * time.Second) // a JWT holds whole seconds
		ok(t, r.RevokeClient(t.Context(), "x", c.ID, r.Now()))
		r.Pass(2 * time.Second)
		after, userAfter := r.mint(t, r.order(c)).Access, r.mint(t, r.userOrder(t, c)).Access
		if r.alive(t, before) || r.alive(t, user) {
			t.Errorf("%s: alive after the client was revoked", format)
		}
		if !r.alive(t, after) || !r.alive(t, userAfter) || !r.alive(t, others) {
			t.Errorf("%s: dead although issued later, or to another", format)
		}
	}
}

func TestAnAccessTokenEndsWithItsGrant(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		o := r.userOrder(t, client("app", format))
		o.Grant.End = o.Issued.Add(time.Minute)
		set := r.mint(t, o)
		if set.ExpiresIn > time.Minute {
			t.Errorf("%s: lives %v", format, set.ExpiresIn)
		}
		r.Pass(61 * time.Second)
		if r.alive(t, set.Access) {
			t.Errorf("%s: alive after the end of its grant", format)
		}
	}
}

func TestV03_AnOpaqueTokenCannotBeGuessed(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	c := client("app", oauth.FormatOpaque)
	seen := map[string]bool{}
	for range 200 {
		o := r.order(c)
		text := r.mint(t, o).Access.Reveal()
		if len(text) != 38 || seen[text[:16]] { // callers cache by the first 16 characters
			t.Fatalf("%q", text)
		}
		seen[text[:16]] = true
	}
	o := r.userOrder(t, c)
	text := r.mint(t, o).Access.Reveal()
	if len(text) != 64 || text[27:53] != string(o.Grant.Ref) || text[53:] != string(store.TagOf("app")) {
		t.Errorf("%q", text)
	}
	// The references are part of the token: with another grant or client it is another token.
	another := r.mint(t, r.userOrder(t, c)).Access.Reveal()
	for what, mixed := range map[string]string{
		"another grant": text[:27] + another[27:], "no grant": text[:27] + text[53:], "another client": text[:53] + string(store.TagOf("other")),
	} {
		t.Run(what, func(t *testing.T) {
			if r.alive(t, oauth.Token(mixed)) {
				t.Errorf("alive: %q", mixed)
			}
		})
	}
}

func TestEntropyOfARetryIsTheSame(t *testing.T) {
	t.Parallel()
	key := secret.NewMACKey([]byte("a key of the server"))
	first := token.DerivedEntropy(key, "grant", "1", "read")
	if token.DerivedEntropy(key, "grant", "1", "read") != first {
		t.Error("not stable")
	}
	for _, other := range []token.Entropy{
		token.DerivedEntropy(secret.NewMACKey([]byte("another key")), "grant", "1", "read"), token.DerivedEntropy(key, "grant", "2", "read"),
		token.DerivedEntropy(key, "grant", "1read"), token.DerivedEntropy(key, "grant1", "read"), token.DerivedEntropy(key, "grant", "1"),
	} {
		if other == first {
			t.Error("two different orders get one token")
		}
	}
	if one, two := token.RandomEntropy(), token.RandomEntropy(); one == two {
		t.Error("chance repeats itself")
	}
}

// A JWT that was derived from one entropy is another one each time only where ES256 is: what decides,
// its name, is the same.
func TestARetriedJWTHasTheSameName(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	o := r.userOrder(t, client("app", oauth.FormatJWT))
	one, two := part(t, r.mint(t, o).Access.Reveal(), 1), part(t, r.mint(t, o).Access.Reveal(), 1)
	if fmt.Sprint(one) != fmt.Sprint(two) || one["jti"] == nil {
		t.Errorf("%v\n%v", one, two)
	}
}

func TestR11_AStoreThatIsAwayIsNeverAnAnswer(t *testing.T) {
	t.Parallel()
	whole := newRoom(t, nil)
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			c := client("app", format)
			o := whole.userOrder(t, c)
			text := whole.mint(t, o).Access
			cut := newRoom(t, func(options *token.Options) {
				options.Access, options.Grants, options.Ring = away{}, away{}, whole.ring
			})
			id, key := whole.ring.SealingKey()
			refresh := oauth.Credential{Kind: oauth.KindRefresh, Key: id, Grant: oauth.GrantID{1}, Serial: 1}.Seal(key)
			_, _, inspecting := cut.Inspect(t.Context(), text)
			_, introspecting := cut.Introspect(t.Context(), c, text)
			_, ofRefresh := cut.Introspect(t.Context(), c, refresh)
			_, _, examining := cut.Examine(t.Context(), text)
			_, revokingAny := cut.RevokeAny(t.Context(), "x", refresh)
			for name, err := range map[string]error{
				"examine": examining, "revoke any": revokingAny, "inspect": inspecting, "introspect": introspecting, "introspect a refresh token": ofRefresh,
				"revoke": cut.Revoke(t.Context(), c, text), "revoke a refresh token": cut.Revoke(t.Context(), c, refresh),
				"revoke a grant":  cut.RevokeGrant(t.Context(), "x", *o.Grant),
				"revoke a client": cut.RevokeClient(t.Context(), "x", "app", whole.Now()),
			} {
				t.Run(name, func(t *testing.T) {
					if err == nil || oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
						t.Errorf("%s: %s: %v", format, name, err)
					}
				})
			}
			if _, err := cut.Mint(t.Context(), cut.order(c)); (err != nil) != (format == oauth.FormatOpaque) {
				t.Errorf("%s: minting: %v", format, err)
			}
		})
	}
}

// J11 from within: everything about a signed text is checked, and a foreign key signs nothing of ours.
func TestJ11_WhatIsNotOurs(t *testing.T) {
	t.Parallel()
	r, another := newRoom(t, nil), newRoom(t, nil)
	c := client("app", oauth.FormatJWT)
	if r.alive(t, another.mint(t, another.order(c)).Access) {
		t.Error("a token of another environment is alive")
	}
	good := part(t, r.mint(t, r.order(c)).Access.Reveal(), 1)
	for name, change := range map[string]func(map[string]any){
		"iss":       func(m map[string]any) { m["iss"] = "https://as.example" },
		"no jti":    func(m map[string]any) { delete(m, "jti") },
		"no exp":    func(m map[string]any) { delete(m, "exp") },
		"an aud":    func(m map[string]any) { m["aud"] = 7 },
		"scope":     func(m map[string]any) { m["scope"] = "\x01" },
		"a grant":   func(m map[string]any) { m["grant"] = strings.Repeat("A", oauth.KeyLength) },
		"exp is up": func(m map[string]any) { m["exp"] = r.Now().Unix() },
	} {
		t.Run(name, func(t *testing.T) {
			claims := maps.Clone(good)
			change(claims)
			text, err := r.ring.Sign(t.Context(), string(jose.ES256), "at+jwt", claims)
			ok(t, err)
			if r.alive(t, oauth.Token(text)) {
				t.Errorf("alive with another %s", name)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	r := newRoom(f, nil)
	issued := map[string]bool{}
	for _, format := range formats() {
		for _, o := range []token.Order{r.userOrder(f, client("app", format)), r.order(client("app", format))} {
			text := r.mint(f, o).Access.Reveal()
			issued[text] = true
			f.Add(text)
			f.Add(text[:len(text)-1])
			f.Add(text + "A")
		}
	}
	for _, seed := range []string{"", ".", "..", "a.b.c", strings.Repeat("A", 38), strings.Repeat("A", 64), strings.Repeat(".", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, alive, err := r.Inspect(t.Context(), oauth.Token(text))
		if err != nil || alive && !issued[text] {
			t.Errorf("%q: alive %v, %v", text, alive, err)
		}
	})
}

// Two rooms that do not know each other have to agree on it: what one makes, the other has to read.
func TestF_S09_OneMaximumForTokens(t *testing.T) {
	t.Parallel()
	if jose.MaxToken != oauth.MaxTokenBytes {
		t.Errorf("a JWT of %d bytes is issued, and one of %d is read", oauth.MaxTokenBytes, jose.MaxToken)
	}
	r := newRoom(t, nil)
	c := client("large", oauth.FormatJWT)
	c.Claims = map[string]string{"note": strings.Repeat("x", oauth.MaxTokenBytes)} // stored before registration refused it
	_, err := r.Mint(t.Context(), r.order(c))
	if oauth.AsError(err).Code != oauth.InvalidRequest || !strings.Contains(err.Error(), "8192 bytes") {
		t.Errorf("issued, or refused as %v", err)
	}
}
