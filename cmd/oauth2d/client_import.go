package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// candidate is a client of another server.
type candidate struct {
	client adminwire.ClientCreate
	notes  []string // what could not be carried over
	skip   string   // why it is left out
}

func (c *candidate) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// arrival is what became of a candidate.
type arrival struct {
	ID     string   `json:"client_id"`
	Result string   `json:"result"` // imported, exists, skipped, failed; in a dry run new for imported
	Secret string   `json:"client_secret,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// readers read the exports of other servers.
func readers() map[string]func([]byte) ([]candidate, error) {
	return map[string]func([]byte) ([]candidate, error){"hydra": readHydra, "keycloak": readKeycloak}
}

func newClientImport(s *shared) *cobra.Command {
	var from string
	var dryRun bool
	var renames map[string]string
	var v vault
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "register the clients of another server, with the secrets they have",
		Long: "Register the clients of an export of Ory Hydra or Keycloak. A secret that the export holds, in the clear or\n" +
			"as a bcrypt, argon2id or pbkdf2-sha256 hash, stays the secret, so that nobody has to change it. A client\n" +
			"that is there already is left alone, and of two with one id the second is refused; what has no counterpart\n" +
			"here is told for each client.\n\n" +
			"Hydra: the JSON of its admin API or of `hydra list oauth2-clients`, or rows of its table hydra_client as\n" +
			"JSON (one object, an array, or one object a line), which hold the hashes. Keycloak: the JSON of a realm\n" +
			"(`kc.sh export`), or of one client. Ids are letters, digits, - and _ and never UUIDs: --rename others.",
		Example: `  oauth2d client import --from keycloak realm.json --direct --dry-run
  oauth2d client import --from hydra clients.json --direct --rename 8d3c1c9e-3b0e-4f5e-9d57-0f4b5d9f6c11=planner

  # the rows of Hydra's table
  psql -At -c 'SELECT row_to_json(c) FROM hydra_client c' hydra | oauth2d client import --from hydra - --direct`,
		Args: oneArg("the file of the export (- is standard input)"),
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "what the export is of: hydra or keycloak")
	flags.BoolVar(&dryRun, "dry-run", false, "tell what would be done, and change nothing")
	flags.StringToStringVar(&renames, "rename", nil, "old-id=new-id; may be repeated")
	v.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		read, ok := readers()[from]
		if !ok {
			return usage("--from %s: is neither hydra nor keycloak", from)
		}
		raw, err := s.readFile(args[0])
		if err != nil {
			return err
		}
		found, err := read(raw)
		if err != nil {
			return usage("%s: %w", args[0], err)
		}
		for i, one := range found {
			if to := renames[one.client.ID]; to != "" {
				found[i].note("was %s", one.client.ID)
				if one.client.Name == "" {
					found[i].client.Name = one.client.ID
				}
				found[i].client.ID = to
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
		in.there[c.ID] = true
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
			failed = append(failed, &during{"client " + one.client.ID, err})
		}
		if (i+1)%50 == 0 && i+1 < len(found) {
			p.step(i+1, len(found)-i-1)
		}
		if codeOf(err) == exitUnavailable {
			break // the others would fare no better
		}
	}
	p.end()
	t := table{head: []string{"client id", "result", "notes"}}
	for _, a := range all {
		t.rows = append(t.rows, []string{a.ID, a.Result, orDash(strings.Join(a.Notes, "; "))})
	}
	if err := s.print(all, t); err != nil {
		failed = append(failed, lostSecrets(in.unkept(s, all), err))
	}
	return errors.Join(failed...)
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
	a := arrival{ID: one.client.ID, Notes: one.notes, Result: "new"}
	twice := in.seen[a.ID]
	in.seen[a.ID] = true
	switch {
	case one.skip != "":
		a.Result, a.Notes = "skipped", []string{one.skip} // what else does not fit is of no interest
		return a, nil
	case twice:
		// Whichever is meant, and whatever became of the first: the secret of one is not that of the other.
		a.Result = "failed"
		return a, oauth.Refuse(oauth.AlreadyExists, "another entry of the export has this id, too; hint: take one of them out", nil)
	case in.there[one.client.ID]:
		a.Result = "exists"
		return a, nil
	case one.client.SecretHash != "" && secret.KindOfHash(one.client.SecretHash) == "":
		// As the server refuses it; a dry run tells, too.
		a.Result = "failed"
		return a, oauth.Refuse(oauth.InvalidClientMetadata, "the hash of its secret is damaged, or costs more than is allowed", nil)
	}
	if one.client.Method != "none" && one.client.Secret == "" && one.client.SecretHash == "" {
		a.Notes = append(a.Notes, "gets a new secret")
	}
	if in.dryRun {
		return a, nil
	}
	made, err := in.api.CreateClient(ctx, one.client)
	if err != nil {
		a.Result = "failed"
		return a, err
	}
	in.there[made.ID] = true
	a.Result, a.Secret = "imported", made.Secret
	return a, in.vault.keep(s, made.ID, made.Secret)
}

// setSecret takes a secret as an export has it: a hash that is known here, or the secret itself.
func (c *candidate) setSecret(text string) {
	switch {
	case text == "" || strings.Trim(text, "*") == "":
	case strings.HasPrefix(text, "$2") || strings.HasPrefix(text, "$argon2id$") || strings.HasPrefix(text, "$pbkdf2-sha256$"):
		c.client.SecretHash = text
	case strings.HasPrefix(text, "$"):
		kind, _, _ := strings.Cut(text[1:], "$")
		c.note("its secret is a %s hash, which is not read here", kind)
	default:
		c.client.Secret = text
	}
}

// setGrants takes the grant types that are served, and tells of the others.
func (c *candidate) setGrants(names []string) {
	public := c.client.Method == "none"
	for _, name := range names {
		switch {
		case name == "client_credentials" && public:
			c.note("a public client cannot have client_credentials")
		case name == "refresh_token" && !slices.Contains(names, "authorization_code"):
			c.note("refresh_token is nothing without authorization_code")
		case name == "authorization_code" || name == "client_credentials" || name == "refresh_token":
			c.client.GrantTypes = append(c.client.GrantTypes, name)
		default:
			c.note("the grant type %s is not served", name)
		}
	}
	if len(c.client.GrantTypes) == 0 && c.skip == "" {
		c.skip = "it has no grant type that is served"
	}
}

// isLoopback tells whether a redirect URI leads to a program on the user's machine.
func isLoopback(uri string) bool {
	return strings.HasPrefix(uri, "http://127.0.0.1") || strings.HasPrefix(uri, "http://localhost") || strings.HasPrefix(uri, "http://[::1]") ||
		!strings.HasPrefix(uri, "http://") && !strings.HasPrefix(uri, "https://")
}
