// Package admin owns what operators do: the verbs behind the admin API and the command line, each with
// what has to happen together, who may do it, and the record of who did it.
//
// It knows neither HTTP nor terminals. Every error is an *oauth.Error: not_found for what is not there,
// temporarily_unavailable when the store could not be asked, and then it is not known whether a change
// was made. Changes may be repeated.
package admin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/precis"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Options are the rooms that are looked after. All but Operators is needed.
type Options struct {
	Registry  *registry.Registry
	Directory *directory.Directory
	Sessions  *session.Sessions
	Tokens    *token.Tokens
	Ring      *keyring.Ring
	Grants    store.Grants
	Consents  store.Consents
	Overview  store.Overview
	Events    event.Sink
	Now       func() time.Time
	Operators []string // the sign-in names of the people who may hold admin scopes
}

// Admin is the one who carries out what operators want. It is safe for concurrent use.
type Admin struct{ o Options }

// New makes an Admin.
func New(o Options) *Admin { return &Admin{o: o} }

// The scopes of operators. Each part of the API has one for reading and one for changing; All stands
// for every one of them.
const (
	prefixAdmin = "admin:"
	All         = "admin:*"
)

// Operator is somebody who was let in, with the verbs that they may use. Whether they may use a verb
// at all is decided where they come in; what they may hand out is decided here.
type Operator struct {
	*Admin
	Name   string // the subject of the operator's token
	Scopes oauth.Scopes
}

// By gives the verbs to an operator.
func (a *Admin) By(name string, scopes oauth.Scopes) Operator {
	return Operator{Admin: a, Name: name, Scopes: scopes}
}

// Has tells whether the operator has a scope, by name or by All.
func (op Operator) Has(scope string) bool { return op.Scopes.Has(All) || op.Scopes.Has(scope) }

// Must refuses an operator who has not got a scope.
func (op Operator) Must(scope string) error {
	if op.Has(scope) {
		return nil
	}
	return lacks(scope)
}

// IsOperator tells whether a person may hold admin scopes: only those whom the settings list. Names are
// alike as they are at the sign-in, also that of a user who is yet to be added.
func (a *Admin) IsOperator(u oauth.User) bool {
	return slices.ContainsFunc(a.o.Operators, func(name string) bool { return sameName(name, u.Name) })
}

// sameName compares sign-in names as the directory does: whatever their case and spelling.
func sameName(a, b string) bool {
	form := func(name string) string {
		if enforced, err := precis.Name(name); err == nil {
			name = enforced
		}
		return oauth.FoldName(strings.TrimSpace(name))
	}
	return form(a) == form(b)
}

// looksLikeOperator tells whether a new name reads like that of an operator without being it.
func (a *Admin) looksLikeOperator(name string) bool {
	return slices.ContainsFunc(a.o.Operators, func(operator string) bool {
		return !sameName(operator, name) && precis.Reads(operator, name)
	})
}

// Match is a condition on what is there before a change; the zero Match is none.
type Match struct {
	Revision uint64 // this one; 0: any
	There    bool   // something
	Absent   bool   // nothing
}

func (m Match) check(revision uint64) error {
	if m.Absent || m.Revision != 0 && m.Revision != revision {
		return oauth.Refuse(oauth.PreconditionFailed, "it has another revision, or is there already", nil)
	}
	return nil
}

// absent is the answer for what is not there, under a condition.
func (m Match) absent(what string) error {
	if m.There || m.Revision != 0 {
		return oauth.Refuse(oauth.PreconditionFailed, "there is no such "+what, store.Absent)
	}
	return notFound(what)
}

func notFound(what string) error {
	return oauth.Refuse(oauth.NotFound, "there is no such "+what, store.Absent)
}

// asked gives the refusal for what a room answered about a thing.
func asked(err error, what string) error {
	var refusal *oauth.Error
	isRefusal := errors.As(err, &refusal)
	switch {
	case err == nil:
		return nil
	case isRefusal && errors.Is(err, store.Conflict):
		return oauth.Refuse(oauth.AlreadyExists, refusal.Description, err).At(refusal.Field)
	case isRefusal:
		return refusal
	case errors.Is(err, store.Absent):
		return notFound(what)
	case errors.Is(err, store.Conflict):
		return oauth.Refuse(oauth.Conflict, "it was changed by others meanwhile", err)
	}
	return oauth.Unavailable(err)
}

// deed is a change that an operator makes, as the audit log records it. A verb fills in what each of its
// steps has changed as soon as it has.
type deed struct {
	action, object string
	before, after  facts
	nothing        bool // there was nothing to change
}

// act carries out a change and records it: exactly one entry, with the outcome, whatever happens. The
// caller of the request may disconnect at any moment; the change goes on (commit.Begin).
func (op Operator) act(ctx context.Context, action, object string, do func(context.Context, *deed) error) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	d := deed{action: action, object: object}
	err := do(ctx, &d)
	if err == nil && d.nothing {
		return nil
	}
	fact := event.AdminAction{Actor: event.Actor(op.Name), Action: d.action, Target: d.object, Outcome: commit.OutcomeOf(err)}
	fact.Before, fact.After = differing(d.before, d.after)
	if err == nil {
		op.o.Events.Emit(ctx, fact)
		return nil
	}
	refusal := oauth.AsError(err)
	fact.Reason = refusal.Reason()
	op.o.Events.Emit(ctx, fact)
	return refusal.Recorded()
}

// needs refuses what the operator's own scopes do not cover.
func (op Operator) needs(scopes oauth.Scopes) error {
	for _, scope := range scopes {
		if strings.HasPrefix(scope, prefixAdmin) && !op.Has(scope) {
			return lacks(scope)
		}
	}
	return nil
}

// missingScopeError is the cause of a refusal for want of a scope.
type missingScopeError string

// Error implements error.
func (m missingScopeError) Error() string { return "the scope " + string(m) + " is missing" }

// Needed names the scope that would do.
func (m missingScopeError) Needed() string { return string(m) }

// lacks is the refusal for want of a scope.
func lacks(scope string) error {
	return oauth.Refuse(oauth.InsufficientScope, "this needs "+scope, missingScopeError(scope))
}
