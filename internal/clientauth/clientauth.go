package clientauth

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
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
	// Floor is what the time of a refusal is rounded up to a multiple of; 50 ms.
	Floor time.Duration
	// Wait passes time, or less when ctx ends; a timer when nil.
	Wait func(ctx context.Context, d time.Duration)
}

// Authenticator tells who a client is. It is safe for concurrent use.
type Authenticator struct{ Options }

// New makes an Authenticator.
func New(o Options) *Authenticator {
	if o.Floor == 0 {
		o.Floor = 50 * time.Millisecond
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return &Authenticator{o}
}

// Why a client was refused: for the audit log only.
const (
	noClient      = "no client named"
	unknownClient = "unknown client"
	disabled      = "disabled"
	otherMethod   = "method not registered"
	wrongSecret   = "wrong secret"
)

// Authenticate gives the client that the request proved to be, or for a public one claimed to be. A
// refusal is invalid_client, whatever the reason; "could not ask" is temporarily_unavailable and
// never a refusal.
func (a *Authenticator) Authenticate(ctx context.Context, p Presented) (oauth.Client, error) {
	start := a.Now()
	client, reason, err := a.decide(ctx, p)
	if err != nil {
		return oauth.Client{}, oauth.Unavailable(err)
	}
	if reason == "" {
		a.Events.Emit(ctx, event.ClientAuthenticated{Client: string(client.ID), Method: string(p.Method)})
		return client, nil
	}
	a.Events.Emit(ctx, event.ClientAuthFailed{Client: string(client.ID), Method: string(p.Method), Reason: reason})
	a.Wait(ctx, a.rest(a.Now().Sub(start)))
	return oauth.Client{}, oauth.Refuse(oauth.InvalidClient, "client authentication failed", errors.New(reason))
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
		return client, otherMethod, nil
	case !right:
		return client, wrongSecret, nil
	case client.Disabled:
		return client, disabled, nil
	}
	return client, "", nil
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

// rest is what is left of elapsed to the next multiple of the floor.
func (a *Authenticator) rest(elapsed time.Duration) time.Duration {
	return a.Floor - elapsed%a.Floor
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
