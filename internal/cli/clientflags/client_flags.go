package clientflags

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// propertyFlag is a flag of one property of a client. wire returns the flag's value in the property's
// wire form.
type propertyFlag struct {
	clientmeta.Property
	from clientmeta.Flag
	flag *pflag.Flag
	wire func() any
}

// Flags are the flags of `client create` and `client update` that set properties.
type Flags []propertyFlag

// Bind adds the flags.
func Bind(flags *pflag.FlagSet, served clientmeta.Served) Flags {
	var all Flags
	for _, p := range clientmeta.Properties() {
		for _, one := range p.Flags() {
			wire := bindFlag(flags, p, one, served)
			all = append(all, propertyFlag{p, one, flags.Lookup(one.Name), wire})
		}
	}
	return all
}

func bindFlag(flags *pflag.FlagSet, p clientmeta.Property, f clientmeta.Flag, served clientmeta.Served) func() any {
	name, usage := f.Name, f.Usage
	if p.Values != nil {
		usage = strings.ReplaceAll(usage, "%s", strings.Join(p.Values(served), ", "))
	}
	switch {
	case f.On != "":
		on := flags.Bool(name, false, usage)
		return func() any {
			if *on {
				return f.On
			}
			return f.Off
		}
	case p.Kind() == clientmeta.Switch:
		on := flags.Bool(name, false, usage)
		return func() any { return *on }
	case p.Kind() == clientmeta.Number:
		number := flags.Int64(name, 0, usage)
		return func() any { return *number }
	case p.Kind() == clientmeta.Seconds:
		life := new(time.Duration)
		command.DurationVar(flags, life, name, usage)
		return func() any { return int64(*life / time.Second) }
	case p.Kind() == clientmeta.Pairs:
		pairs := flags.StringToString(name, nil, usage)
		return func() any { return *pairs }
	case p.Kind() == clientmeta.List && f.Commas:
		list := flags.StringSlice(name, nil, usage)
		return func() any { return *list }
	case p.Kind() == clientmeta.List:
		list := flags.StringArray(name, nil, usage)
		return func() any { return *list }
	default:
		text := flags.String(name, "", usage)
		return func() any { return *text }
	}
}

// Client returns a client with the properties whose flags are set. A switch that is off leaves the default.
func (f Flags) Client(id string) (oauth.Client, error) {
	c := oauth.Client{ID: oauth.ClientID(id)}
	if err := f.checkOnce(); err != nil {
		return c, err
	}
	for _, one := range f {
		if !one.flag.Changed || one.from.On != "" && one.wire() == one.from.Off {
			continue
		}
		if err := one.Set(&c, one.wire()); err != nil {
			return c, fmt.Errorf("--%s %w", one.from.Name, err)
		}
	}
	return c, nil
}

// Patch returns the change that the flags describe, as a merge patch.
func (f Flags) Patch() (adminclient.Patch, error) {
	change := adminclient.Patch{}
	if err := f.checkOnce(); err != nil {
		return nil, err
	}
	for _, one := range f {
		if !one.flag.Changed {
			continue
		}
		value := one.wire()
		if seconds, isTime := value.(int64); isTime && one.Kind() == clientmeta.Seconds && seconds == 0 {
			value = nil // the server's default again
		}
		if one.Group == nil {
			change[one.Name] = value
			continue
		}
		inner, ok := change[one.Group.Name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			change[one.Group.Name] = inner
		}
		inner[one.Name] = value
	}
	return change, nil
}

// checkOnce refuses two flags of one property.
func (f Flags) checkOnce() error {
	set := map[string]string{}
	for _, one := range f {
		if !one.flag.Changed {
			continue
		}
		if before, twice := set[one.Path()]; twice {
			return exit.Usagef("--%s and --%s set the same property; hint: use one of them", before, one.from.Name)
		}
		set[one.Path()] = one.from.Name
	}
	return nil
}

// Warn prints the warnings that belong to flags that are set.
func (f Flags) Warn(c *console.Console) {
	for _, one := range f {
		if one.from.Warning != "" && one.flag.Changed && one.flag.Value.String() != "[]" {
			c.Say("warning: %s", one.from.Warning)
		}
	}
}

// Names maps the members of a client in the admin API to the flags and arguments that set them.
func Names() map[string]string {
	words := map[string]string{ //nolint:gosec // G101: names of flags
		"client_id": "id", "client_secret": "--secret-file", "client_secret_hash": "--secret-hash-file",
		"expires_in": "--expires-in", "overlap": "--overlap", "secret_id": "id of the secret",
	}
	for _, p := range clientmeta.Properties() {
		if p.Flag.Name != "" {
			words[p.Path()] = "--" + p.Flag.Name
		}
	}
	return words
}
