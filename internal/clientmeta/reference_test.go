package clientmeta

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Reference returns the page docs/client-properties.md. served are the values that it lists.
func Reference(served Served) string {
	var page strings.Builder
	page.WriteString(referenceHead)
	for _, p := range Properties() {
		var flags []string
		for _, one := range p.Flags() {
			flags = append(flags, "`--"+one.Name+"`")
		}
		flag, registrable := cmp.Or(strings.Join(flags, ", "), "-"), "no"
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
and ` + "`oauth2d client update`" + `. The last but one column says whether a client may set the property itself once
dynamic registration (RFC 7591) is served.

| property | type | default | flag | dynamic registration | meaning |
|---|---|---|---|---|---|
`
