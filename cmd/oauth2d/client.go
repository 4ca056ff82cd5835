package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func newClient(s *shared) *cobra.Command {
	return group("client", "register and look after clients",
		newClientCreate(s), newClientList(s), newClientShow(s), newClientDelete(s))
}

// clientFlags are what a client is made of.
type clientFlags struct {
	name, secretFile, introspection, format, algorithm string
	requestsPerMinute                                  int
	public, native, skipConsent, noRotation            bool
	grants, redirects, logouts, audience, resources    []string
	scope, defaultScope                                string
	access, refreshIdle                                time.Duration
	claims                                             map[string]string
}

func newClientCreate(s *shared) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "create ID",
		Short: "register a client; a generated secret is printed once",
		Example: `  # a service that calls others on its own behalf
  oauth2d client create planner --direct --grant client_credentials --scope "read write"

  # a resource server that may introspect every token
  oauth2d client create recipes --direct --grant client_credentials --introspection any

  # a single-page app
  oauth2d client create web --direct --public --grant authorization_code,refresh_token \
    --redirect-uri https://app.example.com/callback --scope "openid profile read"`,
		Args: oneArg("the id of the new client"),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "name that people see; empty: the id")
	flags.BoolVar(&f.public, "public", false, "the client cannot keep a secret (a browser or mobile app)")
	flags.BoolVar(&f.native, "native", false, "the client runs on the user's machine: any port of a loopback redirect URI is good")
	flags.StringVar(&f.secretFile, "secret-file", "", "file with a secret that was chosen elsewhere (- is standard input); empty: one is generated")
	flags.StringSliceVar(&f.grants, "grant", nil, "grant types: authorization_code, client_credentials, refresh_token")
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil, "redirect URI; may be repeated")
	flags.StringArrayVar(&f.logouts, "post-logout-uri", nil, "where the browser may go after logout; may be repeated")
	flags.StringVar(&f.scope, "scope", "", "scopes it may ask for, separated by spaces")
	flags.StringVar(&f.defaultScope, "default-scope", "", "scopes it gets when it asks for none; empty: all of --scope")
	flags.StringSliceVar(&f.audience, "audience", nil, "aud of its tokens when it names no resource")
	flags.StringArrayVar(&f.resources, "resource", nil, "resource it may name; may be repeated; none: every one")
	flags.StringVar(&f.format, "format", "", "access tokens: opaque (default) or jwt")
	flags.StringVar(&f.algorithm, "algorithm", "", "what its JWTs are signed with; empty: the server's")
	flags.IntVar(&f.requestsPerMinute, "requests-per-minute", 0, "how often it may ask each endpoint; 0: as the server's limits say, -1: without limit")
	flags.StringVar(&f.introspection, "introspection", "", "any: it may introspect every token")
	flags.BoolVar(&f.noRotation, "no-rotation", false, "a refresh keeps the refresh token (confidential clients only)")
	flags.BoolVar(&f.skipConsent, "skip-consent", false, "a first-party client: people are not asked")
	flags.DurationVar(&f.access, "access-life", 0, "life of its access tokens; 0: the server's")
	flags.DurationVar(&f.refreshIdle, "refresh-idle", 0, "idle life of its refresh tokens; 0: the server's")
	flags.StringToStringVar(&f.claims, "claim", nil, "static claim name=value in introspection answers and JWTs")
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, args []string) error {
		return s.createClient(ctx, d, args[0], f)
	})
}

func (s *shared) createClient(ctx context.Context, d *app.Direct, id string, f clientFlags) error {
	wanted, err := f.client(id)
	if err != nil {
		return err
	}
	chosen, err := s.secretFrom(f.secretFile)
	if err != nil {
		return err
	}
	made, secret, err := d.Registry.Register(ctx, wanted, chosen)
	if err != nil {
		return err
	}
	shown := viewOf(made)
	switch {
	case s.output != "table":
		if chosen == "" {
			shown.Secret = secret.Reveal()
		}
		return s.print(shown, table{})
	case made.Public() || chosen != "":
		fmt.Fprintln(s.out, made.ID)
		s.say("client %s is registered", made.ID)
	default:
		fmt.Fprintln(s.out, secret.Reveal())
		s.say("client %s is registered; above is its secret: keep it where the client reads it, it cannot be shown again", made.ID)
	}
	return nil
}

func (f clientFlags) client(id string) (oauth.Client, error) {
	scopes, err := oauth.ParseScopes(f.scope)
	if err != nil {
		return oauth.Client{}, err
	}
	preset, err := oauth.ParseScopes(f.defaultScope)
	if err != nil {
		return oauth.Client{}, err
	}
	c := oauth.Client{
		ID: oauth.ClientID(id), Name: f.name, Type: oauth.AppWeb,
		RedirectURIs: f.redirects, PostLogoutURIs: f.logouts, GrantTypes: f.grants, Scopes: scopes, DefaultScopes: preset,
		Audience: f.audience, Resources: f.resources, Format: oauth.TokenFormat(f.format), Algorithm: f.algorithm,
		Introspection: oauth.Introspection(f.introspection), RequestsPerMinute: f.requestsPerMinute, SkipConsent: f.skipConsent,
		Lifetimes: oauth.Lifetimes{Access: f.access, RefreshIdle: f.refreshIdle}, Claims: f.claims,
	}
	if f.public {
		c.Method = oauth.AuthNone
	}
	if f.native {
		c.Type = oauth.AppNative
	}
	if f.noRotation {
		c.Rotation = oauth.RotateNever
	}
	return c, nil
}

// secretFrom reads a secret out of a file, or from standard input.
func (s *shared) secretFrom(file string) (string, error) {
	switch file {
	case "":
		return "", nil
	case "-":
		return firstLine(s.in)
	}
	f, err := os.Open(file) //nolint:gosec // G304: the operator names this file
	if err != nil {
		return "", usage("--secret-file %s: cannot be read", file)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return firstLine(f)
}

// clientView is a client as it is printed.
type clientView struct {
	ID             oauth.ClientID    `json:"client_id"`
	Secret         string            `json:"client_secret,omitempty"` // when it was just made
	Name           string            `json:"client_name"`
	Disabled       bool              `json:"disabled"`
	Method         oauth.AuthMethod  `json:"token_endpoint_auth_method"`
	Type           string            `json:"application_type"`
	GrantTypes     []string          `json:"grant_types"`
	RedirectURIs   []string          `json:"redirect_uris,omitempty"`
	PostLogoutURIs []string          `json:"post_logout_redirect_uris,omitempty"`
	Scope          string            `json:"scope"`
	DefaultScope   string            `json:"default_scope,omitempty"`
	Audience       []string          `json:"audience,omitempty"`
	Resources      []string          `json:"resources,omitempty"`
	Format         oauth.TokenFormat `json:"token_format"`
	Algorithm      string            `json:"algorithm,omitempty"`
	Rotation       bool              `json:"refresh_rotation"`
	Introspection  string            `json:"introspection,omitempty"`
	PerMinute      int               `json:"requests_per_minute,omitempty"`
	SkipConsent    bool              `json:"skip_consent"`
	Claims         map[string]string `json:"claims,omitempty"`
	Secrets        []secretView      `json:"secrets,omitempty"`
	Created        *time.Time        `json:"created,omitempty"`
	Updated        *time.Time        `json:"updated,omitempty"`
}

// secretView is what may be told about a stored secret.
type secretView struct {
	ID      string     `json:"id"`
	Scheme  string     `json:"scheme"`
	Created *time.Time `json:"created,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
}

func viewOf(c oauth.Client) clientView {
	v := clientView{
		ID: c.ID, Name: c.Name, Disabled: c.Disabled, Method: c.Method, Type: string(c.Type), GrantTypes: c.GrantTypes,
		RedirectURIs: c.RedirectURIs, PostLogoutURIs: c.PostLogoutURIs, Scope: c.Scopes.String(), DefaultScope: c.DefaultScopes.String(),
		Audience: c.Audience, Resources: c.Resources, Format: c.Format, Algorithm: c.Algorithm, Rotation: c.Rotates(),
		Introspection: string(c.Introspection), PerMinute: c.RequestsPerMinute, SkipConsent: c.SkipConsent, Claims: c.Claims,
		Created: timeOrNil(c.Created), Updated: timeOrNil(c.Updated),
	}
	for _, secret := range c.Secrets {
		v.Secrets = append(v.Secrets, secretView{
			ID: secret.ID, Scheme: string(secret.Scheme), Created: timeOrNil(secret.Created), Expires: timeOrNil(secret.Expires),
		})
	}
	return v
}

// kind is a client's kind in a word.
func (v clientView) kind() string {
	switch {
	case v.Disabled:
		return "disabled"
	case v.Method == oauth.AuthNone:
		return "public"
	default:
		return "confidential"
	}
}

// pageSize is how many records one question asks for.
const pageSize = 200

func newClientList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the clients",
		Example: "  oauth2d client list --direct",
		Args:    noArgs,
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		views := []clientView{}
		t := table{head: []string{"client id", "kind", "grants", "scope", "created"}}
		for after := oauth.ClientID(""); ; {
			page, err := d.Registry.List(ctx, after, pageSize)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				return s.print(views, t)
			}
			for _, c := range page {
				v := viewOf(c)
				views = append(views, v)
				t.rows = append(t.rows, []string{string(v.ID), v.kind(), strings.Join(v.GrantTypes, ","), orDash(v.Scope), when(c.Created)})
			}
			after = page[len(page)-1].ID
		}
	})
}

func newClientShow(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "show a client; its secrets are not stored and cannot be shown",
		Example: "  oauth2d client show planner --direct --output yaml",
		Args:    oneArg("the id of a client"),
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, args []string) error {
		c, err := d.Registry.Client(ctx, oauth.ClientID(args[0]))
		if err != nil {
			return err
		}
		v := viewOf(c)
		t := table{rows: [][]string{
			{"client id", string(v.ID)}, {"name", v.Name}, {"kind", v.kind()}, {"authentication", string(v.Method)}, {"application", v.Type},
			{"grants", strings.Join(v.GrantTypes, " ")}, {"redirect uris", orDash(strings.Join(v.RedirectURIs, " "))}, {"scope", orDash(v.Scope)},
			{"token format", string(v.Format)}, {"introspection", orDash(v.Introspection)}, {"created", when(c.Created)}, {"updated", when(c.Updated)},
		}}
		for _, secret := range c.Secrets {
			t.rows = append(t.rows, []string{"secret " + secret.ID, string(secret.Scheme) + ", made " + when(secret.Created) + ", expires " + when(secret.Expires)})
		}
		return s.print(v, t)
	})
}

func newClientDelete(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "delete ID",
		Short:   "delete a client; it is refused from then on, and its tokens are no longer active",
		Example: "  oauth2d client delete planner --direct",
		Args:    oneArg("the id of a client"),
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, args []string) error {
		if err := d.DeleteClient(ctx, oauth.ClientID(args[0])); err != nil {
			return err
		}
		s.say("client %s is deleted", args[0])
		return nil
	})
}
