package event

// The signs of trouble that no single request shows.
type (
	// RevokedTokenUsed: an access token was shown after it, its grant or all tokens of its client had been
	// revoked. Caller is who introspected it; empty when the bearer showed it itself.
	RevokedTokenUsed struct{ Client, User, Grant, Caller string }
	// IntrospectionDenied: a caller was answered that a live token is inactive, because it may not
	// introspect that token. It is told once a minute for each caller and client; Reason says why.
	IntrospectionDenied struct{ Caller, Client, Reason string }
	// TokenSpread: so many different callers introspected one token that it may be going round.
	TokenSpread struct {
		Client, Token string // Token is its jti
		Callers       int
	}
)

// The facts of the audit log itself.
type (
	// AuditDropped: facts were lost for the audit log, or for the copy of it that Where names, because more
	// came than could be written.
	AuditDropped struct {
		Where string // "" or "log"
		Count int
	}
	// AuditBroken: the log in Redis does not end where it must. Known is the number of the last entry that
	// this server knows of, Found the number that stands there; 0 is none that can be trusted.
	AuditBroken struct{ Known, Found uint64 }
)

// Name implements Event.
func (RevokedTokenUsed) Name() string    { return "revoked_token.used" }
func (IntrospectionDenied) Name() string { return "introspection.denied" }
func (TokenSpread) Name() string         { return "token.spread" }
func (AuditDropped) Name() string        { return "audit.dropped" }
func (AuditBroken) Name() string         { return "audit.broken" }
