package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// candidate is a client of another server.
type candidate struct {
	client  adminwire.ClientForm
	notes   []string // what happens to it
	losses  []string // what could not be carried over
	skip    string   // why it is left out
	foreign bool     // with skip: nobody wants it here
	refused string   // why it cannot be registered
}

// unread is a client whose description cannot be read.
func unread(id, why string) candidate {
	return candidate{client: adminwire.ClientForm{Client: oauth.Client{ID: oauth.ClientID(id)}}, skip: why}
}

func (c *candidate) id() string { return string(c.client.ID) }

func (c *candidate) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// lose notes what has no counterpart here. What is lost is part of the exit code.
func (c *candidate) lose(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.losses, text) {
		c.losses = append(c.losses, text)
	}
}

// setSkipConsent takes over that people are not asked, once the method is known. A public client always asks:
// another program could pretend to be it.
func (c *candidate) setSkipConsent(skip bool) {
	if skip && c.client.Public() {
		c.note("a public client may not skip consent: people are asked")
		return
	}
	c.client.SkipConsent = skip
}

// arrival is what became of a candidate.
type arrival struct {
	ID     string   `json:"client_id"`
	Result string   `json:"result"` // imported, exists, skipped, failed; in a dry run new for imported
	Secret string   `json:"client_secret,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	Losses []string `json:"losses,omitempty"` // what could not be carried over

	partial bool
}

// readers read the exports of other servers.
func readers() map[string]func([]json.RawMessage) ([]candidate, error) {
	return map[string]func([]json.RawMessage) ([]candidate, error){"hydra": readHydra, "keycloak": readKeycloak}
}

func newClientImport(s *shared) *cobra.Command {
	var from string
	var dryRun bool
	var written []string
	var v vault
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "register the clients of another server, with the secrets they have",
		Long: "Register the clients of an export of Ory Hydra or Keycloak. A secret that the export holds, in the clear or\n" +
			"as a bcrypt, argon2id or PBKDF2-SHA256 hash (also in the forms of Django, passlib, Flask and LDAP), stays the\n" +
			"secret, so that nobody has to change it; any other hash is listed, and the client gets a new secret. A client\n" +
			"that is there already is left alone, and of two with one id the second is refused. What has no counterpart\n" +
			"here is listed below each client, and then the exit code is 6. --dry-run makes all checks of the server.\n\n" +
			"Hydra: the JSON of its admin API or of `hydra list oauth2-clients`, or rows of its table hydra_client as\n" +
			"JSON, which hold the hashes. Keycloak: the JSON of realms (`kc.sh export`) or of clients. Both may be one\n" +
			"object, an array, or one object a line. Empty input is refused: what wrote it failed.\n" +
			"An id is 1 to 64 letters, digits, - and _ and never a UUID. Give others a new one: --rename OLD-ID=NEW-ID.",
		Example: `  oauth2d client import --from keycloak realm.json --direct --dry-run
  oauth2d client import --from hydra clients.json --direct --rename 8d3c1c9e-3b0e-4f5e-9d57-0f4b5d9f6c11=planner

  # the rows of Hydra's table
  psql -At -c 'SELECT row_to_json(c) FROM hydra_client c' hydra | oauth2d client import --from hydra - --direct`,
		Args: oneArg("the file of the export (- is standard input)"),
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "what the export is of: hydra or keycloak")
	flags.BoolVar(&dryRun, "dry-run", false, "tell what would be done, and change nothing")
	flags.StringSliceVar(&written, "rename", nil, "OLD-ID=NEW-ID: register a client of the export under another id, such as h8=planner; may be repeated")
	v.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		read, ok := readers()[from]
		if !ok {
			return oneOf("--from", from, sortedKeys(readers()))
		}
		raw, err := s.readFile(args[0])
		if err != nil {
			return err
		}
		values, err := exportValues(args[0], raw)
		if err != nil {
			return err
		}
		found, err := read(values)
		if err != nil {
			return usage("%s: %w", args[0], err)
		}
		renames, err := readRenames(written, found)
		if err != nil {
			return err
		}
		for i, one := range found {
			found[i].fit()
			if to := renames[one.id()]; to != "" {
				found[i].note("was %s", one.id())
				if one.client.Name == "" {
					found[i].client.Name = one.id()
				}
				found[i].client.ID = oauth.ClientID(to)
			}
		}
		if err := v.ready(); err != nil {
			return err
		}
		return s.takeIn(ctx, intake{api: api, there: map[string]bool{}, seen: map[string]bool{}, dryRun: dryRun, vault: v}, found)
	})
}

// intake is where candidates go.
type intake struct {
	api    *adminclient.Client
	there  map[string]bool // the ids that are taken
	seen   map[string]bool // the ids that the export has named
	dryRun bool
	vault  vault
}

// takeIn registers candidates one by one. What fails does not keep the rest from being done.
func (s *shared) takeIn(ctx context.Context, in intake, found []candidate) error {
	for c, err := range in.api.Clients(ctx) {
		if err != nil {
			return err
		}
		in.there[string(c.ID)] = true
	}
	all := []arrival{}
	var failed []error
	p := progress{s: s, what: "importing"}
	for i, one := range found {
		a, err := s.takeOne(ctx, in, one)
		all = append(all, a)
		if _, lost := errors.AsType[*lostSecretError](err); lost {
			failed = append(failed, err) // it names the client
		} else if err != nil {
			failed = append(failed, &during{"client " + one.id(), err})
		}
		if (i+1)%50 == 0 && i+1 < len(found) {
			p.step(i+1, len(found)-i-1)
		}
		if codeOf(err) == exitUnavailable {
			break // the others would fare no better
		}
	}
	p.end()
	if err := s.print(all, arrivals(all)); err != nil {
		failed = append(failed, lostSecrets(in.unkept(s, all), err))
	}
	if err := incomplete(all); len(failed) == 0 && err != nil {
		return err
	}
	return errors.Join(failed...)
}

// arrivals is the result for people: a line a client, and its notes below.
func arrivals(all []arrival) table {
	t := table{head: []string{"client id", "result"}}
	for _, a := range all {
		t.rows = append(t.rows, []string{a.ID, a.Result})
		t.below = append(t.below, nil)
		last := len(t.below) - 1
		for _, text := range a.Notes {
			t.below[last] = append(t.below[last], "- "+text)
		}
		for _, text := range a.Losses {
			t.below[last] = append(t.below[last], "! "+text)
		}
	}
	return t
}

// incomplete says that not all of an export has a counterpart here.
func incomplete(all []arrival) error {
	partial := 0
	for _, a := range all {
		if a.partial {
			partial++
		}
	}
	if partial == 0 {
		return nil
	}
	return &problem{
		code: exitPartly, hint: "the lines with ! say what",
		err: fmt.Errorf("not all of %s could be carried over", count(partial, "client")),
	}
}

// unkept are those whose generated secret stands only in the result.
func (in intake) unkept(s *shared, all []arrival) []string {
	var ids []string
	for _, a := range all {
		if a.Secret != "" && in.vault.dir == "" && s.output != "table" {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

func (s *shared) takeOne(ctx context.Context, in intake, one candidate) (arrival, error) {
	a := arrival{ID: one.id(), Notes: one.notes, Losses: one.losses, Result: "new", partial: len(one.losses) > 0}
	twice := in.seen[a.ID]
	in.seen[a.ID] = true
	switch {
	case one.skip != "":
		a.Result, a.Notes, a.Losses, a.partial = "skipped", []string{one.skip}, nil, !one.foreign // what else does not fit is of no interest
		return a, nil
	case twice:
		// Whichever is meant, and whatever became of the first: the secret of one is not that of the other.
		a.Result = "failed"
		return a, &problem{code: exitRefused, hint: "take one of them out", err: errors.New("another entry of the export has this id, too")}
	case in.there[a.ID]:
		a.Result, a.partial = "exists", false
		return a, nil
	case one.refused != "":
		a.Result = "failed"
		return a, &problem{code: exitRefused, err: errors.New(one.refused)}
	}
	if !one.client.Public() && one.client.Secret == "" && one.client.SecretHash == "" {
		a.Losses, a.partial = append(slices.Clone(a.Losses), "gets a new secret"), true
	}
	if in.dryRun {
		err := in.api.ExamineClient(ctx, one.client)
		if err != nil {
			a.Result = "failed"
		}
		return a, withRename(a.ID, err)
	}
	made, err := in.api.CreateClient(ctx, one.client)
	if err != nil {
		a.Result = "failed"
		return a, withRename(a.ID, err)
	}
	in.there[a.ID] = true
	a.Result, a.Secret = "imported", made.Secret
	return a, in.vault.keep(s, a.ID, made.Secret)
}

// setGrants takes the grant types that are served, and lists the others.
func (c *candidate) setGrants(names []string) {
	for _, name := range names {
		one, served := app.Supported().GrantType(name)
		switch {
		case !served:
			c.lose("the grant type %s is not served", name)
		case !one.Public && c.client.Public():
			c.lose("a public client cannot have %s", name)
		case name == oauth.GrantRefreshToken && !refreshable(names):
			c.lose("refresh_token is nothing without authorization_code")
		default:
			c.client.GrantTypes = append(c.client.GrantTypes, name)
		}
	}
	if len(c.client.GrantTypes) == 0 && c.skip == "" {
		c.skip = "it has no grant type that is served"
	}
}

// refreshable reports whether one of these grant types issues refresh tokens.
func refreshable(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		one, _ := app.Supported().GrantType(name)
		return one.Refreshable
	})
}

// setRedirects takes redirect URIs, and those after a logout, as far as they are addresses that may be
// registered. Without any, authorization_code is left out.
func (c *candidate) setRedirects(redirects, logouts []string) {
	m := &c.client.Client
	take := func(what string, uris []string) (kept []string) {
		for _, uri := range uris {
			if strings.Contains(uri, "*") {
				c.lose("the pattern %s is no %s", uri, what)
			} else if err := oauth.CheckRedirectURI(uri); err != nil {
				c.lose("the %s %s cannot be registered: %s", what, uri, oauth.AsError(err).Description)
			} else if !slices.Contains(kept, uri) {
				kept = append(kept, uri)
			}
		}
		return kept
	}
	m.RedirectURIs, m.PostLogoutURIs = take("redirect URI", redirects), take("address after a logout", logouts)
	if slices.ContainsFunc(m.RedirectURIs, isLoopback) {
		m.Type = oauth.AppNative
	}
	if len(m.RedirectURIs) > 0 || c.skip != "" {
		return
	}
	m.PostLogoutURIs = nil
	m.GrantTypes = slices.DeleteFunc(m.GrantTypes, func(name string) bool {
		one, _ := app.Supported().GrantType(name)
		return one.RedirectURI
	})
	if !refreshable(m.GrantTypes) {
		m.GrantTypes = slices.DeleteFunc(m.GrantTypes, func(name string) bool { return name == oauth.GrantRefreshToken })
	}
	if len(m.GrantTypes) == 0 {
		c.skip = "it has no redirect URI that is an address"
		return
	}
	c.lose("authorization_code is left out, because it has no redirect URI that is an address")
}

// isLoopback reports whether a redirect URI leads to a program on the user's machine.
func isLoopback(uri string) bool {
	return strings.HasPrefix(uri, "http://127.0.0.1") || strings.HasPrefix(uri, "http://localhost") || strings.HasPrefix(uri, "http://[::1]") ||
		!strings.HasPrefix(uri, "http://") && !strings.HasPrefix(uri, "https://")
}
