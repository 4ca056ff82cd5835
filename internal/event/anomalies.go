package event

import "github.com/recipe-web-app/oauth2d/internal/oauth"

// The anomalies: patterns that no single request shows.
type (
	// RevokedTokenUsed reports that an access token was used after it, its grant or all tokens of its client
	// had been revoked. Caller introspected it; empty when the bearer presented it to this server.
	RevokedTokenUsed struct {
		Client oauth.ClientID `audit:"client_id"`
		User   oauth.UserID   `audit:"subject"`
		Grant  oauth.GrantRef `audit:"grant"`
		Caller oauth.ClientID `audit:"actor"`
	}
	// IntrospectionDenied reports that a live token was reported inactive to a caller that may not
	// introspect it. It is emitted at most once a minute for each caller, client and reason.
	IntrospectionDenied struct {
		Caller oauth.ClientID `audit:"actor"`
		Client oauth.ClientID `audit:"client_id"`
		Reason string         `audit:"reason"`
	}
	// TokenShared reports that so many different callers introspected one token that it may have been
	// passed on.
	TokenShared struct {
		Client  oauth.ClientID `audit:"client_id"`
		Token   TokenID        `audit:"token"`
		Callers int            `audit:"callers"`
	}
)

// The events of the audit log itself.
type (
	// AuditDropped reports that events are missing in the audit log, or in the copy of it that Where names,
	// because they came faster than they could be written.
	AuditDropped struct {
		Where string `audit:"where"` // "" or "log"
		Count int    `audit:"count"`
	}
	// AuditBroken reports that the log in Redis does not end at the entry at which it must. Known is the
	// number of the last entry that this server knows of, Found the number of the last one in Redis; 0 is
	// none that can be trusted.
	AuditBroken struct {
		Known uint64 `audit:"known"`
		Found uint64 `audit:"found"`
	}
)

// Name implements Event.
func (RevokedTokenUsed) Name() string    { return "revoked_token.used" }
func (IntrospectionDenied) Name() string { return "introspection.denied" }
func (TokenShared) Name() string         { return "token.shared" }
func (AuditDropped) Name() string        { return "audit.dropped" }
func (AuditBroken) Name() string         { return "audit.broken" }
