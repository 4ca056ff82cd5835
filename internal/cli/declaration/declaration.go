package declaration

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Client is a client in the file of `client apply`.
type Client struct {
	adminwire.ClientForm
	SecretFile string // relative to the file
	// Disabled hides the property of the client: nil, when the file leaves it out, keeps the client as it is.
	Disabled *bool
}

// MarshalJSON implements json.Marshaler.
func (d Client) MarshalJSON() ([]byte, error) {
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
func (d *Client) UnmarshalJSON(raw []byte) error {
	var other struct {
		ID         oauth.ClientID `json:"client_id"`
		SecretFile string         `json:"client_secret_file"`
		SecretHash secret.Text    `json:"client_secret_hash"`
		Disabled   *bool          `json:"disabled"`
	}
	if err := json.Unmarshal(raw, &other); err != nil {
		return err
	}
	*d = Client{SecretFile: other.SecretFile, Disabled: other.Disabled}
	d.SecretHash = other.SecretHash
	err := clientmeta.Decode(&d.Client, raw)
	d.ID = other.ID
	return err
}

// Declare returns the declaration of a client that exists.
func Declare(c adminwire.Client) Client {
	d := Client{ClientForm: adminwire.ClientForm{Client: c.Client}}
	if c.Disabled {
		d.Disabled = &c.Disabled
	}
	return d
}

// wanted returns the client that replaces the old one.
func (d Client) wanted(old oauth.Client) oauth.Client {
	c := d.Client
	c.Disabled = old.Disabled
	if d.Disabled != nil {
		c.Disabled = *d.Disabled
	}
	return c
}

// create returns the form that registers the client.
func (d Client) create() adminwire.ClientForm {
	form := d.ClientForm
	form.Client = d.wanted(oauth.Client{})
	return form
}

// declaration is one document of the file of `client apply`. The documents of a file count as one.
type declaration struct {
	Scopes  []declaredScope `json:"scopes"`
	Clients []Client        `json:"clients"`
}

// declaredScope is a scope that the clients of the file are allowed to have.
type declaredScope struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Read reads and checks a file of declared clients. It reads all documents: --prune would delete the clients of a
// document that was skipped.
func Read(c *console.Console, name string) ([]Client, error) {
	raw, err := c.ReadFile(name)
	if err != nil {
		return nil, err
	}
	form := &yamlForm{name: name}
	documents, err := form.documents(raw)
	if err != nil {
		return nil, err
	}
	if len(documents) == 0 {
		return nil, exit.Usagef("%s: is empty; hint: a file that declares no client says clients: []", name)
	}
	var d declaration
	lines := map[string]int{} // of each client's declaration, by id
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
	for i, one := range d.Clients {
		if one.SecretFile == "" {
			continue
		}
		if d.Clients[i].Secret, err = c.ReadSecret(beside(name, one.SecretFile)); err != nil {
			return nil, err
		}
	}
	return d.Clients, nil
}

// clientNodes returns the clients of a document.
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

// beside returns the path of a file that another file names.
func beside(name, file string) string {
	if filepath.IsAbs(file) || name == "-" {
		return file
	}
	return filepath.Join(filepath.Dir(name), file)
}

// operates reports whether a scope is one of the admin API.
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
