package importer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

// Importer registers the clients of another server.
type Importer struct {
	Console *console.Console
	API     *adminclient.Client
	DryRun  bool
	Secrets console.SecretsDir

	there map[string]bool // the ids that are taken
	seen  map[string]bool // the ids that the export has named
}

// Import reads a file that a server of this kind exported, and registers its clients. Each of renames is OLD-ID=NEW-ID.
func (in Importer) Import(ctx context.Context, kind, file string, renames []string) error {
	read, ok := readers()[kind]
	if !ok {
		return exit.NotOneOf("--from", kind, Kinds())
	}
	raw, err := in.Console.ReadFile(file)
	if err != nil {
		return err
	}
	values, err := exportValues(file, raw)
	if err != nil {
		return err
	}
	found, err := read(values)
	if err != nil {
		return exit.Usagef("%s: %w", file, err)
	}
	newIDs, err := readRenames(renames, found)
	if err != nil {
		return err
	}
	for i := range found {
		found[i].fit()
		found[i].rename(newIDs[found[i].id()])
	}
	if err := in.Secrets.Ready(); err != nil {
		return err
	}
	in.there, in.seen = map[string]bool{}, map[string]bool{}
	return in.takeIn(ctx, found)
}

// Kinds returns the names of the servers whose exports can be read.
func Kinds() []string { return slices.Sorted(maps.Keys(readers())) }

// readers returns the functions that read exports, by kind of server.
func readers() map[string]func([]json.RawMessage) ([]candidate, error) {
	return map[string]func([]json.RawMessage) ([]candidate, error){"hydra": readHydra, "keycloak": readKeycloak}
}

// takeIn registers candidates one by one. A failure of one does not stop the others.
func (in Importer) takeIn(ctx context.Context, found []candidate) error {
	for c, err := range in.API.Clients(ctx) {
		if err != nil {
			return err
		}
		in.there[string(c.ID)] = true
	}
	all := []Result{}
	var failed []error
	p := console.Progress{Console: in.Console, Doing: "importing"}
	for i, one := range found {
		a, err := in.takeOne(ctx, one)
		all = append(all, a)
		if _, lost := errors.AsType[*console.LostSecretError](err); lost {
			failed = append(failed, err) // it names the client
		} else if err != nil {
			failed = append(failed, &exit.CommandError{Doing: "client " + one.id(), Err: err})
		}
		if (i+1)%50 == 0 && i+1 < len(found) {
			p.Step(i+1, len(found)-i-1)
		}
		if exit.CodeOf(err) == exit.Unavailable {
			break // the others would fail, too
		}
	}
	p.End()
	if err := in.Console.Print(all, resultTable(all)); err != nil {
		failed = append(failed, console.LostSecrets(in.unkept(all), err))
	}
	if err := incomplete(all); len(failed) == 0 && err != nil {
		return err
	}
	return errors.Join(failed...)
}

func (in Importer) takeOne(ctx context.Context, one candidate) (Result, error) {
	a := Result{ID: one.id(), Notes: one.notes, Losses: one.losses, Result: "new", partial: len(one.losses) > 0}
	twice := in.seen[a.ID]
	in.seen[a.ID] = true
	switch {
	case one.skip != "":
		a.Result, a.Notes, a.Losses, a.partial = "skipped", []string{one.skip}, nil, !one.foreign // further losses are of no interest
		return a, nil
	case twice:
		// Two clients have two secrets: refuse the second, whatever happened to the first.
		a.Result = "failed"
		return a, &exit.Error{Code: exit.Refused, Hint: "take one of them out", Err: errors.New("another entry of the export has this id, too")}
	case in.there[a.ID]:
		a.Result, a.partial = "exists", false
		return a, nil
	case one.refused != "":
		a.Result = "failed"
		return a, &exit.Error{Code: exit.Refused, Err: errors.New(one.refused)}
	}
	if !one.client.Public() && one.client.Secret == "" && one.client.SecretHash == "" {
		a.Losses, a.partial = append(slices.Clone(a.Losses), "gets a new secret"), true
	}
	if in.DryRun {
		err := in.API.ExamineClient(ctx, one.client)
		if err != nil {
			a.Result = "failed"
		}
		return a, withRename(a.ID, err)
	}
	made, err := in.API.CreateClient(ctx, one.client)
	if err != nil {
		a.Result = "failed"
		return a, withRename(a.ID, err)
	}
	in.there[a.ID] = true
	a.Result, a.Secret = "imported", made.Secret
	return a, in.Secrets.Keep(in.Console, a.ID, made.Secret)
}
