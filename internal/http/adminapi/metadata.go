package adminapi

import (
	"reflect"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// properties returns the members of a client's JSON, which read into c. They check only the form; the registry
// checks the rules.
func properties(f *filler, c *oauth.Client) members {
	all := members{}
	for _, m := range clientmeta.Members() {
		if m.Group == nil {
			all[m.Name] = f.property(m.Properties[0], c)
			continue
		}
		inner := members{}
		for _, p := range m.Properties {
			inner[p.Name] = f.property(p, c)
		}
		all[m.Name] = func(n node, at string) {
			if n.kind == '0' && f.patching {
				for _, p := range m.Properties {
					p.Reset(c)
				}
				return
			}
			f.object(n, at, inner)
		}
	}
	return all
}

// property returns the function that reads one property into c. In a patch null resets it.
func (f *filler) property(p clientmeta.Property, c *oauth.Client) func(node, string) {
	limits := bounds{min: p.Min, max: p.Max, mayBeEmpty: p.Kind() == clientmeta.Scopes}
	switch p.Kind() {
	case clientmeta.Seconds:
		limits.unit = "seconds"
	case clientmeta.List:
		if p.Max == 0 && p.Values != nil {
			limits.max = maxValues
		}
	default:
	}
	return func(n node, at string) {
		if n.kind == '0' && f.patching {
			p.Reset(c)
			return
		}
		old := reflect.ValueOf(p.Wire(c))
		read := reflect.New(old.Type()).Elem()
		read.Set(old) // a patch of a map changes only the names that it has
		faults := len(f.faults)
		f.value(n, read, slot{pointer: at, bounds: limits})
		if len(f.faults) > faults {
			return
		}
		why := ""
		if p.Form != nil {
			why = p.Form(read.Interface())
		}
		if err := p.Set(c, read.Interface()); err != nil && why == "" {
			why = err.Error()
		}
		if why != "" {
			f.fault(at, why)
		}
	}
}

// maxValues bounds a list whose items the rules bound: each may occur once.
const maxValues = 100

// text returns the function that reads a text that must not be empty.
func (f *filler) text(into *string) func(node, string) {
	return func(n node, at string) { f.value(n, reflect.ValueOf(into).Elem(), slot{pointer: at}) }
}

// list replaces nil: a list is never null in an answer.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

func shownClient(c oauth.Client, shown oauth.Token) adminwire.Client {
	return adminwire.Client{Client: c, Secret: secret.Text(shown.Reveal())}
}

// shownTime returns a time in UTC, cut to a millisecond; the zero time stays zero.
func shownTime(t time.Time) adminwire.Time { return t.UTC().Truncate(time.Millisecond) }
