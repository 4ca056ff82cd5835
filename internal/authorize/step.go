package authorize

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Step is the next thing that a request needs.
type Step int

// The steps.
const (
	NeedLogin Step = iota + 1
	NeedConsent
	Ready
)

// adminAuthAge bounds the age of a sign-in by which an admin scope may be granted.
const adminAuthAge = 5 * time.Minute

// Step decides what comes next for a request in a session; session is nil when nobody is signed
// in. Under prompt=none, a request that needs a person is an error that goes back to the client (OIDC Core §3.1.2.6). A request that
// is Ready goes to Issue, with what Step noted in c.
func (a *Authorizer) Step(ctx context.Context, c *Continuation, session *oauth.Session) (Step, error) {
	if session == nil || !a.proved(c, *session) {
		return a.need(c, NeedLogin, oauth.LoginRequired, "the user has to sign in")
	}
	if c.Hinted != "" && c.Hinted != session.User {
		if !session.AuthTime.Before(c.asked) { // another user signed in than the one who was asked for
			return 0, c.refuse(oauth.LoginRequired, "another user than the id_token_hint names has signed in")
		}
		return a.need(c, NeedLogin, oauth.LoginRequired, "the user of the id_token_hint has to sign in")
	}
	state, err := a.o.Consents.Of(ctx, session.User, c.Client.ID)
	if err != nil {
		return 0, oauth.Unavailable(err).To(c.Return)
	}
	if !c.agreed(session.User, state.Consent) {
		return a.need(c, NeedConsent, oauth.ConsentRequired, "the user has to consent")
	}
	c.withdrawals = state.Withdrawals
	return Ready, nil
}

func (a *Authorizer) need(c *Continuation, step Step, code oauth.Code, why string) (Step, error) {
	if c.Prompt.None {
		return 0, c.refuse(code, why)
	}
	return step, nil
}

// refuse sends a refusal back to the client.
func (c *Continuation) refuse(code oauth.Code, why string) error {
	return c.refusal(oauth.Refuse(code, why, nil), Sent{}).To(c.Return)
}

// proved reports whether the sign-in of the session suffices for the request.
func (a *Authorizer) proved(c *Continuation, session oauth.Session) bool {
	now := a.o.Now()
	if c.Scope.HasAdmin() && now.Sub(session.AuthTime) > adminAuthAge {
		return false
	}
	return c.Prompt.satisfied(session.AuthTime, c.asked, now)
}

// agreed reports whether the user consented to the request. given is the consent that stands. Where the person must be asked each time, only a decision on the consent page of this very
// interaction counts.
func (c *Continuation) agreed(user oauth.UserID, given oauth.Consent) bool {
	if c.Client.SkipConsent && !c.Client.Public() && !c.mustAsk() {
		return true
	}
	if !givenTo(c.Client, given) || !c.Scope.Within(given.Scope) {
		return false
	}
	return !c.mustAsk() || c.decided != nil && c.decided.User == user && c.Scope.Within(c.decided.Scope)
}

// mustAsk reports whether an earlier consent does not count. The risk: any program on the device can listen on a
// loopback port or register a private-use scheme, and a public client needs no secret to redeem the code
// (RFC 8252 §8.6). Also when the client requires it (prompt=consent), and for admin scopes.
func (c *Continuation) mustAsk() bool {
	return c.Prompt.Consent || c.Scope.HasAdmin() || c.Client.Public() && !oauth.IsWebRedirect(c.Return.URI)
}

// givenTo reports whether a consent is for this client, and not for an earlier one with the same id.
func givenTo(client oauth.Client, c oauth.Consent) bool {
	return c.Client == client.ID && !c.Given.Before(client.Created.Truncate(time.Millisecond)) // the precision of a stored consent
}

// Allow adds the request to what the user allowed this client, in one step (store.Consents.Give), and returns
// the request with the decision. Seal it: the decision counts for this interaction only.
func (a *Authorizer) Allow(ctx context.Context, c Continuation, session oauth.Session) (Continuation, error) {
	consent := oauth.Consent{Client: c.Client.ID, Scope: c.Scope, Given: a.o.Now()}
	ctx, release := commit.Begin(ctx)
	defer release()
	_, err := a.o.Consents.Give(ctx, session.User, consent, c.Client.Created.Truncate(time.Millisecond))
	if err != nil {
		err = oauth.Unavailable(err)
	}
	a.o.Events.Emit(ctx, event.ConsentGiven{
		User: session.User, Client: c.Client.ID, Scope: c.Scope, Outcome: commit.OutcomeOf(err),
	})
	c.decided = &decision{User: session.User, Scope: c.Scope}
	return c, err
}

// Deny returns the error by which the client learns that the user refused.
func (a *Authorizer) Deny(ctx context.Context, c Continuation, session oauth.Session) error {
	a.o.Events.Emit(ctx, event.ConsentDenied{User: session.User, Client: c.Client.ID, Scope: c.Scope})
	return oauth.Refuse(oauth.AccessDenied, "the user refused", nil).To(c.Return).Recorded()
}
