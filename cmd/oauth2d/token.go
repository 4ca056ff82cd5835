package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newToken(s *shared) *cobra.Command {
	return group("token", "get tokens, look at them and end them", newTokenGet(s), newTokenIntrospect(s), newTokenRevoke(s),
		newTokenRevokeAll(s))
}

// tokenFlags say who wants a token, and for what.
type tokenFlags struct {
	issuer, clientID, secretFile, scope string
	resources, origins                  []string
	browser                             bool
	patience                            time.Duration
}

func newTokenGet(s *shared) *cobra.Command {
	var f tokenFlags
	cmd := &cobra.Command{
		Use:   "get",
		Short: "get an access token, for a client or for you, and print it",
		Long: "Get an access token from an issuer and print it alone on its line. A client gets one with its secret\n" +
			"(client_credentials); with --browser you sign in, and the client must be registered for\n" +
			"http://127.0.0.1" + callback + " (native). --output json prints the whole answer.",
		Example: `  # for a client
  oauth2d token get --issuer https://auth.example.com --client-id planner --secret-file planner.secret --scope read

  # for you, through the browser
  curl -H "Authorization: Bearer $(oauth2d token get --browser --issuer https://auth.example.com --client-id cli --scope read)" \
    https://api.example.com/recipes`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.issuer, "issuer", "", "issuer that gives the token (or OAUTH2D_CLI_ISSUER)")
	flags.StringArrayVar(&f.origins, "endpoint-origin", nil, "origin that the issuer's endpoints may have besides its own, such as https://login.example.com; may be repeated (or OAUTH2D_CLI_ENDPOINT_ORIGINS)")
	flags.StringVar(&f.clientID, "client-id", "", "client that the token is for (or OAUTH2D_CLI_CLIENT_ID)")
	flags.StringVar(&f.secretFile, "secret-file", "", "file with the client's secret, - is standard input (or OAUTH2D_CLI_CLIENT_SECRET, OAUTH2D_CLI_CLIENT_SECRET_FILE)")
	flags.StringVar(&f.scope, "scope", "", "scopes that are asked for, separated by spaces")
	flags.StringArrayVar(&f.resources, "resource", nil, "resource that the token is for (RFC 8707); may be repeated")
	flags.BoolVar(&f.browser, "browser", false, "sign in through the browser")
	f.patience = loginTime
	durationVar(flags, &f.patience, "timeout", "how long the sign-in may take")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return explained(cmd.CommandPath(), s.getToken(cmd.Context(), f))
	}
	return cmd
}

func (s *shared) getToken(ctx context.Context, f tokenFlags) error {
	id := identity{
		Issuer: strings.TrimSuffix(first(f.issuer, s.getenv(envIssuer)), "/"), ClientID: first(f.clientID, s.getenv(envClientID)),
		Origins: f.origins,
	}
	if len(id.Origins) == 0 {
		id.Origins = s.endpointOrigins()
	}
	if id.Issuer == "" || id.ClientID == "" {
		return usage("token get wants --issuer and --client-id; hint: oauth2d token get --help")
	}
	if id.ClientID == s.getenv(envClientID) {
		id.Secret, id.secretFile = s.getenv(envSecret), s.getenv(envSecretFile)
	}
	secret, err := s.secretFrom(f.secretFile)
	if err == nil && secret == "" {
		secret, err = id.clientSecret()
	}
	if err != nil {
		return err
	}
	var got *oauth2.Token
	switch {
	case f.browser:
		got, err = s.browse(ctx, signIn{
			id: id, secret: secret, scope: strings.Fields(f.scope), resource: f.resources, patience: f.patience,
		})
	case secret == "":
		return usage("there is no secret; hint: --secret-file for a client, or --browser to sign in yourself")
	default:
		ctx = withHTTP(ctx)
		var ends endpoints
		if ends, err = id.discover(ctx); err != nil {
			return err
		}
		c := clientcredentials.Config{
			ClientID: id.ClientID, ClientSecret: secret, TokenURL: ends.Token, Scopes: strings.Fields(f.scope),
			AuthStyle: oauth2.AuthStyleInHeader,
		}
		if len(f.resources) > 0 {
			c.EndpointParams = map[string][]string{"resource": f.resources}
		}
		got, err = tokenOf(c.Token(ctx))
	}
	if err != nil {
		return err
	}
	return s.printToken(got)
}

// printToken prints an access token alone, or the whole answer.
func (s *shared) printToken(got *oauth2.Token) error {
	if s.output == "table" {
		fmt.Fprintln(s.out, got.AccessToken)
		if life := lifeOf(got); life > 0 {
			s.say("above is the access token; it is good for %s", time.Duration(life)*time.Second)
		} else {
			s.say("above is the access token; the server did not say how long it is good")
		}
		return nil
	}
	text := func(name string) string {
		value, _ := got.Extra(name).(string)
		return value
	}
	return s.print(struct {
		Access  string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in,omitempty"`
		Refresh string `json:"refresh_token,omitempty"`
		Scope   string `json:"scope"`
		ID      string `json:"id_token,omitempty"`
	}{got.AccessToken, got.TokenType, lifeOf(got), got.RefreshToken, text("scope"), text("id_token")}, table{})
}

// lifeOf is how long a token lives from now on, in seconds; 0 when the server did not say. The library
// leaves its ExpiresIn empty.
func lifeOf(got *oauth2.Token) int64 {
	if got.Expiry.IsZero() {
		return 0
	}
	return int64(time.Until(got.Expiry).Round(time.Second) / time.Second)
}

// tokenFrom takes a token from the command line; - is standard input, where the history does not see it.
func (s *shared) tokenFrom(arg string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	return firstLine(s.in)
}

func newTokenIntrospect(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "introspect TOKEN",
		Short: "tell what a token is good for",
		Long: "Tell what an access or refresh token is good for, whoever it belongs to. - takes it from standard input,\n" +
			"where neither the shell's history nor other users see it. A token that is not active is told as such, with\n" +
			"exit code 3.",
		Example: "  oauth2d token introspect - --direct < token.txt",
		Args:    oneArg("a token (- is standard input)"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		token, err := s.tokenFrom(args[0])
		if err != nil {
			return err
		}
		info, err := api.Introspect(ctx, token)
		if err != nil {
			return err
		}
		if err := s.print(info, s.tokenTable(info)); err != nil {
			return err
		}
		if !info.Active {
			return &problem{code: exitNotFound, err: fmt.Errorf("the token is not active")}
		}
		return nil
	})
}

func (s *shared) tokenTable(info adminwire.TokenInfo) table {
	if !info.Active {
		return table{rows: [][]string{{"active", "false"}}}
	}
	at := func(seconds int64) string {
		if seconds == 0 {
			return "-"
		}
		return s.when(time.Unix(seconds, 0))
	}
	scope := ""
	if info.Scope != nil {
		scope = *info.Scope
	}
	return table{rows: [][]string{
		{"active", "true"}, {"type", info.TokenType}, {"client id", info.Client}, {"subject", info.Subject}, {"user", orDash(info.Username)},
		{"scope", orDash(scope)}, {"audience", orDash(strings.Join(info.Audience, " "))}, {"format", orDash(info.Format)},
		{"issued", at(info.Issued)}, {"expires", at(info.Expires)}, {"grant", orDash(info.Grant)}, {"session", orDash(info.Session)},
	}}
}

func newTokenRevoke(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke TOKEN",
		Short:   "end a token; of a refresh token all that hangs on it ends, too",
		Example: "  oauth2d token revoke - --direct < token.txt",
		Args:    oneArg("a token (- is standard input)"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		token, err := s.tokenFrom(args[0])
		if err != nil {
			return err
		}
		ended, err := api.RevokeToken(ctx, token)
		if err != nil {
			return err
		}
		if !ended {
			return &problem{code: exitNotFound, err: fmt.Errorf("the token was not active")}
		}
		s.say("the token has ended")
		return nil
	})
}

func newTokenRevokeAll(s *shared) *cobra.Command {
	var c care
	var before string
	cmd := &cobra.Command{
		Use:   "revoke-all",
		Short: "end every token, grant and session of everybody until now",
		Long: "End what is older than a time, for everybody: codes, access and refresh tokens, the grants they hang on, and\n" +
			"sign-ins. Everybody signs in again, and every client asks for new tokens. It is for after a backup was restored,\n" +
			"which brings back what was revoked or used since it was made; docs/redis-operations.md has the steps. The token of\n" +
			"this very call ends, too. It cannot be undone.",
		Example: `  oauth2d token revoke-all --direct --dry-run
  oauth2d token revoke-all --direct
  oauth2d token revoke-all --direct --before 2026-05-01T12:00:00Z`,
		Args: noArgs,
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&before, "before", "", "only what is older than this time (RFC 3339) or age (such as 24h)")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		at, err := s.moment("--before", before)
		if err != nil {
			return err
		}
		until := "now"
		if !at.IsZero() {
			until = exactly(at)
		}
		if ok, err := s.sure(c, "end every token, grant and session of everybody from before %s", until); !ok {
			return err
		}
		if err := api.RevokeAll(ctx, at); err != nil {
			return err
		}
		s.say("every token, grant and session from before %s has ended", until)
		return nil
	})
}
