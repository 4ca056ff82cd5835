package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func newClientApply(s *shared) *cobra.Command {
	var file string
	var prune pruning
	var c care
	var v vault
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "make the clients what a file declares, and tell the difference",
		Long: "Make the clients what a YAML file declares: those that are missing are registered, those that differ are\n" +
			"changed, and with --prune those that the file does not name are deleted. Applied twice it changes nothing.\n" +
			"The members of a client are those of the admin API; what is left out has its default, but for disabled:\n" +
			"who was disabled by hand stays so until the file says disabled: false. Secrets are set when a client is\n" +
			"registered and never changed afterwards. Where the file declares scopes, clients may have no others, so\n" +
			"that a slip of the pen is found.",
		Example: `  oauth2d client apply -f clients.yaml --direct --dry-run
  oauth2d client apply -f clients.yaml --direct --prune --yes

  # clients.yaml
  scopes:
    - name: read
      description: Read your recipes
  clients:
    - client_id: planner
      grant_types: [client_credentials]
      scope: read
    - client_id: web
      token_endpoint_auth_method: none
      grant_types: [authorization_code, refresh_token]
      redirect_uris: [https://app.example.com/callback]
      scope: openid read`,
		Args: noArgs,
	}
	c.bind(cmd)
	v.bind(cmd)
	cmd.Flags().StringVarP(&file, "file", "f", "", "file that declares the clients (- is standard input)")
	cmd.Flags().BoolVar(&prune.wanted, "prune", false, "delete clients that the file does not name; the one that you log in as stays, and those with an admin scope")
	cmd.Flags().BoolVar(&prune.operators, "prune-operators", false, "with --prune: delete those with an admin scope, too")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		if file == "" {
			return usage("%s wants --file; hint: %s --help shows one", cmd.CommandPath(), cmd.CommandPath())
		}
		wanted, err := s.readDeclaration(file)
		if err != nil {
			return err
		}
		if prune.operators && !prune.wanted {
			return usage("%s: --prune-operators is nothing without --prune", cmd.CommandPath())
		}
		if prune.wanted && len(wanted) == 0 {
			return usage("%s: --prune would delete every client, because %s declares none", cmd.CommandPath(), file)
		}
		p, err := s.plan(ctx, api, wanted, prune)
		if err != nil {
			return err
		}
		return s.apply(ctx, api, p, c, v)
	})
}

// plan is what has to be done, and afterwards what was.
type plan struct {
	Created   []*creation  `json:"created"`
	Changed   []alteration `json:"changed"`
	Deleted   []string     `json:"deleted"`
	Unchanged int          `json:"unchanged"`
	DryRun    bool         `json:"dry_run"`

	revisions map[string]uint64
}

// creation is a client to be registered, and what came of it.
type creation struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret,omitempty"` // when it was generated

	wanted declared
}

// alteration is a client to be changed.
type alteration struct {
	ID      string       `json:"client_id"`
	Changes []difference `json:"changes"`

	wanted oauth.Client
}

// pruning says whether clients go that the file does not name, and whether those go, too, that may
// administer the server: without the last of them nobody gets in by the admin API.
type pruning struct{ wanted, operators bool }

// plan compares what is wanted with what is there.
func (s *shared) plan(ctx context.Context, api *adminclient.Client, wanted []declared, prune pruning) (*plan, error) {
	there, err := adminclient.Collect(api.Clients(ctx), 0)
	if err != nil {
		return nil, err
	}
	p := &plan{Created: []*creation{}, Changed: []alteration{}, Deleted: []string{}, revisions: map[string]uint64{}}
	known := map[string]adminwire.Client{}
	for _, c := range there {
		known[string(c.ID)], p.revisions[string(c.ID)] = c, c.Revision
	}
	for _, one := range wanted {
		id := string(one.ID)
		c, ok := known[id]
		delete(known, id)
		if !ok {
			p.Created = append(p.Created, &creation{ID: id, wanted: one})
			continue
		}
		put := one.wanted(c.Client)
		changes := differences(c.Client, clientmeta.WithDefaults(put))
		if len(changes) == 0 {
			p.Unchanged++
			continue
		}
		p.Changed = append(p.Changed, alteration{ID: id, Changes: changes, wanted: put})
	}
	if prune.wanted {
		p.Deleted = s.superfluous(known, prune)
	}
	return p, nil
}

// superfluous are the ids of those that the file does not name and that go.
func (s *shared) superfluous(unnamed map[string]adminwire.Client, prune pruning) []string {
	ids := []string{}
	for _, id := range sortedKeys(unnamed) {
		switch {
		case id == s.self:
			s.say("client %s stays although the file does not name it: you are logged in as it", id)
		case !prune.operators && slices.ContainsFunc(unnamed[id].Scopes, operates):
			s.say("client %s stays although the file does not name it: it has an admin scope; hint: --prune-operators deletes it, too", id)
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// apply carries a plan out. What fails does not keep the rest from being done.
func (s *shared) apply(ctx context.Context, api *adminclient.Client, p *plan, c care, v vault) error {
	p.DryRun = c.dryRun
	if err := v.ready(); err != nil {
		return err
	}
	if s.output == "table" {
		p.print(s)
	}
	if c.dryRun {
		return errors.Join(p.examine(ctx, api), s.printUnlessTable(p))
	}
	if len(p.Created)+len(p.Changed)+len(p.Deleted) == 0 {
		return s.printUnlessTable(p)
	}
	if ok, err := s.sure(c, "register %d, change %d and delete %s", len(p.Created), len(p.Changed), count(len(p.Deleted), "client")); !ok {
		return err
	}
	failed := p.carryOut(ctx, s, api, v)
	var unkept []string // whose secret stands only in what is printed now
	for _, one := range p.Created {
		if one.Secret != "" && v.dir == "" && s.output != "table" {
			unkept = append(unkept, one.ID)
		}
	}
	return errors.Join(failed, lostSecrets(unkept, s.printUnlessTable(p)))
}

// examine reports what the server would refuse, and changes nothing.
func (p *plan) examine(ctx context.Context, api *adminclient.Client) error {
	var failed []error
	for _, one := range p.Created {
		if err := api.ExamineClient(ctx, one.wanted.create()); err != nil {
			failed = append(failed, &during{"client " + one.ID, err})
		}
	}
	for _, one := range p.Changed {
		if err := api.ExaminePut(ctx, one.wanted, adminclient.Condition{Revision: p.revisions[one.ID]}); err != nil {
			failed = append(failed, &during{"client " + one.ID, err})
		}
	}
	return errors.Join(failed...)
}

func (p *plan) carryOut(ctx context.Context, s *shared, api *adminclient.Client, v vault) error {
	var failed []error
	fail := func(id string, err error) {
		if _, lost := errors.AsType[*lostSecretError](err); lost {
			failed = append(failed, err) // it names the client
		} else if err != nil {
			failed = append(failed, &during{"client " + id, err})
		}
	}
	// What did not happen is not told as if it had.
	p.Created = slices.DeleteFunc(p.Created, func(one *creation) bool {
		made, err := api.CreateClient(ctx, one.wanted.create())
		fail(one.ID, err)
		if err != nil {
			return true
		}
		one.Secret = made.Secret
		fail(one.ID, v.keep(s, one.ID, made.Secret))
		return false
	})
	p.Changed = slices.DeleteFunc(p.Changed, func(one alteration) bool {
		_, _, err := api.PutClient(ctx, one.wanted, adminclient.Condition{Revision: p.revisions[one.ID]})
		fail(one.ID, err)
		return err != nil
	})
	p.Deleted = slices.DeleteFunc(p.Deleted, func(id string) bool {
		err := api.DeleteClient(ctx, id, adminclient.Condition{Revision: p.revisions[id]})
		if adminclient.Is(err, "not-found") {
			return false
		}
		fail(id, err)
		return err != nil
	})
	s.say("%d registered, %d changed, %d deleted, %d failed", len(p.Created), len(p.Changed), len(p.Deleted), len(failed))
	return errors.Join(failed...)
}

// print shows the difference as it is read by people.
func (p *plan) print(s *shared) {
	for _, one := range p.Created {
		fmt.Fprintf(s.out, "+ client %s\n", one.ID)
	}
	for _, one := range p.Changed {
		fmt.Fprintf(s.out, "~ client %s\n", one.ID)
		for _, d := range one.Changes {
			fmt.Fprintf(s.out, "    %s: %s -> %s\n", d.Member, text(d.From), text(d.To))
		}
	}
	for _, id := range p.Deleted {
		fmt.Fprintf(s.out, "- client %s\n", id)
	}
	fmt.Fprintf(s.out, "= %s unchanged\n", count(p.Unchanged, "client"))
}
