package authorize

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Step is what a pending request needs next.
type Step int

// The steps.
const (
	NeedLogin Step = iota + 1
	NeedConsent
	Ready
)

// Step decides what comes next for a request in a session; session is nil when nobody is signed
// in. Under prompt=none a need is an error that goes back to the client (OIDC Core §3.1.2.6).
func (a *Authorizer) Step(ctx context.Context, p Pending, session *oauth.Session) (Step, error) {
	if session == nil || !p.prompt.satisfied(session.AuthTime, p.asked, a.o.Now()) {
		if p.prompt.none {
			return 0, oauth.Refuse(oauth.LoginRequired, "the user has to sign in", nil).To(p.Return)
		}
		return NeedLogin, nil
	}
	agreed, err := a.agreed(ctx, p, session.User)
	if err != nil {
		return 0, err
	}
	if !agreed {
		if p.prompt.none {
			return 0, oauth.Refuse(oauth.ConsentRequired, "the user has to consent", nil).To(p.Return)
		}
		return NeedConsent, nil
	}
	return Ready, nil
}

// agreed tells whether the user's remembered consent covers the request.
func (a *Authorizer) agreed(ctx context.Context, p Pending, user oauth.UserID) (bool, error) {
	if p.Client.SkipConsent && !p.prompt.consent {
		return true, nil
	}
	given, err := a.o.Consents.Given(ctx, user)
	if err != nil {
		return false, oauth.Unavailable(err).To(p.Return)
	}
	for _, c := range given {
		if givenTo(p.Client, c) {
			fresh := !p.prompt.consent || c.Given.After(p.asked)
			return fresh && p.Scope.Within(c.Scope), nil
		}
	}
	return false, nil
}

// givenTo tells whether a consent is for a client, and not for one that had its id before.
func givenTo(client oauth.Client, c oauth.Consent) bool {
	return c.Client == client.ID && !c.Given.Before(client.Created.Truncate(time.Millisecond)) // as a consent keeps it
}

// Allow records the user's consent to the request, beside what they allowed this client before.
func (a *Authorizer) Allow(ctx context.Context, p Pending, session oauth.Session) error {
	given, err := a.o.Consents.Given(ctx, session.User)
	if err != nil {
		return oauth.Unavailable(err)
	}
	scope := p.Scope
	for _, c := range given {
		if givenTo(p.Client, c) {
			scope = c.Scope.With(scope)
		}
	}
	consent := oauth.Consent{Client: p.Client.ID, Scope: scope, Given: a.o.Now()}
	ctx, release := commit.Begin(ctx)
	defer release()
	if err = a.o.Consents.Give(ctx, session.User, consent); err != nil {
		err = oauth.Unavailable(err)
	}
	a.o.Events.Emit(ctx, event.ConsentGiven{
		User: string(session.User), Client: string(p.Client.ID), Scope: p.Scope.String(), Outcome: commit.OutcomeOf(err),
	})
	return err
}

// Deny answers the client that the user refused.
func (a *Authorizer) Deny(ctx context.Context, p Pending, session oauth.Session) error {
	a.o.Events.Emit(ctx, event.ConsentDenied{User: string(session.User), Client: string(p.Client.ID), Scope: p.Scope.String()})
	return oauth.Refuse(oauth.AccessDenied, "the user refused", nil).To(p.Return).Recorded()
}
