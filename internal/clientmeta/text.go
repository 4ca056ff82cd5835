package clientmeta

import (
	"fmt"
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

// Reference returns the page docs/client-properties.md. served are the values that it lists.
func Reference(served Served) string {
	var page strings.Builder
	page.WriteString(referenceHead)
	for _, p := range Properties() {
		flag, registrable := "-", "no"
		if p.Flag.Name != "" {
			flag = "`--" + p.Flag.Name + "`"
		}
		if p.SelfService {
			registrable = "yes"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s | %s |\n",
			strings.ReplaceAll(p.Path(), "/", "."), p.typeText(served), p.defaultText(), flag, registrable, strings.ReplaceAll(p.Doc, "|", `\|`))
	}
	return page.String()
}

func (p Property) typeText(served Served) string {
	text := string(p.Kind())
	if p.Values != nil {
		text += ": `" + strings.Join(p.Values(served), "`, `") + "`"
	}
	switch {
	case p.Kind() == List && p.Max > 0, p.Kind() == Pairs && p.Max > 0:
		text += fmt.Sprintf(", at most %d", p.Max)
	case p.Kind() == Text && p.Max > 0:
		text += fmt.Sprintf(", at most %d characters", p.Max)
	case p.Max > 0:
		text += fmt.Sprintf(", %d to %d", p.Min, p.Max)
	}
	return text
}

func (p Property) defaultText() string {
	if p.Default == nil {
		return "-"
	}
	switch value := p.Default(&oauth.Client{ID: "the id"}).(type) {
	case []string:
		return "`" + strings.Join(value, "`, `") + "`"
	case string:
		if value == "the id" {
			return value
		}
		return "`" + value + "`"
	default:
		return fmt.Sprint(value)
	}
}

const referenceHead = `# Client properties

<!-- Made by "make docs" from the table in internal/clientmeta. Do not edit. -->

The properties of a registered client. The names are those of the [admin API](../api/openapi/admin.yaml), of the file of
` + "`oauth2d client apply`" + ` and of ` + "`oauth2d client show ID --output json`" + `; the flags are those of ` + "`oauth2d client create`" + `
and ` + "`oauth2d client update`" + `. The last but one column says whether a client may set the property itself once dynamic registration
(RFC 7591) is served.

| property | type | default | flag | dynamic registration | meaning |
|---|---|---|---|---|---|
`
