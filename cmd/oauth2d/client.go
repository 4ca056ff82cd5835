package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newClient(s *shared) *cobra.Command {
	return group("client", "register and look after clients",
		newClientCreate(s), newClientList(s), newClientShow(s), newClientUpdate(s), newClientDisable(s), newClientEnable(s), newClientDelete(s),
		newClientSecrets(s), newClientRotateSecret(s), newClientDropSecret(s), newClientRevokeTokens(s),
		newClientApply(s), newClientExport(s), newClientImport(s))
}

// clientFlags are what a client is made of.
type clientFlags struct {
	name, introspection, format, algorithm string
	public, native, skipConsent            bool
	signOutEndsAll                         bool
	noRotation                             bool
	perMinute                              int64
	grants, redirects, logouts             []string
	audience, resources                    []string
	scope, defaultScope                    string
	code, access, refreshIdle, refreshEnd  time.Duration
	claims                                 map[string]string
}

func (f *clientFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "name that people see; empty: the id")
	flags.BoolVar(&f.public, "public", false, "the client cannot keep a secret (a browser or mobile app)")
	flags.BoolVar(&f.native, "native", false, "the client runs on the user's machine: any port of a loopback redirect URI is good")
	flags.StringSliceVar(&f.grants, "grant", nil, "grant types: authorization_code, client_credentials, refresh_token")
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil, "redirect URI; may be repeated")
	flags.StringArrayVar(&f.logouts, "post-logout-uri", nil, "where the browser may go after a logout; kept, but without effect until the server has a logout endpoint for clients; may be repeated")
	flags.StringVar(&f.scope, "scope", "", "scopes it may ask for, separated by spaces")
	flags.StringVar(&f.defaultScope, "default-scope", "", "scopes it gets when it asks for none; empty: all of --scope")
	flags.StringSliceVar(&f.audience, "audience", nil, "aud of its tokens when it names no resource")
	flags.StringArrayVar(&f.resources, "resource", nil, "resource it may name; may be repeated; none: every one")
	flags.StringVar(&f.format, "format", "", "access tokens: opaque (default) or jwt")
	flags.StringVar(&f.algorithm, "algorithm", "", "what its JWTs are signed with; empty: the server's")
	flags.StringVar(&f.introspection, "introspection", "", "any: it may introspect every token; own (default): its own")
	flags.BoolVar(&f.noRotation, "no-rotation", false, "a refresh keeps the refresh token (confidential clients only)")
	flags.BoolVar(&f.signOutEndsAll, "end-offline-access", false, "a sign-out also ends what people allowed it with offline_access")
	flags.BoolVar(&f.skipConsent, "skip-consent", false, "a confidential first-party client: people are not asked for consent")
	durationVar(flags, &f.code, "code-life", "life of its authorization codes; 0: the server's")
	durationVar(flags, &f.access, "access-life", "life of its access tokens; 0: the server's")
	durationVar(flags, &f.refreshIdle, "refresh-idle", "idle life of its refresh tokens; 0: the server's")
	durationVar(flags, &f.refreshEnd, "refresh-absolute", "when a grant to it ends whatever happens; 0: the server's")
	flags.Int64Var(&f.perMinute, "requests-per-minute", 0, "how often it may ask each endpoint; 0: as the server's limits say, -1: without limit")
	flags.StringToStringVar(&f.claims, "claim", nil, "static claim name=value in introspection answers and JWTs")
}

// metadata is what the flags say, as the admin API takes it.
func (f *clientFlags) metadata() adminwire.ClientMetadata {
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	m := adminwire.ClientMetadata{
		Name: f.name, GrantTypes: f.grants, RedirectURIs: f.redirects, PostLogoutURIs: f.logouts,
		Scope: f.scope, DefaultScope: f.defaultScope, Audience: f.audience, Resources: f.resources,
		Format: f.format, Algorithm: f.algorithm, Introspection: f.introspection, SkipConsent: f.skipConsent, SignOutEndsAll: f.signOutEndsAll, Claims: f.claims,
		PerMinute: f.perMinute,
		Lifetimes: adminwire.Lifetimes{
			Code: seconds(f.code), Access: seconds(f.access), RefreshIdle: seconds(f.refreshIdle), RefreshAbsolute: seconds(f.refreshEnd),
		},
	}
	if f.public {
		m.Method = "none"
	}
	if f.native {
		m.Type = "native"
	}
	if f.noRotation {
		m.Rotation = "never"
	}
	return m
}

func newClientCreate(s *shared) *cobra.Command {
	var f clientFlags
	var secretFile, hashFile string
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
	f.bind(cmd)
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "file with a secret that was chosen elsewhere (- is standard input); empty: one is generated")
	cmd.Flags().StringVar(&hashFile, "secret-hash-file", "", "file with the argon2id, bcrypt or pbkdf2-sha256 hash of a secret, as another server kept it (- is standard input)")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		wanted := adminwire.ClientCreate{ID: args[0], ClientMetadata: f.metadata()}
		var err error
		if wanted.Secret, err = s.secretFrom(secretFile); err != nil {
			return err
		}
		if wanted.SecretHash, err = s.secretFrom(hashFile); err != nil {
			return err
		}
		s.warnOfLogouts(f.logouts)
		made, err := api.CreateClient(ctx, wanted)
		if err != nil {
			return inWords(err, clientWords())
		}
		switch {
		case made.Secret != "":
			if err := s.reveal(ofClient(made.ID, "is registered"), made.Secret, made); err != nil {
				return err
			}
		case s.output == "table":
			fmt.Fprintln(s.out, made.ID)
			s.say("client %s is registered", made.ID)
			return nil
		default:
			return s.print(made, table{})
		}
		if s.output == "table" {
			s.say("client %s is registered; above is its secret: keep it where the client reads it, it cannot be shown again", made.ID)
		}
		return nil
	})
}

// warnOfLogouts says that an address is stored for an endpoint that this release does not serve.
func (s *shared) warnOfLogouts(uris []string) {
	if len(uris) > 0 {
		s.say("warning: --post-logout-uri is kept, but has no effect: this server has no logout endpoint for clients yet")
	}
}

// secretFrom reads a secret out of a file, or from standard input.
func (s *shared) secretFrom(file string) (string, error) {
	switch file {
	case "":
		return "", nil
	case "-":
		return firstLine(s.in)
	}
	return onlyLine(file)
}

// kindOf is a client's kind in a word.
func kindOf(c adminwire.Client) string {
	switch {
	case c.Disabled:
		return "disabled"
	case c.Method == "none":
		return "public"
	default:
		return "confidential"
	}
}

func newClientList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the clients",
		Example: "  oauth2d client list --direct",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		clients, err := adminclient.Collect(api.Clients(ctx), 0)
		if err != nil {
			return err
		}
		t := table{head: []string{"client id", "kind", "grants", "scope", "created"}}
		for _, c := range clients {
			t.rows = append(t.rows, []string{c.ID, kindOf(c), strings.Join(c.GrantTypes, ","), orDash(c.Scope), s.when(c.Created)})
		}
		return s.print(clients, t)
	})
}

func newClientShow(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "show a client; its secrets are not stored and cannot be shown",
		Example: "  oauth2d client show planner --direct --output yaml",
		Args:    oneArg("the id of a client"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		c, err := api.Client(ctx, args[0])
		if err != nil {
			return err
		}
		return s.print(c, s.clientTable(c))
	})
}

func (s *shared) clientTable(c adminwire.Client) table {
	seconds := func(n int64) string {
		if n == 0 {
			return "the server's"
		}
		return (time.Duration(n) * time.Second).String()
	}
	words := func(list []string) string { return orDash(strings.Join(list, " ")) }
	t := table{rows: [][]string{
		{"client id", c.ID}, {"name", c.Name}, {"kind", kindOf(c)}, {"authentication", c.Method}, {"application", c.Type},
		{"grants", words(c.GrantTypes)}, {"redirect uris", words(c.RedirectURIs)}, {"post-logout uris", words(c.PostLogoutURIs)},
		{"scope", orDash(c.Scope)}, {"default scope", orDash(c.DefaultScope)}, {"audience", words(c.Audience)}, {"resources", words(c.Resources)},
		{"token format", c.Format}, {"algorithm", orDash(c.Algorithm)}, {"refresh rotation", orDash(c.Rotation)},
		{"introspection", c.Introspection}, {"skip consent", strconv.FormatBool(c.SkipConsent)},
		{"sign-out ends offline access", strconv.FormatBool(c.SignOutEndsAll)},
		{"requests per minute", perMinute(c.PerMinute)},
		{"code life", seconds(c.Lifetimes.Code)}, {"access life", seconds(c.Lifetimes.Access)},
		{"refresh idle", seconds(c.Lifetimes.RefreshIdle)}, {"refresh absolute", seconds(c.Lifetimes.RefreshAbsolute)},
		{"tokens valid from", s.when(c.NotBefore)}, {"created", s.when(c.Created)}, {"updated", s.when(c.Updated)},
	}}
	for _, name := range sortedKeys(c.Claims) {
		t.rows = append(t.rows, []string{"claim " + name, c.Claims[name]})
	}
	return t
}

// perMinute is a client's own limit in words.
func perMinute(n int64) string {
	switch n {
	case 0:
		return "the server's"
	case -1:
		return "without limit"
	}
	return strconv.FormatInt(n, 10)
}
