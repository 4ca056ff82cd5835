package main

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// declared is a client in the file of `client apply`.
type declared struct {
	ID         string `json:"client_id"`
	SecretFile string `json:"client_secret_file,omitempty"` // relative to the file
	SecretHash string `json:"client_secret_hash,omitempty"`
	adminwire.ClientMetadata
	// Disabled stands before the member of the metadata: only it tells false from left out, which is
	// as it is.
	Disabled *bool `json:"disabled,omitempty"`

	secret string // what stands in SecretFile
}

// declare is a client as the file that makes it again has it.
func declare(c adminwire.Client) declared {
	d := declared{ID: c.ID, ClientMetadata: c.Metadata()}
	if c.Disabled {
		d.Disabled = &c.Disabled
	}
	return d
}

// metadata is what is put in the place of the old state.
func (d declared) metadata(old adminwire.ClientMetadata) adminwire.ClientMetadata {
	m := d.ClientMetadata
	m.Disabled = old.Disabled
	if d.Disabled != nil {
		m.Disabled = *d.Disabled
	}
	return m
}

// create is the client as it is registered.
func (d declared) create() adminwire.ClientCreate {
	return adminwire.ClientCreate{ID: d.ID, Secret: d.secret, SecretHash: d.SecretHash, ClientMetadata: d.metadata(adminwire.ClientMetadata{})}
}

// complete is metadata with the defaults in place of what is left out.
func (d declared) complete(old adminwire.ClientMetadata) adminwire.ClientMetadata {
	m := d.metadata(old)
	m.Name, m.Method, m.Type = first(m.Name, d.ID), first(m.Method, "client_secret_basic"), first(m.Type, "web")
	m.Format, m.Introspection = first(m.Format, "opaque"), first(m.Introspection, "own")
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{"authorization_code"}
	}
	return m
}

// declaration is a document of the file of `client apply`. A file may hold several: they count as one.
type declaration struct {
	Scopes  []declaredScope `json:"scopes"`
	Clients []declared      `json:"clients"`
}

// declaredScope is a scope that the clients of the file may have.
type declaredScope struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// maxDeclaration bounds the file.
const maxDeclaration = 16 << 20

// readDeclaration reads and checks a file of declared clients, with all its documents: a document that
// is not read would lose its clients to --prune.
func (s *shared) readDeclaration(name string) ([]declared, error) {
	raw, err := s.readFile(name)
	if err != nil {
		return nil, err
	}
	form := &yamlForm{name: name}
	documents, err := form.documents(raw)
	if err != nil {
		return nil, err
	}
	if len(documents) == 0 {
		return nil, usage("%s: is empty; hint: a file that declares no client says clients: []", name)
	}
	var d declaration
	lines := map[string]int{} // where a client was declared
	for _, document := range documents {
		var one declaration
		if form.into(document, "", &one) {
			d.Scopes = append(d.Scopes, one.Scopes...)
			d.Clients = append(d.Clients, one.Clients...)
		}
		form.checkIDs(document, lines)
	}
	form.checkDeclaredScopes(documents, d)
	if err := form.err(); err != nil {
		return nil, err
	}
	for i, c := range d.Clients {
		if c.SecretFile == "" {
			continue
		}
		if d.Clients[i].secret, err = s.secretFrom(beside(name, c.SecretFile)); err != nil {
			return nil, err
		}
	}
	return d.Clients, nil
}

// clientNodes are the clients of a document.
func clientNodes(document *yaml.Node) []*yaml.Node {
	if list := memberOf(document, "clients"); list != nil {
		return list.Content
	}
	return nil
}

// memberOf returns the value of a member of a mapping, merged ones (<<) included; nil when there is none.
func memberOf(node *yaml.Node, name string) *yaml.Node { return memberWithin(node, name, 3) }

func memberWithin(node *yaml.Node, name string, merges int) *yaml.Node {
	node = resolved(node)
	var merged []*yaml.Node
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		switch key, value := node.Content[i], node.Content[i+1]; {
		case key.Tag == "!!merge":
			merged = append(merged, mergeSources(value)...)
		case key.Value == name:
			return resolved(value)
		}
	}
	for _, source := range merged {
		if merges > 0 {
			if value := memberWithin(source, name, merges-1); value != nil {
				return value
			}
		}
	}
	return nil
}

// resolved returns the node that an alias names.
func resolved(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// checkIDs reports clients without an id, and ids that are declared twice, also in two documents.
func (f *yamlForm) checkIDs(document *yaml.Node, lines map[string]int) {
	for i, client := range clientNodes(document) {
		at := "clients[" + strconv.Itoa(i) + "]"
		id := memberOf(client, "client_id")
		switch {
		case id == nil || isNull(id) || id.Value == "" && id.Kind == yaml.ScalarNode:
			f.mistake(client, at, "has no client_id")
		case lines[id.Value] != 0:
			f.mistake(id, at, "client %s is declared twice, first in line %d", id.Value, lines[id.Value])
		default:
			lines[id.Value] = id.Line
		}
	}
}

// beside is a file that is named in another one.
func beside(name, file string) string {
	if filepath.IsAbs(file) || name == "-" {
		return file
	}
	return filepath.Join(filepath.Dir(name), file)
}

// operates tells whether a scope opens the admin API.
func operates(scope string) bool { return strings.HasPrefix(scope, "admin:") }

// checkDeclaredScopes reports scopes that the file does not declare, where it declares some.
func (f *yamlForm) checkDeclaredScopes(documents []*yaml.Node, d declaration) {
	if len(d.Scopes) == 0 {
		return
	}
	var names oauth.Scopes
	for _, scope := range d.Scopes {
		names = append(names, scope.Name)
	}
	known := names.With(oauth.Scopes{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess})
	for _, document := range documents {
		for _, client := range clientNodes(document) {
			for _, member := range []string{"scope", "default_scope"} {
				if text := memberOf(client, member); text != nil && text.Kind == yaml.ScalarNode {
					f.checkScope(client, text, known)
				}
			}
		}
	}
}

func (f *yamlForm) checkScope(client, text *yaml.Node, known oauth.Scopes) {
	for _, scope := range strings.Fields(text.Value) {
		err := oauth.Scopes{scope}.RefuseScope(known, "is not declared under scopes in this file")
		if err != nil && !operates(scope) {
			id := memberOf(client, "client_id")
			if id == nil {
				id = &yaml.Node{Value: "?"}
			}
			f.mistake(text, "client "+id.Value, "%s", oauth.AsError(err).Description)
		}
	}
}

// readFile reads a whole file, or standard input.
func (s *shared) readFile(name string) ([]byte, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = smallfile.ReadFrom(s.in, "standard input", maxDeclaration)
	} else {
		raw, err = smallfile.ReadUpTo(name, maxDeclaration)
	}
	if err != nil {
		return nil, usage("%s: cannot be read: %w", name, smallfile.Cause(err))
	}
	return raw, nil
}

// difference is a member of a client that is not as it should be. nil is what is left out.
type difference struct {
	Member string `json:"member"`
	From   any    `json:"from"`
	To     any    `json:"to"`
}

// differences compares two descriptions of a client member by member, in the order of their names.
func differences(from, to adminwire.ClientMetadata) ([]difference, error) {
	before, err := membersOf(from)
	if err != nil {
		return nil, err
	}
	after, err := membersOf(to)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var all []difference
	for _, name := range sortedKeys(names) {
		if !reflect.DeepEqual(sorted(name, before[name]), sorted(name, after[name])) {
			all = append(all, difference{name, before[name], after[name]})
		}
	}
	return all, nil
}

// sorted is the value of a member with its parts in order, where their order means nothing. That of
// audience is seen in tokens.
func sorted(member string, value any) any {
	var parts []string
	switch member {
	case "scope", "default_scope":
		joined, _ := value.(string)
		parts = strings.Split(joined, " ")
	case "grant_types", "redirect_uris", "post_logout_redirect_uris", "resources":
		list, _ := value.([]any)
		for _, one := range list {
			parts = append(parts, text(one))
		}
	default:
		return value
	}
	slices.Sort(parts)
	return parts
}

func membersOf(m adminwire.ClientMetadata) (map[string]any, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	err = json.Unmarshal(raw, &all)
	return all, err
}

// text is a value in a difference.
func text(value any) string {
	if value == nil {
		return "(none)"
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return string(raw)
}
