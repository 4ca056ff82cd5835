package event

// The facts of tokens. Grant is always the public reference of a grant, never its id.
type (
	// TokenIssued: a client got an access token.
	TokenIssued struct {
		Client, User, GrantType, Scope, Format, Grant string
		Refresh                                       bool // a refresh token went with it
		Outcome                                       Outcome
	}
	// TokenDenied: a token request was refused.
	TokenDenied struct {
		Client, GrantType, Code, Reason string
		Outcome                         Outcome
	}
	// CredentialShown: the store decided on a code or refresh token.
	CredentialShown struct{ Client, Grant, Kind, Verdict string }
	// CodeReplayed: a code was shown a second time; its grant is dead.
	CodeReplayed struct {
		Client, Grant string
		Outcome       Outcome
	}
	// RefreshReused: an older refresh token was shown; its grant is dead.
	RefreshReused struct {
		Client, Grant string
		Outcome       Outcome
	}
	// TokenRevoked: a token, grant, session, user or client lost its tokens, or all did. Token is the jti
	// of a single one, which tells nobody the token.
	TokenRevoked struct {
		By, Client, User, Grant, What, Token string
		Outcome                              Outcome
	}
	// TokenIntrospected: a caller asked about a token. Token is its jti; empty when it is none of ours.
	// Denied says why a live token was reported inactive to this caller; empty when nothing was withheld.
	TokenIntrospected struct {
		Caller, Client, Token string
		Active                bool
		Denied                string
	}
)

// The facts of people.
type (
	// LoginSucceeded: a person proved who they are.
	LoginSucceeded struct {
		User, Session string
		Outcome       Outcome
	}
	// LoginFailed: somebody did not. The name typed is not recorded: it may be a password.
	LoginFailed struct {
		User, Reason string
		Outcome      Outcome
	}
	// SessionEnded: a session ended before its time.
	SessionEnded struct {
		User, Session, Reason string
		Outcome               Outcome
	}
	// ConsentGiven: a user allowed a client something.
	ConsentGiven struct {
		User, Client, Scope string
		Outcome             Outcome
	}
	// ConsentDenied: a user refused.
	ConsentDenied struct {
		User, Client, Scope string
		Outcome             Outcome
	}
	// ConsentWithdrawn: a user took back what they allowed a client.
	ConsentWithdrawn struct {
		User, Client string
		Outcome      Outcome
	}
	// PasswordChangeRequired: somebody typed the right password, and has to choose another one before
	// they are signed in.
	PasswordChangeRequired struct{ User string }
	// PasswordChanged: a user has another password.
	PasswordChanged struct {
		User    string
		Outcome Outcome
	}
)

// The facts of clients and keys.
type (
	// ClientAuthenticated: a client proved who it is.
	ClientAuthenticated struct{ Client, Method string }
	// ClientAuthFailed: a client did not. Client is empty when it is not registered.
	ClientAuthFailed struct{ Client, Method, Reason string }
	// LimitHit: a request was refused because a limit was hit. Rule is the limit's name in the settings.
	LimitHit struct{ Rule, Client string }
	// LockedOut: so many guesses were wrong that no more are taken for a while. User or Client is who was
	// guessed at, when there is such a one; both are empty when it is an address that is locked.
	LockedOut struct{ Rule, User, Client string }
	// CleanupRan: a sweep was completed, or failed and goes on later where it stopped.
	CleanupRan struct {
		Result         string // completed or failed
		Users, Removed int
	}
	// KeyChanged: a server key was made, promoted, retired or dropped.
	KeyChanged struct {
		Key, Use, Change string
		Outcome          Outcome
	}
)

// The facts of requests.
type (
	// RequestRefused: an endpoint, a page or the admin API refused a request for a reason that no other
	// fact records. Route is the pattern of the path, Code the error code of the answer, Reason why, which
	// the caller may not have been told. Client is a registered client; SentClient and SentRedirectURI are
	// what the request sent, which nobody has checked, cut so that they hold no credential (oauth.CutSent).
	RequestRefused struct {
		Actor, User, Client, Route, Code, Reason string
		SentClient, SentRedirectURI              string
	}
)

// The facts of operators.
type (
	// AdminAction: an operator changed something, or tried to. Actor is the subject of the operator's token, Action
	// a verb such as "client.change", which is the fact's name, Object what it was done to. Before and After hold what differs, by
	// the names of the admin API; no secret is among them.
	AdminAction struct {
		Actor, Action, Object string
		Before, After         map[string]any
		Outcome               Outcome
		Reason                string // why it is not done
	}
)

// Name implements Event.
func (a AdminAction) Name() string          { return a.Action }
func (RequestRefused) Name() string         { return "request.refused" }
func (TokenIssued) Name() string            { return "token.issued" }
func (TokenDenied) Name() string            { return "token.denied" }
func (CredentialShown) Name() string        { return "credential.shown" }
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
func (LockedOut) Name() string              { return "guesses.locked_out" }
func (KeyChanged) Name() string             { return "key.changed" }
