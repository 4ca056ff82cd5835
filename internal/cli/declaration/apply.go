package declaration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// plan lists the changes to be made, and afterwards the changes that were made.
type plan struct {
	Created   []*creation  `json:"created"`
	Changed   []alteration `json:"changed"`
	Deleted   []string     `json:"deleted"`
	Unchanged int          `json:"unchanged"`
	DryRun    bool         `json:"dry_run"`

	revisions map[string]uint64
}

// creation is a client to be registered.
type creation struct {
	ID     string      `json:"client_id"`
	Secret secret.Text `json:"client_secret,omitempty"` // when it was generated

	wanted Client
}

// LogValue hides the secret from slog.
func (c *creation) LogValue() slog.Value { return slog.StringValue("client " + c.ID) }

// alteration is a client to be changed.
type alteration struct {
	ID      string       `json:"client_id"`
	Changes []difference `json:"changes"`

	wanted oauth.Client
}

// Prune sets whether clients that the file does not name are deleted. Operators includes those with an admin scope:
// without the last of them nobody can use the admin API.
type Prune struct{ Wanted, Operators bool }

// Applier changes the clients of a server into those that a file declares.
type Applier struct {
	Console *console.Console
	API     *adminclient.Client
	Self    string // the client that the command line is to the server
	Prune   Prune
	Confirm console.ConfirmFlags
	Secrets console.SecretsDir
}

// plan compares the declared clients with those of the server.
func (a Applier) plan(ctx context.Context, wanted []Client) (*plan, error) {
	there, err := adminclient.Collect(a.API.Clients(ctx), 0)
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
	if a.Prune.Wanted {
		p.Deleted = a.superfluous(known)
	}
	return p, nil
}

// superfluous returns the ids of the clients to be deleted, of those that the file does not name.
func (a Applier) superfluous(unnamed map[string]adminwire.Client) []string {
	ids := []string{}
	for _, id := range slices.Sorted(maps.Keys(unnamed)) {
		switch {
		case id == a.Self:
			a.Console.Say("client %s stays although the file does not name it: you are logged in as it", id)
		case !a.Prune.Operators && slices.ContainsFunc(unnamed[id].Scopes, operates):
			a.Console.Say("client %s stays although the file does not name it: it has an admin scope; hint: --prune-operators deletes it, too", id)
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// Apply carries out the difference. A failure of one client does not stop the others.
func (a Applier) Apply(ctx context.Context, wanted []Client) error {
	p, err := a.plan(ctx, wanted)
	if err != nil {
		return err
	}
	p.DryRun = a.Confirm.DryRun
	if err := a.Secrets.Ready(); err != nil {
		return err
	}
	if a.Console.Output == "table" {
		p.print(a.Console.Out)
	}
	if a.Confirm.DryRun {
		return errors.Join(a.examine(ctx, p), a.Console.PrintUnlessTable(p))
	}
	if len(p.Created)+len(p.Changed)+len(p.Deleted) == 0 {
		return a.Console.PrintUnlessTable(p)
	}
	if ok, err := a.Console.Confirm(a.Confirm, "register %d, change %d and delete %s", len(p.Created), len(p.Changed), console.Count(len(p.Deleted), "client")); !ok {
		return err
	}
	failed := a.carryOut(ctx, p)
	var unkept []string // clients whose secret is only in the result that is printed now
	for _, one := range p.Created {
		if one.Secret != "" && !a.Secrets.Keeps() && a.Console.Output != "table" {
			unkept = append(unkept, one.ID)
		}
	}
	return errors.Join(failed, console.LostSecrets(unkept, a.Console.PrintUnlessTable(p)))
}

// examine returns the refusals of the server, and changes nothing.
func (a Applier) examine(ctx context.Context, p *plan) error {
	var failed []error
	for _, one := range p.Created {
		if err := a.API.ExamineClient(ctx, one.wanted.create()); err != nil {
			failed = append(failed, &exit.CommandError{Doing: "client " + one.ID, Err: err})
		}
	}
	for _, one := range p.Changed {
		if err := a.API.ExaminePut(ctx, one.wanted, adminclient.Condition{Revision: p.revisions[one.ID]}); err != nil {
			failed = append(failed, &exit.CommandError{Doing: "client " + one.ID, Err: err})
		}
	}
	return errors.Join(failed...)
}

func (a Applier) carryOut(ctx context.Context, p *plan) error {
	var failed []error
	fail := func(id string, err error) {
		if _, lost := errors.AsType[*console.LostSecretError](err); lost {
			failed = append(failed, err) // it names the client
		} else if err != nil {
			failed = append(failed, &exit.CommandError{Doing: "client " + id, Err: err})
		}
	}
	// Remove failures from the plan, so that it lists what was done.
	p.Created = slices.DeleteFunc(p.Created, func(one *creation) bool {
		made, err := a.API.CreateClient(ctx, one.wanted.create())
		fail(one.ID, err)
		if err != nil {
			return true
		}
		one.Secret = made.Secret
		fail(one.ID, a.Secrets.Keep(a.Console, one.ID, made.Secret))
		return false
	})
	p.Changed = slices.DeleteFunc(p.Changed, func(one alteration) bool {
		_, _, err := a.API.PutClient(ctx, one.wanted, adminclient.Condition{Revision: p.revisions[one.ID]})
		fail(one.ID, err)
		return err != nil
	})
	p.Deleted = slices.DeleteFunc(p.Deleted, func(id string) bool {
		err := a.API.DeleteClient(ctx, id, adminclient.Condition{Revision: p.revisions[id]})
		if adminclient.Is(err, "not-found") {
			return false
		}
		fail(id, err)
		return err != nil
	})
	a.Console.Say("%d registered, %d changed, %d deleted, %d failed", len(p.Created), len(p.Changed), len(p.Deleted), len(failed))
	return errors.Join(failed...)
}

// print writes the difference for people.
func (p *plan) print(out io.Writer) {
	for _, one := range p.Created {
		fmt.Fprintf(out, "+ client %s\n", one.ID)
	}
	for _, one := range p.Changed {
		fmt.Fprintf(out, "~ client %s\n", one.ID)
		for _, d := range one.Changes {
			fmt.Fprintf(out, "    %s: %s -> %s\n", d.Member, console.Inline(d.From), console.Inline(d.To))
		}
	}
	for _, id := range p.Deleted {
		fmt.Fprintf(out, "- client %s\n", id)
	}
	fmt.Fprintf(out, "= %s unchanged\n", console.Count(p.Unchanged, "client"))
}
