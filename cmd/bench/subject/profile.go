package subject

import (
	"context"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/profile"
)

// Profiler is the client that takes profiles.
const Profiler = "profiler"

// Profile takes a profile of the processor time, at the operators' listener.
func (d *Daemon) Profile(ctx context.Context, lasting time.Duration) ([]byte, error) {
	grant := clientcredentials.Config{ClientID: Profiler, ClientSecret: d.Secrets[Profiler], TokenURL: "http://" + d.Addr + "/token"}
	client, err := adminclient.New(adminclient.Options{Server: "http://" + d.Control, Token: func(ctx context.Context) (string, error) {
		token, err := grant.Token(ctx)
		if err != nil {
			return "", err
		}
		return token.AccessToken, nil
	}})
	if err != nil {
		return nil, err
	}
	return client.Profile(ctx, profile.CPU, int(lasting.Seconds()))
}
