package adminwire

import (
	"log/slog"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// TokenQuestion is a token to introspect or to revoke.
type TokenQuestion struct {
	Token secret.Text `json:"token"`
}

// LogValue hides the token from slog.
func (q TokenQuestion) LogValue() slog.Value { return slog.StringValue(q.Token.String()) }

// TokenInfo describes a token. Only Active is set for an inactive one.
type TokenInfo struct {
	Active    bool          `json:"active"`
	Subject   string        `json:"sub,omitempty"`
	User      string        `json:"user_id,omitempty"`
	Client    string        `json:"client_id,omitempty"`
	Username  string        `json:"username,omitempty"`
	Scope     *string       `json:"scope,omitempty"`
	Scopes    []string      `json:"scopes,omitempty"`
	TokenType string        `json:"token_type,omitempty"`
	Expires   int64         `json:"exp,omitempty"`
	Issued    int64         `json:"iat,omitempty"`
	NotBefore int64         `json:"nbf,omitempty"`
	Audience  []string      `json:"aud,omitempty"`
	Issuer    string        `json:"iss,omitempty"`
	JTI       string        `json:"jti,omitempty"`
	AuthTime  int64         `json:"auth_time,omitempty"`
	ACR       string        `json:"acr,omitempty"`
	AMR       []string      `json:"amr,omitempty"`
	Session   string        `json:"sid,omitempty"`
	Grant     string        `json:"grant,omitempty"`
	GrantType string        `json:"grant_type,omitempty"`
	Format    string        `json:"format,omitempty"`
	Binding   *Confirmation `json:"cnf,omitempty"`
}

// Confirmation names the key that the bearer of a token must prove to have (RFC 7800). One member is set.
type Confirmation struct {
	KeyThumbprint         string `json:"jkt,omitempty"`
	CertificateThumbprint string `json:"x5t#S256,omitempty"`
}

// Key describes a server key.
type Key struct {
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg,omitempty"`
	State     string `json:"state"`
	Created   Time   `json:"created_at"`
	Active    Time   `json:"active_at"`
	Retires   Time   `json:"retires_at,omitzero"`
	Drops     Time   `json:"drops_at,omitzero"`
}

// KeyRotate selects the keys to rotate.
type KeyRotate struct {
	Use string `json:"use"`
}

// AuditEntry is one event of the audit log.
type AuditEntry struct {
	ID        string         `json:"id"`
	At        Time           `json:"at"`
	Event     string         `json:"event"`
	Outcome   string         `json:"outcome,omitempty"`
	Actor     string         `json:"actor,omitempty"`
	Subject   string         `json:"subject,omitempty"`
	Client    string         `json:"client_id,omitempty"`
	IP        string         `json:"ip,omitempty"`
	UserAgent string         `json:"user_agent,omitempty"`
	RequestID string         `json:"request_id,omitempty"`
	Details   map[string]any `json:"details"`
	Writer    string         `json:"writer"`
	Sequence  uint64         `json:"seq"`
	Previous  string         `json:"previous"`
	Hash      string         `json:"hash"`
}

// AuditFilter selects the events that match every member that is set.
type AuditFilter struct {
	From, To        Time
	Subject, Client string
	Events          []string
	Request         string // a request id, or the support code that a person reported
	OldestFirst     bool
}

// AuditReport is the result of verifying a part of the audit log.
type AuditReport struct {
	Sound   bool         `json:"sound"`
	Entries int          `json:"entries"`
	First   uint64       `json:"first_seq,omitempty"`
	Last    uint64       `json:"last_seq,omitempty"`
	From    Time         `json:"from,omitzero"`
	To      Time         `json:"to,omitzero"`
	Faults  []AuditFault `json:"faults"`
	More    int          `json:"more_faults,omitempty"`
	Left    int          `json:"remaining"`
	Next    string       `json:"next,omitempty"`
}

// AuditFault is a place of the audit log that was tampered with.
type AuditFault struct {
	ID       string `json:"id,omitempty"`
	Sequence uint64 `json:"seq"`
	What     string `json:"what"`
}

// Stats counts the stored objects. The last two members are absent when there is no audit log.
type Stats struct {
	CountedAt     Time   `json:"counted_at"`
	Version       string `json:"version"`
	Clients       int    `json:"clients"`
	Users         int    `json:"users"`
	Sessions      int    `json:"sessions"`
	Keys          int    `json:"keys"`
	SigningKeyAge int64  `json:"signing_key_age"` // seconds
	AuditEntries  *int64 `json:"audit_entries,omitempty"`
	AuditDropped  *int64 `json:"audit_dropped,omitempty"`
}

// Problem describes why a request was refused (RFC 9457).
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"`
	Errors    []Fault `json:"errors,omitempty"`
	RequestID string  `json:"request_id,omitempty"`
}

// Fault is a mistake in a request, and its place: a JSON Pointer into the body
// (RFC 6901), or the name of a parameter or header.
type Fault struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// ProblemType is the prefix of the type of every problem.
const ProblemType = "urn:oauth2d:problem:"
