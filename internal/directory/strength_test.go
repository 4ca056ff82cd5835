package directory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func TestF_S24_WhichPasswordsMayBeSet(t *testing.T) {
	t.Parallel()
	d := directory.New(directory.Options{Words: []string{"Recipe Planner", "planner"}})
	for password, want := range map[string]error{
		"correct horse battery": nil,
		"m\u00fcesli mit milch": nil,
		"\u6b63\u78ba\u306a\u99ac\u306e\u96fb\u6c60\u306e\u30db\u30c1\u30ad\u30b9\u3067\u3059\u3088": nil,
		"ada likes cold porridge":     nil, // her name may be a part
		strings.Repeat("x y z w", 20): nil,
		"14 characters.":              directory.ErrShort,
		"":                            directory.ErrShort,
		"mu\u0308esli u\u0308ber":     directory.ErrShort, // 13 when composed
		"123456789987654321":          directory.ErrCommon,
		"passwordpassword":            directory.ErrCommon,
		"PASSWORDpassword":            directory.ErrCommon,
		"aaaaaaaaaaaaaaaaaaaa":        directory.ErrCommon,
		"abcabcabcabcabcabc":          directory.ErrCommon,
		"123456789012345":             directory.ErrCommon,
		"qwertyqwertyqwerty":          directory.ErrCommon,
		"Ada Lovelace 1815":           directory.ErrContext,
		"ada.lovelace-ada.lovelace":   directory.ErrContext,
		"planner-2026-!!!!":           directory.ErrContext,
		"with a \x00 control char":    directory.ErrForm,
		"not UTF-8 \xff\xfe at all":   directory.ErrForm,
		strings.Repeat("long ", 300):  directory.ErrForm,
	} {
		name := "ada"
		if strings.Contains(strings.ToLower(password), "lovelace") {
			name = "ada lovelace"
			if strings.Contains(password, ".") {
				name = "ada.lovelace"
			}
		}
		err := d.CheckPassword(name, password)
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", password, err, want)
		}
		if err != nil && password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
	if err := directory.New(directory.Options{MinLength: 8}).CheckPassword("ada", "8 chars."); err != nil {
		t.Errorf("behind a second factor: %v", err)
	}
	if err := directory.New(directory.Options{MinLength: 8}).CheckPassword("ada", "trustno1"); !errors.Is(err, directory.ErrCommon) {
		t.Errorf("a common one behind a second factor: %v", err)
	}
}

// A password that is set already stays valid, whatever the rules are today.
func TestF_S24_PasswordsThatAreSetStayValid(t *testing.T) {
	t.Parallel()
	p := newPeople(t, cheap)
	hash, err := secret.NewHasher(cheap).Hash(t.Context(), "hunter2")
	ok(t, err)
	made, err := p.AddHashed(t.Context(), oauth.User{Name: "ada"}, hash)
	ok(t, err)
	if account, err := p.Verify(t.Context(), "ada", "hunter2"); err != nil || account.User.ID != made.ID {
		t.Errorf("%v", err)
	}
	if _, _, err := p.SetPassword(t.Context(), made.ID, "hunter2", false); !errors.Is(err, directory.ErrShort) {
		t.Errorf("set anew: %v", err)
	}
}

// A password that is made of the name of its user is refused, however its letters and digits are set apart.
func TestF_S24_DigitsOfANameAreAPartOfIt(t *testing.T) {
	t.Parallel()
	d := directory.New(directory.Options{Words: []string{"Recipe Planner"}})
	for _, c := range []struct {
		name, password string
		want           error
	}{
		{"ada1815lovelace", "ada 1815 lovelace", directory.ErrContext},
		{"ada1815", "1815-ada-2026-ada", directory.ErrContext},
		{"ada.1815", "ADA1815ada1815ada", directory.ErrContext},
		{"1002003004", "100 200 3004 / 2026", directory.ErrContext},
		{"r2d2c3po", "r2-d2-c3-po-2026!", directory.ErrContext},
		{"ada.lovelace@example.com", "Ada Lovelace 1815", directory.ErrContext},
		{"ada", "recipe planner 2026", directory.ErrContext},
		{"ada1815", "1815 porridge spoons", nil},
		{"ada.lovelace", "lovelace eats porridge", nil},
		{"7ba", "seven baboons ate it", nil},
	} {
		if err := d.CheckPassword(c.name, c.password); !errors.Is(err, c.want) {
			t.Errorf("%s: %q: %v, want %v", c.name, c.password, err, c.want)
		}
	}
}
