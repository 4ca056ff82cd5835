package target

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// User finds a user by sign-in name or by id.
func User(ctx context.Context, api *adminclient.Client, name string) (adminwire.User, error) {
	if _, err := uuid.Parse(name); err == nil && len(name) == 36 {
		return api.User(ctx, strings.ToLower(name))
	}
	u, found, err := api.UserNamed(ctx, name)
	if err == nil && !found {
		err = &exit.Error{Code: exit.NotFound, Err: fmt.Errorf("there is no user %q", name)}
	}
	return u, err
}

// isClient reports whether a client has this id.
func isClient(ctx context.Context, api *adminclient.Client, id string) (bool, error) {
	if !registry.WellFormed(oauth.ClientID(id)) {
		return false, nil
	}
	_, err := api.Client(ctx, id)
	if exit.CodeOf(err) == exit.NotFound {
		return false, nil
	}
	return err == nil, err
}
