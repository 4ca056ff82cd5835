package event

import "github.com/recipe-web-app/oauth2d/internal/oauth"

// Actor names who made a change: the name of an operator, or the id of a client.
type Actor string

// TokenID is the jti of a token. The token cannot be made from it.
type TokenID string

// CredentialKind is the kind of a presented credential.
type CredentialKind string

// The kinds.
const (
	CredentialCode         CredentialKind = "code"
	CredentialRefreshToken CredentialKind = "refresh_token"
)

// Revoked is the scope of a revocation.
type Revoked string

// The scopes.
const (
	RevokedToken  Revoked = "token"  // one access token
	RevokedGrant  Revoked = "grant"  // a grant with its refresh and access tokens
	RevokedUser   Revoked = "user"   // every grant of a user, or of a user to one client
	RevokedClient Revoked = "client" // every token of a client
	RevokedAll    Revoked = "all"    // everything that was issued before the epoch
)

// KeyChange is a change of a server key.
type KeyChange string

// The changes.
const (
	KeyMade      KeyChange = "made"
	KeyPublished KeyChange = "published" // verifiers see it; it is not in use yet
	KeyPromoted  KeyChange = "promoted"  // it makes what is new
	KeyRetired   KeyChange = "retired"   // it only verifies and opens
	KeyDropped   KeyChange = "dropped"   // it is gone
)

// The events of tokens.
type (
	// TokenIssued reports an access token that a client received.
	TokenIssued struct {
		Client    oauth.ClientID    `audit:"client_id"`
		User      oauth.UserID      `audit:"subject"`
		GrantType string            `audit:"grant_type"`
		Scope     oauth.Scopes      `audit:"scope"`
		Format    oauth.TokenFormat `audit:"format"`
		Grant     oauth.GrantRef    `audit:"grant"`
		Refresh   bool              `audit:"refresh"` // a refresh token was issued with it
		Outcome   Outcome           `audit:"outcome"`
	}
	// TokenDenied reports a token request that was refused.
	TokenDenied struct {
		Client    oauth.ClientID `audit:"client_id"`
		GrantType string         `audit:"grant_type"`
		Code      oauth.Code     `audit:"code"`
		Reason    string         `audit:"reason"`
		Outcome   Outcome        `audit:"outcome"`
	}
	// CredentialPresented reports the store's verdict on a code or refresh token.
	CredentialPresented struct {
		Client  oauth.ClientID `audit:"client_id"`
		Grant   oauth.GrantRef `audit:"grant"`
		Kind    CredentialKind `audit:"kind"`
		Verdict oauth.Verdict  `audit:"verdict"`
	}
	// CodeReplayed reports a code that was presented a second time. Its grant is dead.
	CodeReplayed struct {
		Client  oauth.ClientID `audit:"client_id"`
		Grant   oauth.GrantRef `audit:"grant"`
		Outcome Outcome        `audit:"outcome"`
	}
	// RefreshReused reports that a spent refresh token was presented. Its grant is dead.
	RefreshReused struct {
		Client  oauth.ClientID `audit:"client_id"`
		Grant   oauth.GrantRef `audit:"grant"`
		Outcome Outcome        `audit:"outcome"`
	}
	// TokenRevoked reports a revocation. Token is set when one access token was revoked.
	TokenRevoked struct {
		By      Actor          `audit:"actor"`
		Client  oauth.ClientID `audit:"client_id"`
		User    oauth.UserID   `audit:"subject"`
		Grant   oauth.GrantRef `audit:"grant"`
		Revoked Revoked        `audit:"revoked"`
		Token   TokenID        `audit:"token"`
		// GrantType is that of the token or the grant; empty when more than one of them ended.
		GrantType string  `audit:"grant_type"`
		Outcome   Outcome `audit:"outcome"`
	}
	// TokenIntrospected reports an introspection. Token is empty when this server did not issue the token.
	// Denied is the reason for which a live token was reported inactive to this caller; empty when nothing
	// was withheld.
	TokenIntrospected struct {
		Caller oauth.ClientID `audit:"actor"`
		Client oauth.ClientID `audit:"client_id"`
		Token  TokenID        `audit:"token"`
		// GrantType is that of an active token.
		GrantType string `audit:"grant_type"`
		Active    bool   `audit:"active"`
		Denied    string `audit:"denied"`
	}
)

// The events of people.
type (
	// LoginSucceeded reports that a person signed in.
	LoginSucceeded struct {
		User    oauth.UserID     `audit:"subject"`
		Session oauth.SessionRef `audit:"session"`
		Outcome Outcome          `audit:"outcome"`
	}
	// LoginFailed reports that a person could not sign in. The name that was typed is not recorded: it may
	// be a password.
	LoginFailed struct {
		User    oauth.UserID `audit:"subject"`
		Reason  string       `audit:"reason"`
		Outcome Outcome      `audit:"outcome"`
	}
	// SessionEnded reports a session that ended before its time.
	SessionEnded struct {
		User    oauth.UserID     `audit:"subject"`
		Session oauth.SessionRef `audit:"session"`
		Reason  string           `audit:"reason"`
		Outcome Outcome          `audit:"outcome"`
	}
	// ConsentGiven reports that a user allowed a client the scopes.
	ConsentGiven struct {
		User    oauth.UserID   `audit:"subject"`
		Client  oauth.ClientID `audit:"client_id"`
		Scope   oauth.Scopes   `audit:"scope"`
		Outcome Outcome        `audit:"outcome"`
	}
	// ConsentDenied reports that a user refused a client the scopes.
	ConsentDenied struct {
		User    oauth.UserID   `audit:"subject"`
		Client  oauth.ClientID `audit:"client_id"`
		Scope   oauth.Scopes   `audit:"scope"`
		Outcome Outcome        `audit:"outcome"`
	}
	// ConsentWithdrawn reports that a user removed the access of a client.
	ConsentWithdrawn struct {
		User    oauth.UserID   `audit:"subject"`
		Client  oauth.ClientID `audit:"client_id"`
		Outcome Outcome        `audit:"outcome"`
	}
	// PasswordChangeRequired reports that a person typed the right password, and must choose another one
	// before they are signed in.
	PasswordChangeRequired struct {
		User oauth.UserID `audit:"subject"`
	}
	// PasswordChanged reports that a user has another password.
	PasswordChanged struct {
		User    oauth.UserID `audit:"subject"`
		Outcome Outcome      `audit:"outcome"`
	}
)

// The events of clients, limits and keys.
type (
	// ClientAuthenticated reports that a client authenticated.
	ClientAuthenticated struct {
		Client oauth.ClientID   `audit:"client_id"`
		Method oauth.AuthMethod `audit:"method"`
	}
	// ClientAuthFailed reports that a client failed to authenticate. Client is empty when it is not
	// registered.
	ClientAuthFailed struct {
		Client oauth.ClientID   `audit:"client_id"`
		Method oauth.AuthMethod `audit:"method"`
		Reason string           `audit:"reason"`
	}
	// LimitHit reports a request that a limit refused. Rule is the limit's name in the settings.
	LimitHit struct {
		Rule   string         `audit:"rule"`
		Client oauth.ClientID `audit:"client_id"`
	}
	// LockedOut reports so many wrong guesses that no more are accepted for a while. User or Client is the
	// target of the guesses, when it exists; both are empty when an address is locked.
	LockedOut struct {
		Rule   string         `audit:"rule"`
		User   oauth.UserID   `audit:"subject"`
		Client oauth.ClientID `audit:"client_id"`
	}
	// CleanupRan reports a sweep that was completed, or one that failed and continues later where it stopped.
	CleanupRan struct {
		Result  string `audit:"result"` // completed or failed
		Users   int    `audit:"users"`
		Removed int    `audit:"removed"`
	}
	// KeyChanged reports that a server key was made, promoted, retired or dropped.
	KeyChanged struct {
		Key     string    `audit:"key"`
		Use     string    `audit:"use"`
		Change  KeyChange `audit:"change"`
		Outcome Outcome   `audit:"outcome"`
	}
)

// RequestRefused reports a request that an endpoint, a page or the admin API refused for a reason that no
// other event records. Route is the pattern of the path, Code the error code of the response, Reason the
// true reason, which the response may not contain. Client is a registered client; SentClient and
// SentRedirectURI are unchecked parameters of the request, cut so that they hold no credential
// (oauth.CutSent).
type RequestRefused struct {
	Actor           Actor          `audit:"actor"`
	User            oauth.UserID   `audit:"subject"`
	Client          oauth.ClientID `audit:"client_id"`
	Route           string         `audit:"route"`
	Code            oauth.Code     `audit:"code"`
	Reason          string         `audit:"reason"`
	SentClient      string         `audit:"sent_client"`
	SentRedirectURI string         `audit:"sent_redirect_uri"`
}

// AdminAction reports that an operator changed something, or tried to. Actor is the subject of the
// operator's token. Action is a verb such as "client.change", which is also the name of the event. Target is
// the id of the changed object. Before and After hold the differing members, named as in the admin API; no
// secret is among them. Reason is set when the action was not done.
type AdminAction struct {
	Actor   Actor          `audit:"actor"`
	Action  string         `audit:"action"`
	Target  string         `audit:"target"`
	Before  map[string]any `audit:"before"`
	After   map[string]any `audit:"after"`
	Outcome Outcome        `audit:"outcome"`
	Reason  string         `audit:"reason"`
}

// Name implements Event.
func (a AdminAction) Name() string          { return a.Action }
func (RequestRefused) Name() string         { return "request.refused" }
func (TokenIssued) Name() string            { return "token.issued" }
func (TokenDenied) Name() string            { return "token.denied" }
func (CredentialPresented) Name() string    { return "credential.presented" }
func (CodeReplayed) Name() string           { return "code.replayed" }
func (RefreshReused) Name() string          { return "refresh.reused" }
func (TokenRevoked) Name() string           { return "token.revoked" }
func (TokenIntrospected) Name() string      { return "token.introspected" }
func (LoginSucceeded) Name() string         { return "login.succeeded" }
func (LoginFailed) Name() string            { return "login.failed" }
func (SessionEnded) Name() string           { return "session.ended" }
func (ConsentGiven) Name() string           { return "consent.given" }
func (ConsentDenied) Name() string          { return "consent.denied" }
func (ConsentWithdrawn) Name() string       { return "consent.withdrawn" }
func (PasswordChanged) Name() string        { return "password.changed" }
func (PasswordChangeRequired) Name() string { return "password.change_required" }
func (ClientAuthenticated) Name() string    { return "client.authenticated" }
func (ClientAuthFailed) Name() string       { return "client.auth_failed" }
func (LimitHit) Name() string               { return "limit.hit" }
func (CleanupRan) Name() string             { return "cleanup.ran" }
func (LockedOut) Name() string              { return "login.locked_out" }
func (KeyChanged) Name() string             { return "key.changed" }
