package clientmeta_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// schema is a schema of api/openapi/admin.yaml.
type schema map[string]any

func (s schema) child(name string) schema {
	inner, _ := s[name].(schema)
	return inner
}

// text is a text with single spaces, so that it does not matter where lines break.
func (s schema) text(name string) string {
	text, _ := s[name].(string)
	return strings.Join(strings.Fields(text), " ")
}

func (s schema) list(name string) []any {
	all, _ := s[name].([]any)
	return all
}

// contract are the schemas of the admin API.
type contract struct{ schemas schema }

func readContract(t *testing.T) contract {
	t.Helper()
	raw, err := os.ReadFile("../../api/openapi/admin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Components struct{ Schemas schema }
	}
	if err := yaml.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return contract{all.Components.Schemas}
}

// resolved follows a $ref. Members beside it, such as a description, replace those of its target.
func (c contract) resolved(s schema) schema {
	name, isRef := strings.CutPrefix(s.text("$ref"), "#/components/schemas/")
	if !isRef {
		return s
	}
	all := maps.Clone(c.resolved(c.schemas.child(name)))
	maps.Copy(all, s)
	return all
}

// api/openapi/admin.yaml describes every property of the table, and no other, everywhere a client stands.
func TestContractHasTheProperties(t *testing.T) {
	t.Parallel()
	c := readContract(t)
	bookkeeping := []string{"client_id", "client_secret", "client_secret_hash", "not_before", "created_at", "updated_at", "revision"}
	for _, form := range []string{"ClientMetadata", "ClientCreate", "ClientPatch", "Client", "ClientWithSecret"} {
		t.Run(form, func(t *testing.T) {
			described := c.schemas.child(form)
			known := slices.Concat(clientmeta.Names(), bookkeeping)
			for name := range described.child("properties") {
				if !slices.Contains(known, name) {
					t.Errorf("%s.%s is not in the table", form, name)
				}
			}
			for _, m := range clientmeta.Members() {
				one := described.child("properties").child(m.Name)
				if one == nil {
					t.Errorf("%s has no property %s", form, m.Name)
					continue
				}
				required := slices.Contains(described.list("required"), any(m.Name))
				optional := m.Group == nil && m.Properties[0].Optional
				if strings.HasPrefix(form, "Client") && (form == "Client" || form == "ClientWithSecret") && required == optional {
					t.Errorf("%s.%s: required is %v", form, m.Name, required)
				}
				if form != "ClientPatch" {
					c.compareMember(t, m, c.resolved(one))
					continue
				}
				alternatives := one.list("anyOf")
				if len(alternatives) != 2 || alternatives[1].(schema).text("type") != "null" {
					t.Errorf("%s.%s is not a value or null", form, m.Name)
					continue
				}
				c.compareKind(t, m, c.resolved(alternatives[0].(schema)))
			}
		})
	}
}

func (c contract) compareMember(t *testing.T, m clientmeta.Member, s schema) {
	t.Helper()
	c.compareKind(t, m, s)
	doc := m.Properties[0].Doc
	if m.Group != nil {
		doc = m.Group.Doc
		for _, p := range m.Properties {
			if got := s.child("properties").child(p.Name).text("description"); got != p.Doc {
				t.Errorf("%s is described as %q, and not %q", p.Path(), got, p.Doc)
			}
		}
	}
	if got := s.text("description"); got != doc {
		t.Errorf("%s is described as %q, and not %q", m.Name, got, doc)
	}
	if p := m.Properties[0]; m.Group == nil && p.Default != nil && m.Name != "client_name" {
		if want, got := fmt.Sprint(p.Default(&oauth.Client{})), fmt.Sprint(s["default"]); got != want {
			t.Errorf("%s: default %s, and not %s", m.Name, got, want)
		}
	}
}

// compareKind compares type and bounds, which a patch has, too.
func (c contract) compareKind(t *testing.T, m clientmeta.Member, s schema) {
	t.Helper()
	if m.Group == nil {
		c.compareProperty(t, m.Properties[0], s)
		return
	}
	if len(s.child("properties")) != len(m.Properties) {
		t.Errorf("%s has %d members, and not %d", m.Name, len(s.child("properties")), len(m.Properties))
	}
	for _, p := range m.Properties {
		c.compareProperty(t, p, c.resolved(s.child("properties").child(p.Name)))
	}
}

func (c contract) compareProperty(t *testing.T, p clientmeta.Property, s schema) {
	t.Helper()
	want := map[string]any{}
	bound := func(name string, value int64) {
		if value != 0 {
			want[name] = int(value)
		}
	}
	kind := map[clientmeta.Kind]string{
		clientmeta.Text: "string", clientmeta.Scopes: "string", clientmeta.Switch: "boolean", clientmeta.Number: "integer",
		clientmeta.Seconds: "integer", clientmeta.List: "array", clientmeta.Pairs: "object",
	}[p.Kind()]
	var values []any
	if p.Values != nil {
		for _, one := range p.Values(clientmeta.ServedBy(app.Supported())) {
			values = append(values, one)
		}
	}
	switch p.Kind() {
	case clientmeta.Text:
		bound("maxLength", p.Max)
	case clientmeta.Number, clientmeta.Seconds:
		bound("minimum", p.Min)
		bound("maximum", p.Max)
	case clientmeta.Pairs:
		bound("maxProperties", p.Max)
	case clientmeta.List:
		bound("minItems", p.Min)
		bound("maxItems", max(p.Max, int64(len(values))))
		if got := c.resolved(s.child("items")).list("enum"); !reflect.DeepEqual(got, values) && len(got)+len(values) > 0 {
			t.Errorf("%s: items are %v, and not %v", p.Path(), got, values)
		}
		values = nil
	default:
	}
	if got := s["type"]; got != kind && !reflect.DeepEqual(got, []any{kind, "null"}) {
		t.Errorf("%s: type %v, and not %s", p.Path(), got, kind)
	}
	if got := s.list("enum"); !reflect.DeepEqual(got, values) && len(got)+len(values) > 0 {
		t.Errorf("%s: enum %v, and not %v", p.Path(), got, values)
	}
	for name, value := range want {
		if s[name] != value {
			t.Errorf("%s: %s %v, and not %v", p.Path(), name, s[name], value)
		}
	}
}

// The lists of grant types and client authentication methods in api/openapi/admin.yaml are those of the server. With
// UPDATE set, as `make docs` does, this test writes them.
func TestContractListsWhatIsServed(t *testing.T) {
	t.Parallel()
	const file = "../../api/openapi/admin.yaml"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	served := clientmeta.ServedBy(app.Supported())
	want := string(raw)
	for _, one := range []struct{ schema, member, value string }{
		{"AuthMethod", "enum", "[" + quotedList(served.AuthMethods) + "]"},
		{"GrantType", "enum", "[" + quotedList(served.GrantTypes) + "]"},
		{"GrantTypes", "maxItems", strconv.Itoa(len(served.GrantTypes))},
	} {
		t.Run(one.schema, func(t *testing.T) {
			head, rest, found := strings.Cut(want, "\n    "+one.schema+":\n")
			before, after, has := strings.Cut(rest, "\n      "+one.member+": ")
			if !found || !has {
				t.Fatalf("%s has no %s", one.schema, one.member)
			}
			_, after, _ = strings.Cut(after, "\n")
			want = head + "\n    " + one.schema + ":\n" + before + "\n      " + one.member + ": " + one.value + "\n" + after
		})
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if string(raw) != want {
		t.Error("run make docs")
	}
}

// quotedList joins values, with quotes around those that YAML could read otherwise.
func quotedList(values []string) string {
	all := slices.Clone(values)
	for i, one := range all {
		if strings.Contains(one, ":") {
			all[i] = "'" + one + "'"
		}
	}
	return strings.Join(all, ", ")
}

// docs/client-properties.md is up to date. With UPDATE set, as `make docs` does, this test writes it.
func TestReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	const file = "../../docs/client-properties.md"
	want := clientmeta.Reference(clientmeta.ServedBy(app.Supported()))
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := os.ReadFile(file); err != nil || string(page) != want {
		t.Errorf("run make docs: %v", err)
	}
}
