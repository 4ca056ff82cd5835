package clientauth

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Presented is what a request showed of its client. Two methods in one request never get here: who
// reads the request refuses them (RFC 6749 §2.3).
type Presented struct {
	ID        string
	Secret    oauth.Token
	Method    oauth.AuthMethod // how it was presented; AuthNone for a client_id alone
	Assertion bool             // a client_assertion came with it (RFC 7521 §4.2), which no client may use
}

// Options make an Authenticator. Registry, Events and Now are required.
type Options struct {
	Registry *registry.Registry
	Events   event.Sink
	Now      func() time.Time
	// Guard bounds wrong secrets by client and address, and by address; nil bounds nothing.
	Guard *ratelimit.Guard
	// Floor is what the time of a refusal is rounded up to a multiple of; 50 ms.
	Floor time.Duration
	// Wait passes time, or less when ctx ends; a timer when nil.
	Wait func(ctx context.Context, d time.Duration)
}

// Authenticator tells who a client is. It is safe for concurrent use.
type Authenticator struct {
	Options
	proven *proven
}

// New makes an Authenticator.
func New(o Options) *Authenticator {
	if o.Floor == 0 {
		o.Floor = 50 * time.Millisecond
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return &Authenticator{Options: o, proven: newProven()}
}

// Why a client was refused: for the audit log only.
const (
	noClient      = "no client named"
	unknownClient = "unknown client"
	disabled      = "disabled"
	otherMethod   = "method not registered"
	noSecret      = "no secret, where one is registered"
	assertion     = "client assertion, which is not supported"
	wrongSecret   = "wrong secret"
	expiredSecret = "expired secret"
)

// Authenticate gives the client that the request proved to be, or for a public one claimed to be. A
// refusal is invalid_client, whatever the reason, and after too many of them slow_down (429), whether
// there is such a client or not; "could not ask" is temporarily_unavailable and never a refusal.
//
// A secret is counted as a guess before it is checked, unless it was right before: then nobody is
// asked, and no lock that others earned at the same address keeps it out.
func (a *Authenticator) Authenticate(ctx context.Context, p Presented) (oauth.Client, error) {
	start := a.Now()
	if p.Secret == "" {
		client, reason, err := a.decide(ctx, p)
		return a.answer(ctx, p, start, judgement{client, reason, err})
	}
	mark := a.proven.mark(p.ID, p.Secret)
	if a.proven.has(mark) {
		client, reason, err := a.decide(ctx, p)
		if err != nil || reason != wrongSecret && reason != expiredSecret && reason != unknownClient {
			return a.answer(ctx, p, start, judgement{client, reason, err})
		}
		a.proven.drop(mark) // it was right once; now it is a guess like any other
	}
	attempt, err := a.Guard.Begin(ctx, p.ID+" "+ratelimit.Network(event.OriginOf(ctx).IP))
	if err != nil {
		return oauth.Client{}, err
	}
	client, reason, err := a.decide(ctx, p)
	switch {
	case err != nil:
		attempt.Unmade(ctx)
	case reason != "":
		attempt.Failed(ctx, event.LockedOut{Client: client.ID})
	default:
		a.proven.add(mark)
		attempt.Passed(ctx)
	}
	return a.answer(ctx, p, start, judgement{client, reason, err})
}

// judgement is what decide found.
type judgement struct {
	client oauth.Client
	reason string
	err    error
}

// answer tells what was found, a refusal no earlier than a multiple of the floor after the start.
func (a *Authenticator) answer(ctx context.Context, p Presented, start time.Time, j judgement) (oauth.Client, error) {
	if j.err != nil {
		return oauth.Client{}, oauth.Unavailable(j.err)
	}
	if j.reason == "" {
		a.Events.Emit(ctx, event.ClientAuthenticated{Client: j.client.ID, Method: p.Method})
		return j.client, nil
	}
	a.Events.Emit(ctx, event.ClientAuthFailed{Client: j.client.ID, Method: p.Method, Reason: j.reason})
	a.Wait(ctx, a.rest(a.Now().Sub(start)))
	return oauth.Client{}, oauth.Refuse(oauth.InvalidClient, "client authentication failed", errors.New(j.reason)).Recorded()
}

// decide says why the client is refused, or "". The work is the same for every reason: a secret is
// checked even where the answer is known already.
func (a *Authenticator) decide(ctx context.Context, p Presented) (oauth.Client, string, error) {
	if p.ID == "" {
		return oauth.Client{}, noClient, nil
	}
	client, err := a.Registry.Client(ctx, oauth.ClientID(p.ID))
	if errors.Is(err, store.Absent) {
		a.Registry.CheckNothing(p.Secret.Reveal())
		return oauth.Client{}, unknownClient, nil
	}
	if err != nil {
		return oauth.Client{}, "", err
	}
	right := client.Public()
	if !right {
		if right, err = a.Registry.CheckSecret(ctx, client, p.Secret.Reveal()); err != nil {
			return oauth.Client{}, "", err
		}
	}
	switch {
	case !allowed(client.Method, p):
		return client, methodReason(p), nil
	case !right && a.Registry.HasExpired(client, p.Secret.Reveal()):
		return client, expiredSecret, nil
	case !right:
		return client, wrongSecret, nil
	case client.Disabled:
		return client, disabled, nil
	}
	return client, "", nil
}

// methodReason says why the way in which a client presents itself is not allowed.
func methodReason(p Presented) string {
	switch {
	case p.Assertion:
		return assertion
	case p.Method == oauth.AuthNone && p.Secret == "":
		return noSecret
	}
	return otherMethod
}

// allowed tells whether a client of a registered method may present itself like this.
//
// RFC 7591 §2 names one method a client, but the two ways to send a secret prove the same, and
// libraries pick either whatever was registered: a client with a secret may use both. What is not
// given up is the kind of proof: no secret is never enough where one is registered (RFC 9700 §2.5),
// and a public client that sends one was registered wrongly somewhere, which has to show.
func allowed(registered oauth.AuthMethod, p Presented) bool {
	if p.Assertion {
		return false
	}
	switch registered {
	case oauth.AuthBasic, oauth.AuthPost:
		return p.Method == oauth.AuthBasic || p.Method == oauth.AuthPost
	case oauth.AuthNone:
		return p.Method == oauth.AuthNone && p.Secret == ""
	}
	return false
}

// rest is what is left of elapsed to the next multiple of the slot.
func (a *Authenticator) rest(elapsed time.Duration) time.Duration {
	slot := slotOf(a.Floor, a.Registry.SlowestCheck())
	return slot - elapsed%slot
}

// maxSlot bounds how long a refusal takes, however slow a hash was measured on a busy machine.
const maxSlot = 2 * time.Second

// slotOf is the time that every refusal takes: a multiple of the floor in which the slowest hash of any client
// is checked, with a quarter to spare. So a client id that is not registered, one with a generated secret and
// one with a hash of another server cannot be told apart by the clock. Waiting costs nothing; doing the slowest
// work for every unknown id would let a flood of them take the processors.
func slotOf(floor, slowest time.Duration) time.Duration {
	needed := slowest + slowest/4
	slots := (needed + floor - 1) / floor
	return max(floor, min(slots*floor, maxSlot))
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
