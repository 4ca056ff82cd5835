package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

// declared is a client in the file of `client apply`.
type declared struct {
	adminwire.ClientForm
	SecretFile string // relative to the file
	// Disabled stands before the property of the client: only a pointer tells false from left out, which
	// leaves the client as it is.
	Disabled *bool
}

// MarshalJSON implements json.Marshaler.
func (d declared) MarshalJSON() ([]byte, error) {
	var all clientmeta.Object
	all.Add("client_id", d.ID)
	if d.SecretFile != "" {
		all.Add("client_secret_file", d.SecretFile)
	}
	if d.SecretHash != "" {
		all.Add("client_secret_hash", d.SecretHash)
	}
	c := d.wanted(oauth.Client{})
	all.AddForm(&c)
	return all.MarshalJSON()
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *declared) UnmarshalJSON(raw []byte) error {
	var other struct {
		ID         oauth.ClientID `json:"client_id"`
		SecretFile string         `json:"client_secret_file"`
		SecretHash string         `json:"client_secret_hash"`
		Disabled   *bool          `json:"disabled"`
	}
	if err := json.Unmarshal(raw, &other); err != nil {
		return err
	}
	*d = declared{SecretFile: other.SecretFile, Disabled: other.Disabled}
	d.SecretHash = other.SecretHash
	err := clientmeta.Decode(&d.Client, raw)
	d.ID = other.ID
	return err
}

// declare is a client as the file that makes it again has it.
func declare(c adminwire.Client) declared {
	d := declared{ClientForm: adminwire.ClientForm{Client: c.Client}}
	if c.Disabled {
		d.Disabled = &c.Disabled
	}
	return d
}

// wanted is the client that takes the place of the old one.
func (d declared) wanted(old oauth.Client) oauth.Client {
	c := d.Client
	c.Disabled = old.Disabled
	if d.Disabled != nil {
		c.Disabled = *d.Disabled
	}
	return c
}

// create is the client as it is registered.
func (d declared) create() adminwire.ClientForm {
	form := d.ClientForm
	form.Client = d.wanted(oauth.Client{})
	return form
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
		if d.Clients[i].Secret, err = s.secretFrom(beside(name, c.SecretFile)); err != nil {
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

// operates reports whether a scope opens the admin API.
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
