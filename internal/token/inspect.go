package token

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Inspect returns what an access token stands for, cut down to what its client may have now, and whether
// it is alive. The error means "could not ask" only; whatever else is wrong with a token makes it dead.
// One round trip to the store, none for what cannot be a token of ours.
func (t *Tokens) Inspect(ctx context.Context, text oauth.Token) (oauth.Access, bool, error) {
	a, dead, err := t.inspect(ctx, "", text)
	return a, err == nil && dead == "", err
}

// InspectBearer is Inspect that also returns why a token is dead, "" for one that is alive. The bearer must
// not learn the reason: it would show what exists.
func (t *Tokens) InspectBearer(ctx context.Context, text oauth.Token) (oauth.Access, Death, error) {
	return t.inspect(ctx, "", text)
}

// inspect also emits an event when a revoked token was used. caller is the client that asks about it, when that
// is not its bearer.
func (t *Tokens) inspect(ctx context.Context, caller oauth.ClientID, text oauth.Token) (oauth.Access, Death, error) {
	said, query, dead := t.open(text)
	if dead != "" {
		return oauth.Access{}, dead, nil
	}
	standing, err := t.o.Access.Look(ctx, query)
	if err != nil {
		return oauth.Access{}, "", oauth.Unavailable(err)
	}
	switch {
	case query.Format == oauth.FormatOpaque:
		said = fromRecord(standing)
	case standing.GrantFound:
		said.GrantType = standing.Grant.Type
	}
	dead = t.death(said, query, standing)
	if dead != "" && t.revoked(said, query, standing) {
		t.tell(ctx, event.RevokedTokenUsed{
			Client: said.Client, User: userOf(said), Grant: said.Grant, Caller: caller,
		})
	}
	if dead != "" {
		return said, dead, nil
	}
	return t.present(ctx, said, said.GrantType)
}

// revoked reports whether a dead token would be alive had nobody ended it.
func (t *Tokens) revoked(a oauth.Access, q store.Query, s store.Standing) bool {
	known := q.Format == oauth.FormatJWT || (s.Found || s.Revoked) && a.Grant == q.Grant
	return known && t.o.Now().Before(a.Expires)
}

// fromRecord completes an opaque token's record with what its grant holds once for all its tokens.
func fromRecord(s store.Standing) oauth.Access {
	a := s.Access
	if s.GrantFound {
		a.Username, a.Session, a.AuthTime, a.ACR, a.AMR =
			s.Grant.Username, s.Grant.Session, s.Grant.AuthTime, s.Grant.ACR, s.Grant.AMR
	}
	return a
}

// open reads a token; it returns why the text cannot be a token of ours, "" when it can.
func (t *Tokens) open(text oauth.Token) (oauth.Access, store.Query, Death) {
	if len(text) > oauth.MaxTokenBytes {
		return oauth.Access{}, store.Query{}, deadForm
	}
	if strings.Contains(text.Reveal(), ".") {
		return t.openJWT(text)
	}
	query, ok := parseOpaque(text, t.o.Issuer)
	if !ok {
		return oauth.Access{}, store.Query{}, deadForm
	}
	return oauth.Access{}, query, ""
}

// death decides by what is there: a record, a grant. Only the deny list and a client's revocation
// are facts that take away. The digest of an opaque token covers its client and its grant. The signature of a JWT
// is not enough: its grant must be its client's, also in a token that somebody signs with a stolen key.
func (t *Tokens) death(a oauth.Access, q store.Query, s store.Standing) Death {
	switch {
	case s.Revoked:
		return deadRevoked
	case q.Format == oauth.FormatOpaque && (!s.Found || a.Grant != q.Grant):
		return deadNoRecord
	case !t.o.Now().Before(a.Expires):
		return deadExpired
	case q.Grant != "" && (!s.GrantFound || s.Grant.Client != a.Client):
		return deadGrant
	}
	if s.ClientBefore.IsZero() {
		return ""
	}
	born := a.Issued
	if s.GrantFound {
		born = s.Grant.Born
	}
	if born.Before(s.ClientBefore) {
		return deadClientRevoked
	}
	return ""
}

// Answer is an introspection answer (RFC 7662 §2.2) with the additions that callers rely on:
// scopes as an array and user_id. The zero Answer is the inactive one, which says nothing else.
type Answer struct {
	Active    bool     `json:"active"`
	Subject   string   `json:"sub"`
	UserID    string   `json:"user_id,omitempty"`
	ClientID  string   `json:"client_id"`
	Username  string   `json:"username,omitempty"`
	Scope     string   `json:"scope"`
	Scopes    []string `json:"scopes"`
	TokenType string   `json:"token_type"`
	Expires   int64    `json:"exp"`
	Issued    int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Audience  []string `json:"aud,omitempty"`
	Issuer    string   `json:"iss"`
	JTI       string   `json:"jti"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`
	Session   string   `json:"sid,omitempty"`
	Binding   *binding `json:"cnf,omitempty"`

	static    map[string]string
	grantType string
	denied    denial
}

// denial is the reason why a live token is reported inactive to a caller. It never leaves the server.
type denial struct {
	client oauth.ClientID // whose token it is
	reason string
}

// The reasons of a denial.
const (
	notItsToken   = "not_its_token"         // neither the token's client nor in its audience, and not registered with introspection any
	refreshOfElse = "another_refresh_token" // a refresh token is reported to its own client only
)

func denied(client oauth.ClientID, reason string) Answer {
	return Answer{denied: denial{client: client, reason: reason}}
}

// MarshalJSON writes the inactive answer as exactly {"active":false}, and adds a client's static
// claims to an active one.
func (a Answer) MarshalJSON() ([]byte, error) {
	if !a.Active {
		return []byte(`{"active":false}`), nil
	}
	type plain Answer
	raw, err := json.Marshal(plain(a))
	if err != nil || len(a.static) == 0 {
		return raw, err
	}
	merged := make(map[string]any, len(a.static)+16)
	for name, value := range a.static {
		merged[name] = value
	}
	if err := json.Unmarshal(raw, &merged); err != nil {
		return nil, err
	}
	return json.Marshal(merged)
}

// Introspect answers a caller's question about a token. A caller that may not know reads what it
// would read of a dead token. The error means "could not ask".
func (t *Tokens) Introspect(ctx context.Context, caller oauth.Client, text oauth.Token) (Answer, error) {
	answer, err := t.introspect(ctx, caller, text)
	if err != nil {
		return Answer{}, err
	}
	jti, client := answer.JTI, oauth.ClientID(answer.ClientID)
	if answer.denied.reason != "" {
		client = answer.denied.client
	}
	if !answer.Active {
		if query, ours := parseOpaque(text, t.o.Issuer); ours {
			jti = query.Digest.Key()
		}
	}
	t.tell(ctx, event.TokenIntrospected{
		Caller: caller.ID, Client: client, Token: event.TokenID(jti), GrantType: answer.grantType, Active: answer.Active, Denied: answer.denied.reason,
	})
	return answer, nil
}

func (t *Tokens) introspect(ctx context.Context, caller oauth.Client, text oauth.Token) (Answer, error) {
	if credential, ok := oauth.OpenCredential(text, oauth.KindRefresh, t.o.Ring.KeyOf); ok {
		return t.introspectRefresh(ctx, caller, credential)
	}
	a, dead, err := t.inspect(ctx, caller.ID, text)
	if err != nil {
		return Answer{}, err
	}
	switch {
	case dead != "":
		return Answer{}, nil
	case !mayAsk(caller, a):
		return denied(a.Client, notItsToken), nil
	}
	answer := t.answer(a, caller)
	if answer.JTI == "" {
		answer.JTI = a.Digest.Key()
	}
	return answer, nil
}

func mayAsk(caller oauth.Client, a oauth.Access) bool {
	return caller.Introspection == oauth.IntrospectAny || caller.ID == a.Client || caller.Serves(a.Audience)
}

func (t *Tokens) answer(a oauth.Access, caller oauth.Client) Answer {
	answer := Answer{
		Active:    true,
		Subject:   a.Subject,
		ClientID:  string(a.Client),
		Scope:     a.Scope.String(),
		Scopes:    append([]string{}, a.Scope...),
		TokenType: "Bearer",
		Expires:   a.Expires.Unix(),
		Issued:    a.Issued.Unix(),
		NotBefore: a.Issued.Unix(),
		Audience:  a.Audience,
		Issuer:    t.o.Issuer,
		JTI:       a.JTI,
		AuthTime:  unix(a.AuthTime),
		ACR:       a.ACR,
		Binding:   bindingOf(a.Binding),
		AMR:       a.AMR,
		static:    caller.StaticClaims(),
		grantType: a.GrantType,
	}
	if a.OfUser() {
		answer.UserID, answer.Username, answer.Session = a.Subject, a.Username, string(a.Session)
	}
	return answer
}

// introspectRefresh answers only the client that holds the refresh token: a resource server that
// asked about one must not come to think it is an access token.
func (t *Tokens) introspectRefresh(ctx context.Context, caller oauth.Client, c oauth.Credential) (Answer, error) {
	grant, err := t.grantOf(ctx, c)
	if err != nil || grant == nil {
		return Answer{}, err
	}
	switch {
	case grant.Serial != c.Serial || !t.o.Now().Before(grant.Expires):
		return Answer{}, nil
	case grant.Client != caller.ID:
		return denied(grant.Client, refreshOfElse), nil
	}
	access, dead, err := t.present(ctx, accessOf(*grant), oauth.GrantRefreshToken)
	if err != nil || dead != "" {
		return Answer{}, err
	}
	answer := t.answer(access, caller)
	answer.TokenType = "refresh_token"
	return answer, nil
}
