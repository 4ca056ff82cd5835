package target

import (
	"context"
	"fmt"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// ResolveSubject replaces the name of a user in the filter by the user's id. It returns the flag whose value names no
// client or user, "" when all exist: the log may still hold entries about a client or user that was deleted.
func ResolveSubject(ctx context.Context, c *console.Console, api *adminclient.Client, f *adminwire.AuditFilter) (unknown string, err error) {
	if f.Client != "" {
		if known, err := isClient(ctx, api, f.Client); err != nil || !known {
			return "--client", err
		}
	}
	if f.Subject == "" {
		return "", nil
	}
	isOne, err := isClient(ctx, api, f.Subject)
	if err != nil {
		return "", err
	}
	user, err := User(ctx, api, f.Subject)
	switch {
	case err == nil && isOne:
		c.Say("%q is a user and a client: these are the entries of the user; use --client %s for those of the client", f.Subject, f.Subject)
		f.Subject = user.ID
	case err == nil:
		f.Subject = user.ID
	case exit.CodeOf(err) != exit.NotFound:
		return "", err
	case !isOne && !registry.WellFormed(oauth.ClientID(f.Subject)):
		return "", UnknownSubject("--subject", *f)
	case !isOne:
		return "--subject", nil
	}
	return "", nil
}

// UnknownSubject is the error about a client or user that does not exist and that no entry names.
func UnknownSubject(flag string, f adminwire.AuditFilter) error {
	name, what := f.Subject, "no user and no client is called"
	if flag == "--client" {
		name, what = f.Client, "no client is called"
	}
	return &exit.Error{
		Code: exit.NotFound, Err: fmt.Errorf("%s: %s %q, and no entry of the log names one", flag, what, name),
		Hint: "oauth2d user list and oauth2d client list show all",
	}
}
