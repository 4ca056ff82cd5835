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
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/precis"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Options configure an Admin. All but Operators are required.
type Options struct {
	Registry  *registry.Registry
	Lease     *freshness.Lease // of the registry's cache, and the epoch
	Directory *directory.Directory
	Sessions  *session.Sessions
	SignIn    *signin.SignIn
	Tokens    *token.Tokens
	Ring      *keyring.Ring
	Grants    store.Grants
	Consents  store.Consents
	Overview  store.Overview
	Events    event.Sink
	Now       func() time.Time
	Operators []string // the sign-in names of the people who may hold admin scopes
}

// Admin carries out the operations of operators. It is safe for concurrent use.
type Admin struct{ o Options }

// New returns an Admin.
func New(o Options) *Admin { return &Admin{o: o} }

// The scopes of operators. Each part of the API has one for reading and one for changing; All includes every
// one of them.
const (
	prefixAdmin = "admin:"
	All         = "admin:*"
)

// Operator is an authenticated operator, with the verbs of the admin API. The caller checks whether the operator's
// scopes allow a verb; this package checks which scopes an operator may grant.
type Operator struct {
	*Admin
	Name   string // the subject of the operator's token
	Scopes oauth.Scopes
}

// By returns the verbs for an operator.
func (a *Admin) By(name string, scopes oauth.Scopes) Operator {
	return Operator{Admin: a, Name: name, Scopes: scopes}
}

// Has reports whether the operator has a scope, by name or by All.
func (op Operator) Has(scope string) bool { return op.Scopes.Has(All) || op.Scopes.Has(scope) }

// Must refuses an operator without a scope.
func (op Operator) Must(scope string) error {
	if op.Has(scope) {
		return nil
	}
	return lacks(scope)
}

// IsOperator reports whether a user may hold admin scopes: the settings list those users. Names are compared as at
// the sign-in, and also before the user is added.
func (a *Admin) IsOperator(u oauth.User) bool {
	return slices.ContainsFunc(a.o.Operators, func(name string) bool { return sameName(name, u.Name) })
}

// sameName compares sign-in names as the directory does, without regard to case and Unicode form.
func sameName(a, b string) bool {
	form := func(name string) string {
		if enforced, err := precis.Name(name); err == nil {
			name = enforced
		}
		return oauth.FoldName(strings.TrimSpace(name))
	}
	return form(a) == form(b)
}

// looksLikeOperator reports whether a new name looks like that of an operator, but differs.
func (a *Admin) looksLikeOperator(name string) bool {
	return slices.ContainsFunc(a.o.Operators, func(operator string) bool {
		return !sameName(operator, name) && precis.Reads(operator, name)
	})
}

// Match is a condition for a change (If-Match, If-None-Match); the zero Match always holds.
type Match struct {
	Revision uint64 // the object has this revision; 0 means any
	There    bool   // the object exists
	Absent   bool   // the object does not exist
}

func (m Match) check(revision uint64) error {
	if m.Absent || m.Revision != 0 && m.Revision != revision {
		return oauth.Refuse(oauth.PreconditionFailed, "it has another revision, or exists already", nil)
	}
	return nil
}

func notFound(what string) error {
	return oauth.Refuse(oauth.NotFound, "there is no such "+what, store.Absent)
}

// refusalOf returns the refusal for an error of another package about an object; nil for nil.
func refusalOf(err error, what string) error {
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
		return oauth.Refuse(oauth.Conflict, "it was changed by another request at the same time", err)
	}
	return oauth.Unavailable(err)
}

// record is the audit record of a change. A verb fills in the effect of each of its steps as soon as the step is
// done, so that the record is right also after a failure.
type record struct {
	action, object string
	before, after  facts
	nothing        bool // nothing had to be changed: write no record
}

// act carries out a change and emits exactly one audit record, with the outcome. The change continues when the
// caller disconnects (commit.Begin).
func (op Operator) act(ctx context.Context, action, object string, do func(context.Context, *record) error) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	d := record{action: action, object: object}
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

// needs refuses admin scopes that the operator does not have: nobody may grant more than they hold.
func (op Operator) needs(scopes oauth.Scopes) error {
	for _, scope := range scopes {
		if strings.HasPrefix(scope, prefixAdmin) && !op.Has(scope) {
			return lacks(scope)
		}
	}
	return nil
}

// missingScopeError is the cause of a refusal for a missing scope.
type missingScopeError string

// Error implements error.
func (m missingScopeError) Error() string { return "the scope " + string(m) + " is missing" }

// Needed returns the missing scope.
func (m missingScopeError) Needed() string { return string(m) }

// lacks returns the refusal for a missing scope.
func lacks(scope string) error {
	return oauth.Refuse(oauth.InsufficientScope, "this needs "+scope, missingScopeError(scope))
}
