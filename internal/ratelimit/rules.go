package ratelimit

import (
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Rule names a limit, as the settings do.
type Rule string

// The rates of callers by their address.
const (
	AuthorizeIP  Rule = "authorize_ip"
	LoginIP      Rule = "login_ip"
	PagesIP      Rule = "pages_ip"
	TokenIP      Rule = "token_ip"
	IntrospectIP Rule = "introspect_ip"

	LargeRequestsIP Rule = "large_requests_ip"
)

// The rates of authenticated clients.
const (
	Token      Rule = "token"
	Introspect Rule = "introspect"
	Revoke     Rule = "revoke"
	Admin      Rule = "admin"
)

// The budgets of wrong guesses.
const (
	LoginFailures    Rule = "login_failures"     // of a user name
	LoginFailuresIP  Rule = "login_failures_ip"  // of an address
	ClientFailures   Rule = "client_failures"    // of a client id from one address
	ClientFailuresIP Rule = "client_failures_ip" // of an address
)

// Rate is a number of requests or guesses in a span of time. The zero Rate does not limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// Off reports whether the rate does not limit.
func (r Rate) Off() bool { return r.Count <= 0 || r.Per <= 0 }

// LimitError is the cause of a refusal (oauth.SlowDown): the limit that was hit, and the time after
// which a retry may succeed.
type LimitError struct {
	Rule Rule
	Rate Rate
	Wait time.Duration
}

// Error implements error.
func (e *LimitError) Error() string { return "limit " + string(e.Rule) }

func refuse(e *LimitError) error {
	return oauth.Refuse(oauth.SlowDown, "too many requests; Retry-After says when to try again", e)
}

// keyOf returns the key under which a limit is counted: a digest, because name is text of a caller.
func keyOf(rule Rule, name string) oauth.Digest {
	return oauth.DigestOf("limit " + string(rule) + " " + name)
}
