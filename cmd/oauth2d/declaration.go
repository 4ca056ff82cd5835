package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
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

// declaration is the file of `client apply`.
type declaration struct {
	Scopes []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"scopes"`
	Clients []json.RawMessage `json:"clients"`
}

// maxDeclaration bounds the file.
const maxDeclaration = 16 << 20

// readDeclaration reads and checks a file of declared clients.
func (s *shared) readDeclaration(name string) ([]declared, error) {
	raw, err := s.readFile(name)
	if err != nil {
		return nil, err
	}
	var parsed any
	if err := yaml.Unmarshal(raw, &parsed); err != nil {
		return nil, usage("%s: is not YAML: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	asJSON, err := json.Marshal(parsed)
	if err != nil {
		return nil, usage("%s: holds what JSON has no form for", name)
	}
	var d declaration
	if err := strictly(asJSON, &d); err != nil {
		return nil, usage("%s: %w", name, err)
	}
	var all []declared
	seen := map[string]bool{}
	for i, one := range d.Clients {
		var c declared
		if err := strictly(one, &c); err != nil {
			return nil, usage("%s: client %d: %w", name, i+1, err)
		}
		switch {
		case c.ID == "":
			return nil, usage("%s: client %d has no client_id", name, i+1)
		case seen[c.ID]:
			return nil, usage("%s: client %s is declared twice", name, c.ID)
		}
		seen[c.ID] = true
		if err := d.knows(c); err != nil {
			return nil, usage("%s: client %s: %w", name, c.ID, err)
		}
		if c.SecretFile != "" {
			if c.secret, err = s.secretFrom(beside(name, c.SecretFile)); err != nil {
				return nil, err
			}
		}
		all = append(all, c)
	}
	return all, nil
}

// beside is a file that is named in another one.
func beside(name, file string) string {
	if filepath.IsAbs(file) || name == "-" {
		return file
	}
	return filepath.Join(filepath.Dir(name), file)
}

// strictly reads JSON that holds nothing unknown.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s; hint: oauth2d client apply --help shows the form", strings.TrimPrefix(err.Error(), "json: "))
}

// always are scopes that need no declaration.
func always(scope string) bool {
	switch scope {
	case "openid", "profile", "email", "offline_access":
		return true
	}
	return operates(scope)
}

// operates tells whether a scope opens the admin API.
func operates(scope string) bool { return strings.HasPrefix(scope, "admin:") }

// knows refuses a scope that is not declared, where some are.
func (d declaration) knows(c declared) error {
	if len(d.Scopes) == 0 {
		return nil
	}
	names := map[string]bool{}
	for _, scope := range d.Scopes {
		names[scope.Name] = true
	}
	for _, scope := range strings.Fields(c.Scope + " " + c.DefaultScope) {
		if !names[scope] && !always(scope) {
			return fmt.Errorf("the scope %s is not declared under scopes", scope)
		}
	}
	return nil
}

// readFile reads a whole file, or standard input.
func (s *shared) readFile(name string) ([]byte, error) {
	from := s.in
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // G304: the operator names this file
		if err != nil {
			return nil, usage("%s: cannot be read", name)
		}
		defer f.Close() //nolint:errcheck // it was only read
		from = f
	}
	raw, err := io.ReadAll(io.LimitReader(from, maxDeclaration+1))
	if err == nil && len(raw) > maxDeclaration {
		err = fmt.Errorf("%s is longer than %d MiB", name, maxDeclaration>>20)
	}
	return raw, err
}

// difference is a member of a client that is not as it should be. nil is what is left out.
type difference struct {
	Member string `json:"member"`
	From   any    `json:"from"`
	To     any    `json:"to"`
}

// differences compares two descriptions of a client member by member, in the order of their names.
func differences(from, to adminwire.ClientMetadata) ([]difference, error) {
	before, err := members(from)
	if err != nil {
		return nil, err
	}
	after, err := members(to)
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

func members(m adminwire.ClientMetadata) (map[string]any, error) {
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
