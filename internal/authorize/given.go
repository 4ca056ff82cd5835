package authorize

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Given is the access of one client to a user's account: by a stored consent, by grants, or both.
type Given struct {
	Client oauth.Client
	Scope  oauth.Scopes
	Since  time.Time
}

// givenPage is the number of clients on one page of GivenBy.
const givenPage = 25

// GivenBy returns one page of the clients that have access to a user's account, by name within the page. after is empty
// for the first page; more is the cursor of the next page, empty after the last one. Clients that were deleted are left
// out.
func (a *Authorizer) GivenBy(ctx context.Context, user oauth.UserID, after store.ClientTag) (page []Given, more store.ClientTag, err error) {
	consents, err := a.o.Consents.Given(ctx, user)
	if err != nil {
		return nil, "", oauth.Unavailable(err)
	}
	grants, err := a.o.Overview.ClientsOfUser(ctx, store.ClientsQuery{User: user, After: after, Limit: givenPage + 1})
	if err != nil {
		return nil, "", oauth.Unavailable(err)
	}
	found := make(map[store.ClientTag]Given)
	add := func(tag store.ClientTag, id oauth.ClientID, scope oauth.Scopes, since time.Time) {
		one, known := found[tag]
		if one.Client.ID == "" {
			one.Client.ID = id
		}
		one.Scope = one.Scope.With(scope)
		if !known || !since.IsZero() && since.Before(one.Since) {
			one.Since = since
		}
		found[tag] = one
	}
	for _, c := range consents {
		if tag := store.TagOf(c.Client); tag > after {
			add(tag, c.Client, c.Scope, c.Given)
		}
	}
	for _, g := range grants {
		add(g.Tag, g.Client, g.Scope, g.Since)
	}
	tags := slices.Sorted(maps.Keys(found))
	if len(tags) > givenPage {
		tags, more = tags[:givenPage], tags[givenPage-1]
	}
	for _, tag := range tags {
		page = append(page, found[tag])
	}
	page, err = a.named(ctx, page)
	return page, more, err
}

func (a *Authorizer) named(ctx context.Context, found []Given) ([]Given, error) {
	all := make([]Given, 0, len(found))
	for _, one := range found {
		if one.Client.ID == "" {
			continue // none of its grants is alive
		}
		client, err := a.o.Registry.Client(ctx, one.Client.ID)
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

// Withdraw removes the access of a client to a user's account: first the consent, so that no new grant is created
// without asking, then every grant with its tokens. It is idempotent. A client that can have nothing of the
// user's changes nothing: its id comes from a form, and every ending of a client is stored.
func (a *Authorizer) Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	if may, err := a.mayHold(ctx, user, client); err != nil || !may {
		return err
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	err := a.o.Consents.Withdraw(ctx, user, client)
	if err != nil {
		err = oauth.Unavailable(err)
	} else {
		_, err = a.o.Sessions.EndGrants(ctx, user, client)
	}
	a.o.Events.Emit(ctx, event.ConsentWithdrawn{User: user, Client: client, Outcome: commit.OutcomeOf(err)})
	return err
}

// mayHold reports whether a client can have anything of a user's: it is registered, or the user's consent
// has outlived it. That consent would hold again for a client that is registered under the same id. Grants
// do not count without their client.
func (a *Authorizer) mayHold(ctx context.Context, user oauth.UserID, client oauth.ClientID) (bool, error) {
	_, err := a.o.Registry.Client(ctx, client)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, store.Absent) {
		return false, oauth.Unavailable(err)
	}
	state, err := a.o.Consents.Of(ctx, user, client)
	if err != nil {
		return false, oauth.Unavailable(err)
	}
	return state.Consent.Client != "", nil
}
