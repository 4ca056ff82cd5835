package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newToken(c *cli) *cobra.Command {
	return command.Group("token", "get, introspect and revoke tokens", newTokenGet(c), newTokenIntrospect(c), newTokenRevoke(c),
		newTokenRevokeAll(c), newTokenCheck(c))
}

func newTokenGet(c *cli) *cobra.Command {
	var f credentials.TokenRequest
	cmd := &cobra.Command{
		Use:   "get",
		Short: "get an access token, for a client or for you, and print it",
		Long: "Get an access token from an issuer and print it alone on its line. A client authenticates with its secret\n" +
			"(client_credentials); with --browser you sign in, and the client must be registered for\n" +
			"http://127.0.0.1" + credentials.CallbackPath + " (native). --output json prints the whole answer.",
		Example: `  # for a client
  oauth2d token get --issuer https://auth.example.com --client-id planner --secret-file planner.secret --scope read

  # for you, through the browser
  curl -H "Authorization: Bearer $(oauth2d token get --browser --issuer https://auth.example.com --client-id cli --scope read)" \
    https://api.example.com/recipes`,
		Args: command.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Issuer, "issuer", "", "issuer of the token (or OAUTH2D_CLI_ISSUER)")
	flags.StringArrayVar(&f.Origins, "endpoint-origin", nil, "origin that is allowed for the issuer's endpoints besides its own, such as https://login.example.com; may be repeated (or OAUTH2D_CLI_ENDPOINT_ORIGINS)")
	flags.StringVar(&f.ClientID, "client-id", "", "client that the token is for (or OAUTH2D_CLI_CLIENT_ID)")
	flags.StringVar(&f.SecretFile, "secret-file", "", "file with the client's secret, - is standard input (or OAUTH2D_CLI_CLIENT_SECRET, OAUTH2D_CLI_CLIENT_SECRET_FILE)")
	flags.StringVar(&f.Scope, "scope", "", "scopes to request, separated by spaces")
	flags.StringArrayVar(&f.Resources, "resource", nil, "resource that the token is for (RFC 8707); may be repeated")
	flags.BoolVar(&f.Browser, "browser", false, "sign in through the browser")
	f.Timeout = credentials.LoginTimeout
	command.DurationVar(flags, &f.Timeout, "timeout", "maximum time for the sign-in")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return exit.Explain(cmd.CommandPath(), c.getToken(cmd.Context(), f))
	}
	return cmd
}

func (c *cli) getToken(ctx context.Context, f credentials.TokenRequest) error {
	got, err := (&credentials.Store{Console: c.Console}).Get(ctx, f)
	if err != nil {
		return err
	}
	return c.printToken(got)
}

// printToken prints an access token alone, or the whole token response for machines.
func (c *cli) printToken(got *oauth2.Token) error {
	if c.Output == "table" {
		fmt.Fprintln(c.Out, got.AccessToken)
		if life := lifeOf(got); life > 0 {
			c.Say("above is the access token; it is valid for %s", time.Duration(life)*time.Second)
		} else {
			c.Say("above is the access token; the server did not return its lifetime")
		}
		return nil
	}
	text := func(name string) string {
		value, _ := got.Extra(name).(string)
		return value
	}
	return c.Print(struct {
		Access  string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in,omitempty"`
		Refresh string `json:"refresh_token,omitempty"`
		Scope   string `json:"scope"`
		ID      string `json:"id_token,omitempty"`
	}{got.AccessToken, got.TokenType, lifeOf(got), got.RefreshToken, text("scope"), text("id_token")}, console.Table{})
}

// lifeOf returns the remaining life of a token in seconds; 0 when the server did not name it. The library leaves its
// ExpiresIn empty.
func lifeOf(got *oauth2.Token) int64 {
	if got.Expiry.IsZero() {
		return 0
	}
	return int64(time.Until(got.Expiry).Round(time.Second) / time.Second)
}

func newTokenIntrospect(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "introspect TOKEN",
		Short: "show the state, client, user and scope of a token",
		Long: "Show the state, client, user and scope of an access or refresh token of any client. - reads the token from standard\n" +
			"input, which keeps it out of the shell's history and of the list of processes. The exit code is 3 if the token is\n" +
			"not active.",
		Example: "  oauth2d token introspect - --direct < token.txt",
		Args:    command.OneArg("a token (- is standard input)"),
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		token, err := c.TokenArgument(args[0])
		if err != nil {
			return err
		}
		info, err := api.Introspect(ctx, token)
		if err != nil {
			return err
		}
		if err := c.Print(info, c.tokenTable(info)); err != nil {
			return err
		}
		if !info.Active {
			return &exit.Error{Code: exit.NotFound, Err: fmt.Errorf("the token is not active")}
		}
		return nil
	})
}

func (c *cli) tokenTable(info adminwire.TokenInfo) console.Table {
	if !info.Active {
		return console.Table{Rows: [][]string{{"active", "false"}}}
	}
	at := func(seconds int64) string {
		if seconds == 0 {
			return "-"
		}
		return c.When(time.Unix(seconds, 0))
	}
	scope := ""
	if info.Scope != nil {
		scope = *info.Scope
	}
	return console.Table{Rows: [][]string{
		{"active", "true"}, {"type", info.TokenType}, {"client id", info.Client}, {"subject", info.Subject}, {"user", console.OrDash(info.Username)},
		{"scope", console.OrDash(scope)}, {"audience", console.OrDash(strings.Join(info.Audience, " "))}, {"format", console.OrDash(info.Format)},
		{"issued", at(info.Issued)}, {"expires", at(info.Expires)}, {"grant", console.OrDash(info.Grant)}, {"session", console.OrDash(info.Session)},
	}}
}

func newTokenRevoke(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke TOKEN",
		Short:   "revoke a token; a refresh token is revoked with its grant",
		Example: "  oauth2d token revoke - --direct < token.txt",
		Args:    command.OneArg("a token (- is standard input)"),
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		token, err := c.TokenArgument(args[0])
		if err != nil {
			return err
		}
		ended, err := api.RevokeToken(ctx, token)
		if err != nil {
			return err
		}
		if !ended {
			return &exit.Error{Code: exit.NotFound, Err: fmt.Errorf("the token was not active")}
		}
		c.Say("the token has ended")
		return nil
	})
}

func newTokenRevokeAll(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	var before string
	cmd := &cobra.Command{
		Use:   "revoke-all",
		Short: "revoke every token, grant and session of everybody until now",
		Long: "Revoke all codes, access and refresh tokens, grants and sessions that are older than a time, for everybody. All\n" +
			"people have to sign in again, and all clients need new tokens. Use it after restoring a backup, which brings back\n" +
			"what was revoked or used since the backup was made; docs/redis-operations.md lists the steps. The token of this\n" +
			"command is revoked as well. It cannot be undone.",
		Example: `  oauth2d token revoke-all --direct --dry-run
  oauth2d token revoke-all --direct
  oauth2d token revoke-all --direct --before 2026-05-01T12:00:00Z`,
		Args: command.NoArgs,
	}
	confirm.Bind(cmd.Flags())
	cmd.Flags().StringVar(&before, "before", "", "only what is older than this time (RFC 3339) or age (such as 24h)")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		at, err := console.ParseTime("--before", before)
		if err != nil {
			return err
		}
		until := "now"
		if !at.IsZero() {
			until = console.FullTime(at)
		}
		if ok, err := c.Confirm(confirm, "end every token, grant and session of everybody from before %s", until); !ok {
			return err
		}
		if err := api.RevokeAll(ctx, at); err != nil {
			return err
		}
		c.Say("every token, grant and session from before %s has ended", until)
		return nil
	})
}
