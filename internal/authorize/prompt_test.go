package authorize

import (
	"fmt"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestA27_Prompts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text, maxAge string
		want         prompt
		refused      bool
	}{
		{"", "", prompt{}, false},
		{"none", "", prompt{None: true}, false},
		{"login", "", prompt{Login: true}, false},
		{"select_account", "", prompt{Login: true}, false},
		{"consent", "", prompt{Consent: true}, false},
		{"consent login", "", prompt{Login: true, Consent: true}, false},
		{"login login", "", prompt{Login: true}, false},
		{"  login  ", "", prompt{Login: true}, false},
		{"", "0", prompt{Aged: true}, false},
		{"none", "3600", prompt{None: true, Aged: true, MaxAge: time.Hour}, false},
		{"", "2147483647", prompt{Aged: true, MaxAge: 2147483647 * time.Second}, false},
		{"none login", "", prompt{}, true},
		{"login none", "", prompt{}, true},
		{"none none", "", prompt{}, true},
		{"LOGIN", "", prompt{}, true},
		{"create", "", prompt{}, true},
		{"", "-1", prompt{}, true},
		{"", "+1", prompt{}, true},
		{"", "1.5", prompt{}, true},
		{"", "0x10", prompt{}, true},
		{"", " 1", prompt{}, true},
		{"", "1_000", prompt{}, true},
		{"", "2147483648", prompt{}, true},
		{"", "99999999999999999999", prompt{}, true},
	} {
		t.Run(fmt.Sprintf("prompt=%q max_age=%q", row.text, row.maxAge), func(t *testing.T) {
			got, err := parsePrompt(row.text, row.maxAge)
			if (err != nil) != row.refused || got != row.want {
				t.Errorf("%q %q: %+v %v", row.text, row.maxAge, got, err)
			}
			if row.refused && oauth.AsError(err).Code != oauth.InvalidRequest {
				t.Errorf("%q %q: %v", row.text, row.maxAge, err)
			}
		})
	}
}

func TestWhenAPersonMustProveThemselvesAgain(t *testing.T) {
	t.Parallel()
	asked := time.Unix(1_000_000, 0)
	now := asked.Add(time.Minute)
	for name, row := range map[string]struct {
		p    prompt
		auth time.Time
		want bool
	}{
		"nothing is demanded":               {prompt{}, asked.Add(-24 * time.Hour), true},
		"login, from before":                {prompt{Login: true}, asked.Add(-time.Second), false},
		"login, since":                      {prompt{Login: true}, asked, true},
		"no age allowed, from before":       {prompt{Aged: true}, asked.Add(-time.Second), false},
		"no age allowed, since":             {prompt{Aged: true}, asked.Add(time.Second), true},
		"an hour allowed, half of it":       {prompt{Aged: true, MaxAge: time.Hour}, now.Add(-time.Hour / 2), true},
		"an hour allowed, exactly":          {prompt{Aged: true, MaxAge: time.Hour}, now.Add(-time.Hour), true},
		"an hour allowed, and more":         {prompt{Aged: true, MaxAge: time.Hour}, now.Add(-time.Hour - 1), false},
		"login although young enough":       {prompt{Login: true, Aged: true, MaxAge: time.Hour}, asked.Add(-time.Second), false},
		"consent alone demands no password": {prompt{Consent: true}, asked.Add(-time.Hour), true},
	} {
		if got := row.p.satisfied(row.auth, asked, now); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzParsePrompt(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"none", "0"}, {"none login", "1"}, {"login consent select_account", "2147483647"}, {"x", "-1"}, {"\x00", "١"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, maxAge string) {
		p, err := parsePrompt(text, maxAge)
		if err != nil {
			if p != (prompt{}) || oauth.AsError(err).Code != oauth.InvalidRequest {
				t.Errorf("%q %q: %+v %v", text, maxAge, p, err)
			}
			return
		}
		if p.None && (p.Login || p.Consent) || p.MaxAge < 0 || p.MaxAge > 69*365*24*time.Hour || p.Aged != (maxAge != "") {
			t.Errorf("%q %q: %+v", text, maxAge, p)
		}
	})
}
