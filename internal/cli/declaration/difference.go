package declaration

import (
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// difference is a member of a client that differs from the file. nil stands for a member that is left out.
type difference struct {
	Member string `json:"member"`
	From   any    `json:"from"`
	To     any    `json:"to"`
}

// differences compares two clients property by property, in the order of their names.
func differences(from, to oauth.Client) []difference {
	members := clientmeta.Members()
	slices.SortFunc(members, func(a, b clientmeta.Member) int { return strings.Compare(a.Name, b.Name) })
	var all []difference
	for _, m := range members {
		if !m.Same(&from, &to) {
			all = append(all, difference{m.Name, m.Wire(&from), m.Wire(&to)})
		}
	}
	return all
}
