package importer

import (
	"fmt"
	"log/slog"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Result is the outcome for one client of an export.
type Result struct {
	ID     string      `json:"client_id"`
	Result string      `json:"result"` // imported, exists, skipped, failed; in a dry run new for imported
	Secret secret.Text `json:"client_secret,omitempty"`
	Notes  []string    `json:"notes,omitempty"`
	Losses []string    `json:"losses,omitempty"` // parts without a counterpart here

	partial bool
}

// LogValue hides the secret from slog.
func (r Result) LogValue() slog.Value { return slog.StringValue("client " + r.ID + " " + r.Result) }

// resultTable returns the result for people: a row for each client, with its notes below.
func resultTable(all []Result) console.Table {
	t := console.Table{Head: []string{"client id", "result"}}
	for _, a := range all {
		t.Rows = append(t.Rows, []string{a.ID, a.Result})
		t.Below = append(t.Below, nil)
		last := len(t.Below) - 1
		for _, text := range a.Notes {
			t.Below[last] = append(t.Below[last], "- "+text)
		}
		for _, text := range a.Losses {
			t.Below[last] = append(t.Below[last], "! "+text)
		}
	}
	return t
}

// incomplete returns an error when parts of an export have no counterpart here.
func incomplete(all []Result) error {
	partial := 0
	for _, a := range all {
		if a.partial {
			partial++
		}
	}
	if partial == 0 {
		return nil
	}
	return &exit.Error{
		Code: exit.Partly, Hint: "the lines with ! say what",
		Err: fmt.Errorf("not all of %s could be carried over", console.Count(partial, "client")),
	}
}

// unkept returns the clients whose generated secret is only in the result.
func (in Importer) unkept(all []Result) []string {
	var ids []string
	for _, a := range all {
		if a.Secret != "" && !in.Secrets.Keeps() && in.Console.Output != "table" {
			ids = append(ids, a.ID)
		}
	}
	return ids
}
