package admin

import (
	"reflect"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// facts are the recorded properties of an object, by their names in the admin API. They never include a secret or
// its hash.
type facts map[string]any

func factsOfClient(c oauth.Client) facts {
	var secrets []string
	for _, s := range c.Secrets {
		secrets = append(secrets, s.ID)
	}
	all := facts(clientmeta.Details(c))
	all["not_before"], all["secrets"] = moment(c.NotBefore), secrets
	return all
}

func factsOfUser(u oauth.User) facts {
	return facts{
		"username": u.Name, "email": u.Email, "email_verified": u.EmailVerified, "display_name": u.DisplayName,
		"disabled": u.Disabled, "must_change_password": u.MustChange,
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// differing returns the facts that differ, without empty values: a fact that became empty has a before and no
// after.
func differing(before, after facts) (facts, facts) {
	was, is := facts{}, facts{}
	for name, value := range before {
		if !reflect.DeepEqual(value, after[name]) && !empty(value) {
			was[name] = value
		}
	}
	for name, value := range after {
		if !reflect.DeepEqual(value, before[name]) && !empty(value) {
			is[name] = value
		}
	}
	return orNil(was), orNil(is)
}

func orNil(f facts) facts {
	if len(f) == 0 {
		return nil
	}
	return f
}

func empty(value any) bool {
	v := reflect.ValueOf(value)
	if !v.IsValid() {
		return true
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Bool:
		return false
	default:
		return v.IsZero()
	}
}
