package token

import "errors"

// Death is why an access token is not alive, for the audit log; "" for one that is alive.
type Death string

// The reasons. An opaque token leaves nothing in Redis when it expires, so that several reasons look the same.
const (
	deadForm           Death = "it does not have the form of an access token of this server"
	deadSignature      Death = "it is not signed as an access token by a key of this server: it is another server's, another kind of token, or its key was dropped"
	deadIssuer         Death = "it was issued under another issuer"
	deadNoRecord       Death = "Redis holds no such token: it expired, ended with its grant, or is another server's"
	deadExpired        Death = "it is expired"
	deadRevoked        Death = "it was revoked"
	deadGrant          Death = "its grant has ended"
	deadClientRevoked  Death = "all tokens of its client were revoked"
	deadClientGone     Death = "its client was deleted"
	deadClientDisabled Death = "its client is disabled"
	deadGrantType      Death = "its client may no longer use the grant type that it came of"
	deadNothingLeft    Death = "nothing is left of its scope or audience: its client may no longer have them"
)

// Cause returns the reason as the cause of a refusal.
func (d Death) Cause() error { return errors.New(string(d)) }
