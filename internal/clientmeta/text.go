package clientmeta

import (
	"maps"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Row is a line of `client show`.
type Row struct{ Label, Value string }

// Rows returns the properties of a client as people read them.
func Rows(c oauth.Client) []Row {
	var all []Row
	for _, p := range Properties() {
		switch pairs, isPairs := p.Wire(&c).(map[string]string); {
		case p.Label == "":
		case isPairs:
			for _, name := range slices.Sorted(maps.Keys(pairs)) {
				all = append(all, Row{p.Label + " " + name, pairs[name]})
			}
		default:
			all = append(all, Row{p.Label, p.shown(&c)})
		}
	}
	return all
}

func (p Property) shown(c *oauth.Client) string {
	text := p.Shown(c)
	if named, ok := p.Named[text]; ok {
		return named
	}
	if text == "" {
		return "-" // empty on purpose
	}
	return text
}

// Details returns what the audit log records of a client's properties, by their names.
func Details(c oauth.Client) map[string]any { return details(Members(), &c) }

func details(members []Member, c *oauth.Client) map[string]any {
	all := map[string]any{}
	for _, m := range members {
		if m.Group != nil {
			all[m.Name] = groupDetail(m, c)
		} else if p := m.Properties[0]; !p.Unrecorded {
			all[m.Name] = p.Recorded(c)
		}
	}
	return all
}

// groupDetail writes a group as one text, such as "code 5m0s, access 0s"; "" when all of it is empty.
func groupDetail(m Member, c *oauth.Client) string {
	var parts []string
	empty := true
	for _, p := range m.Properties {
		if p.Unrecorded {
			continue
		}
		empty = empty && p.Stored(c) == nil
		parts = append(parts, strings.TrimSuffix(p.Label, " life")+" "+p.Shown(c))
	}
	if empty {
		return ""
	}
	return strings.Join(parts, ", ")
}
