package directory_test

import (
	"errors"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/directory"
)

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
