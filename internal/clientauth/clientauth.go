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

// Options configure an Authenticator. Registry, Methods, Events and Now are required.
type Options struct {
	Registry *registry.Registry
	Methods  []Method // in the order in which the metadata lists them
	Events   event.Sink
	Now      func() time.Time
	// Guard bounds wrong secrets by client and address, and by address; nil bounds nothing.
	Guard *ratelimit.Guard
	// Floor: the time of a refusal is rounded up to a multiple of it. 50 ms when zero.
	Floor time.Duration
	// Wait waits for d, or until ctx ends; a timer when nil.
	Wait func(ctx context.Context, d time.Duration)
}

// Authenticator authenticates clients. It is safe for concurrent use.
type Authenticator struct {
	o       Options
	methods []served
	seen    *seenSecrets
}

// New makes an Authenticator.
func New(o Options) *Authenticator {
	if o.Floor == 0 {
		o.Floor = 50 * time.Millisecond
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	a := &Authenticator{o: o, seen: newSeenSecrets()}
	for _, one := range o.Methods {
		a.methods = append(a.methods, served{one, one.Describe()})
	}
	return a
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

// Authenticate returns the client that the request authenticates, or that it names when the client is
// public. A refusal is invalid_client, whatever the reason, and after too many of them slow_down (429), whether
// there is such a client or not; "could not ask" is temporarily_unavailable and never a refusal.
func (a *Authenticator) Authenticate(ctx context.Context, r Request) (oauth.Client, error) {
	c, err := a.recognize(r)
	if err != nil {
		return oauth.Client{}, err
	}
	return a.authenticate(ctx, c)
}

// authenticate counts a secret as a guess before it checks it, unless the secret was right before: then it
// does not ask the guard, and a lockout that others caused at the same address does not reject it.
func (a *Authenticator) authenticate(ctx context.Context, c Credentials) (oauth.Client, error) {
	start := a.o.Now()
	if c.Proof == "" || !a.guessable(c) {
		return a.answer(ctx, c, start, a.decide(ctx, c))
	}
	mark := a.seen.mark(c.ID, c.Proof)
	if a.seen.has(mark) {
		v := a.decide(ctx, c)
		if v.err != nil || v.reason != wrongSecret && v.reason != expiredSecret && v.reason != unknownClient {
			return a.answer(ctx, c, start, v)
		}
		a.seen.drop(mark) // it was right once; now it is a guess like any other
	}
	attempt, err := a.o.Guard.Begin(ctx, c.ID+" "+ratelimit.Network(event.OriginOf(ctx).IP))
	if err != nil {
		return oauth.Client{}, err
	}
	v := a.decide(ctx, c)
	switch {
	case v.err != nil:
		attempt.Cancel(ctx)
	case v.reason != "":
		attempt.Failed(ctx, event.LockedOut{Client: v.client.ID})
	default:
		a.seen.add(mark)
		attempt.Passed(ctx)
	}
	return a.answer(ctx, c, start, v)
}

// guessable reports whether the proof is a secret. Other proofs are signed, and cannot be guessed. An unknown
// method counts as guessable.
func (a *Authenticator) guessable(c Credentials) bool {
	by := a.method(c.Method)
	return by == nil || by.Secret || by.Public
}

// verdict is the result of decide.
type verdict struct {
	client oauth.Client
	reason string // why the client is refused; empty when it is not
	err    error  // "could not ask"
}

// answer returns the client, or a refusal no earlier than a multiple of the floor after the start.
func (a *Authenticator) answer(ctx context.Context, c Credentials, start time.Time, v verdict) (oauth.Client, error) {
	if v.err != nil {
		return oauth.Client{}, oauth.Unavailable(v.err)
	}
	if v.reason == "" {
		a.o.Events.Emit(ctx, event.ClientAuthenticated{Client: v.client.ID, Method: c.Method})
		return v.client, nil
	}
	a.o.Events.Emit(ctx, event.ClientAuthFailed{Client: v.client.ID, Method: c.Method, Reason: v.reason})
	a.o.Wait(ctx, a.rest(a.o.Now().Sub(start)))
	return oauth.Client{}, refused(errors.New(v.reason)).Recorded()
}

func refused(reason error) *oauth.Error {
	return oauth.Refuse(oauth.InvalidClient, "client authentication failed", reason)
}

// decide does the same work for every reason: it verifies a proof even when the answer is known already.
func (a *Authenticator) decide(ctx context.Context, c Credentials) verdict {
	if c.ID == "" {
		return verdict{reason: noClient}
	}
	client, err := a.o.Registry.Client(ctx, oauth.ClientID(c.ID))
	absent := errors.Is(err, store.Absent)
	if err != nil && !absent {
		return verdict{err: err}
	}
	by, reason := a.method(c.Method), otherMethod
	if by != nil {
		if reason, err = by.Verify(ctx, client, c); err != nil {
			return verdict{err: err}
		}
	}
	switch {
	case absent:
		return verdict{reason: unknownClient}
	case c.Unserved:
		return verdict{client: client, reason: assertion}
	case by != nil && by.Public && !client.Public() && c.Proof == "":
		return verdict{client: client, reason: noSecret}
	case by == nil || !a.allowed(client, *by):
		return verdict{client: client, reason: otherMethod}
	case reason != "":
		return verdict{client: client, reason: reason}
	case client.Disabled:
		return verdict{client: client, reason: disabled}
	}
	return verdict{client: client}
}

// allowed reports whether a client may authenticate by a method.
//
// RFC 7591 §2 registers one method a client, but the two ways to send a secret prove the same, and
// libraries pick either whatever was registered: a client with a secret may use both. The kind of proof must be
// the registered one: no secret is never enough where one is registered (RFC 9700 §2.5), and a public client
// that sends one is registered wrongly somewhere, which has to show.
func (a *Authenticator) allowed(client oauth.Client, by served) bool {
	if by.Name == client.Method {
		return true
	}
	registered := a.method(client.Method)
	return registered != nil && registered.Secret && by.Secret
}

// rest returns what is left of elapsed to the next multiple of the slot.
func (a *Authenticator) rest(elapsed time.Duration) time.Duration {
	slot := slotOf(a.o.Floor, a.o.Registry.SlowestCheck())
	return slot - elapsed%slot
}

// maxSlot bounds how long a refusal takes, however slow a hash was measured on a busy machine.
const maxSlot = 2 * time.Second

// slotOf is the time that every refusal takes: a multiple of the floor in which the slowest hash of any client
// is checked, with a quarter to spare. So a client id that is not registered, one with a generated secret and
// one with a hash of another server take the same time. Waiting costs nothing; doing the slowest
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
