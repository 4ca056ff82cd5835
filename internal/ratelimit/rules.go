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

// The budgets of guesses.
const (
	LoginFailures    Rule = "login_failures"     // of a user name
	LoginFailuresIP  Rule = "login_failures_ip"  // of an address
	ClientFailures   Rule = "client_failures"    // of a client id from one address
	ClientFailuresIP Rule = "client_failures_ip" // of an address
)

// Rate is so many in a span of time. The zero Rate is no limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// Off tells whether the rate limits nothing.
func (r Rate) Off() bool { return r.Count <= 0 || r.Per <= 0 }

// LimitError is the cause of a refusal (oauth.SlowDown): which limit was hit, and how long it is worth
// waiting.
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

// keyOf is what a limit is counted under: a digest, because what callers claim to be is part of it.
func keyOf(rule Rule, who string) oauth.Digest {
	return oauth.DigestOf("limit " + string(rule) + " " + who)
}
