package admin

import (
	"reflect"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// facts is what may be recorded of something, by the names of the admin API. No secret and no hash of
// one is ever among them.
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

// differing keeps what is not the same before and after, without what is empty.
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
	// What became empty still shows: a before without an after.
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
