package authorize

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Given is what a client has of a user: by a consent that is remembered, by grants, or both.
type Given struct {
	Client oauth.Client
	Scope  oauth.Scopes
	Since  time.Time
}

// GivenBy lists what a user's clients have, by name. A client that is not registered any more has
// nothing.
func (a *Authorizer) GivenBy(ctx context.Context, user oauth.UserID) ([]Given, error) {
	consents, err := a.o.Consents.Given(ctx, user)
	if err != nil {
		return nil, oauth.Unavailable(err)
	}
	grants, err := a.o.Grants.OfUser(ctx, user)
	if err != nil {
		return nil, oauth.Unavailable(err)
	}
	found := make(map[oauth.ClientID]Given)
	add := func(id oauth.ClientID, scope oauth.Scopes, since time.Time) {
		one, known := found[id]
		one.Scope = one.Scope.With(scope)
		if !known || since.Before(one.Since) {
			one.Since = since
		}
		found[id] = one
	}
	for _, c := range consents {
		add(c.Client, c.Scope, c.Given)
	}
	for _, g := range grants {
		add(g.Client, g.Scope, g.Born)
	}
	return a.named(ctx, found)
}

func (a *Authorizer) named(ctx context.Context, found map[oauth.ClientID]Given) ([]Given, error) {
	all := make([]Given, 0, len(found))
	for id, one := range found {
		client, err := a.o.Registry.Client(ctx, id)
		if errors.Is(err, store.Absent) {
			continue
		}
		if err != nil {
			return nil, oauth.Unavailable(err)
		}
		one.Client = client
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y Given) int {
		return strings.Compare(x.Client.Name+string(x.Client.ID), y.Client.Name+string(y.Client.ID))
	})
	return all, nil
}

// Withdraw takes back what a user gave a client: the consent first, so that nothing new is given
// without asking, then every grant with its tokens. It can be repeated.
func (a *Authorizer) Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	err := a.o.Consents.Withdraw(ctx, user, client)
	if err != nil {
		err = oauth.Unavailable(err)
	} else {
		err = a.o.Sessions.EndGrants(ctx, user, client)
	}
	a.o.Events.Emit(ctx, event.ConsentWithdrawn{User: string(user), Client: string(client), Outcome: commit.OutcomeOf(err)})
	return err
}
