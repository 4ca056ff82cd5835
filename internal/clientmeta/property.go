package clientmeta

import (
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Property describes one property of a client.
type Property struct {
	// Name is the member of the admin API's JSON: the name of RFC 7591 where that has one.
	Name string
	// Group is the JSON object that holds the member; nil means the client itself.
	Group *Group
	// StoredName is the member of the stored registration. It must never change.
	StoredName string
	// Value reads and writes the field of oauth.Client.
	Value
	// Doc says for operators what the property does. It is the description in api/openapi/admin.yaml.
	Doc string
	// Default returns the wire form that replaces an empty value; nil leaves it empty.
	Default func(c *oauth.Client) any
	// Values lists the allowed values of a text, or of the items of a list; nil allows every value that
	// passes Rule.
	Values func(Served) []string
	// Min and Max bound a number, the length of a list, and the number of pairs.
	Min, Max int64
	// Form refuses a wire form that is not written as the admin API describes it; "" accepts. It is
	// checked only for members that a request sends: stored clients may be older than the form.
	Form func(wire any) string
	// Rule refuses a client whose property has a value that is not allowed. Rules that compare several
	// properties belong to package registry.
	Rule func(c *oauth.Client, served Served) error
	// Optional omits the member from an answer when it is empty.
	Optional bool
	// Ordered means that the order of a list's items matters.
	Ordered bool
	// Flag is the flag of `client create` and `client update`; without a name there is none.
	Flag Flag
	// Shortcut is a second flag, a switch for two common values of a text: Flag.On and Flag.Off.
	Shortcut Flag
	// Label names the row of `client show`; without one there is no row.
	Label string
	// Named replaces values in that row, such as 0 by "the server's".
	Named map[string]string
	// Unrecorded keeps the value out of the audit log.
	Unrecorded bool
	// SelfService allows a client to set the property by dynamic registration (RFC 7591).
	SelfService bool
}

// Group is a JSON object that holds several properties.
type Group struct {
	Name       string // the member of the client
	StoredName string // the member of the stored registration; it must never change
	Doc        string
}

// Flag is a flag of the command line.
type Flag struct {
	Name  string
	Usage string // %s is replaced by the allowed values
	// On and Off turn a flag for a text into a switch: the values for true and false.
	On, Off string
	// Commas allows several items of a list in one flag, separated by commas.
	Commas bool
	// Warning is printed when the flag sets a value.
	Warning string
}

// Served lists the allowed values that depend on what the server can do.
type Served struct {
	AuthMethods []string
	GrantTypes  []string
	Algorithms  []string
}

// ServedBy returns what a server serves, sorted, and every algorithm that is known.
func ServedBy(s oauth.Supported) Served {
	served := Served{AuthMethods: s.AuthMethodNames(), GrantTypes: s.GrantTypeNames()}
	slices.Sort(served.AuthMethods)
	slices.Sort(served.GrantTypes)
	for _, one := range jose.Algorithms() {
		served.Algorithms = append(served.Algorithms, string(one))
	}
	return served
}

// Flags returns the flags of the property.
func (p Property) Flags() []Flag {
	return slices.DeleteFunc([]Flag{p.Flag, p.Shortcut}, func(f Flag) bool { return f.Name == "" })
}

// Path is the property's place in the JSON of a client: its name, behind that of its group and a slash.
func (p Property) Path() string {
	if p.Group != nil {
		return p.Group.Name + "/" + p.Name
	}
	return p.Name
}

// Reset sets the property to its default, or empties it.
func (p Property) Reset(c *oauth.Client) {
	p.clear(c)
	p.setDefault(c)
}

func (p Property) setDefault(c *oauth.Client) {
	if p.Default != nil && blank(p.Wire(c)) {
		_ = p.Set(c, p.Default(c)) // TestTable checks that the types agree
	}
}

// Member is a member of a client's JSON object: one property, or the properties of a group.
type Member struct {
	Name       string
	Group      *Group // nil for one property
	Properties []Property
}

// Members returns the table as the members of a client's JSON object, in the order of an answer.
func Members() []Member {
	var all []Member
	for _, p := range Properties() {
		last := len(all) - 1
		switch {
		case p.Group == nil:
			all = append(all, Member{Name: p.Name, Properties: []Property{p}})
		case last >= 0 && all[last].Group == p.Group:
			all[last].Properties = append(all[last].Properties, p)
		default:
			all = append(all, Member{Name: p.Group.Name, Group: p.Group, Properties: []Property{p}})
		}
	}
	return all
}

// Names returns the names of the members, sorted.
func Names() []string {
	var all []string
	for _, m := range Members() {
		all = append(all, m.Name)
	}
	slices.Sort(all)
	return all
}

// WithDefaults fills the empty properties of a client that have a default.
func WithDefaults(c oauth.Client) oauth.Client {
	for _, p := range Properties() {
		p.setDefault(&c)
	}
	return c
}

// Check holds each property of a client against its own rule. The refusal names the property.
func Check(c oauth.Client, served Served) error {
	for _, p := range Properties() {
		if err := p.check(&c, served); err != nil {
			return oauth.AsError(err).At(p.Path())
		}
	}
	return nil
}

func (p Property) check(c *oauth.Client, served Served) error {
	if p.Rule != nil {
		if err := p.Rule(c, served); err != nil {
			return err
		}
	}
	text, isText := p.Wire(c).(string)
	if p.Values == nil || !isText || text == "" && p.Default == nil {
		return nil
	}
	if allowed := p.Values(served); !slices.Contains(allowed, text) {
		return refuse(p.Name + " is one of " + oneOf(allowed))
	}
	return nil
}

// oneOf writes a list of values in a sentence.
func oneOf(values []string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " and " + values[last]
}

func refuse(why string) error { return oauth.Refuse(oauth.InvalidClientMetadata, why, nil) }
