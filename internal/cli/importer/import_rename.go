package importer

import (
	"fmt"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
)

// renameExample shows the form of --rename.
const renameExample = "--rename h8=planner registers the client h8 of the export as planner"

// readRenames reads the values of --rename, OLD=NEW each. An old id may hold a "=" itself; a new one cannot.
func readRenames(written []string, found []candidate) (map[string]string, error) {
	var ids []string
	for _, one := range found {
		ids = append(ids, one.id())
	}
	renames, known := map[string]string{}, map[string]bool{}
	for _, id := range ids {
		known[id] = true
	}
	for _, text := range written {
		at := strings.LastIndex(text, "=")
		if at <= 0 || at == len(text)-1 {
			return nil, exit.Usagef("--rename %s: is not OLD-ID=NEW-ID; hint: %s", text, renameExample)
		}
		from, to := text[:at], text[at+1:]
		earlier, twice := renames[from]
		switch {
		case twice && earlier != to:
			return nil, exit.Usagef("--rename %s: the client is renamed to %s already; hint: one new id for each client", text, earlier)
		case !registry.WellFormed(oauth.ClientID(to)):
			return nil, exit.Usagef("--rename %s: the new id is not 1 to 64 letters, digits, - and _; hint: %s", text, renameExample)
		case !known[from]:
			hint := "the old id stands before the =: " + renameExample
			if near := oauth.Nearest(from, ids); near != "" {
				hint = "did you mean " + near + "=" + to + "?"
			}
			return nil, exit.Usagef("--rename %s: the export has no client %s; hint: %s", text, from, hint)
		}
		renames[from] = to
	}
	return renames, nil
}

// withRename adds a hint to an error about the id of a client.
func withRename(id string, err error) error {
	if err == nil || registry.WellFormed(oauth.ClientID(id)) && !strings.Contains(err.Error(), "UUID") {
		return err
	}
	return fmt.Errorf("%w; hint: --rename '%s=NEW-ID' registers it under another id", err, id)
}
