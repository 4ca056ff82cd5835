package precis_test

import (
	"slices"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/precis"
)

const (
	composed   = "Jos\u00e9"
	decomposed = "Jose\u0301"
)

func TestF_S21_NamesHaveOneForm(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"ada": "ada", " Ada ": "Ada", decomposed: composed, composed: composed, "\uff41\uff44\uff41": "ada", "ada@example.com": "ada@example.com",
		"Ada Lovelace": "Ada Lovelace", "мария": "мария", "ελένη": "ελένη", "山田taro": "山田taro", "田中さくら": "田中さくら", "ada_1.2-3": "ada_1.2-3",
	} {
		if got, err := precis.Name(typed); err != nil || got != want {
			t.Errorf("%+q: %+q, %v; want %+q", typed, got, err, want)
		}
	}
}

func TestF_S21_NamesThatPretendAreRefused(t *testing.T) {
	t.Parallel()
	for what, typed := range map[string]string{
		"zero-width space": "ad\u200ba", "joiner": "ad\u200da", "non-joiner": "ad\u200ca", "word joiner": "ad\u2060a", "soft hyphen": "ad\u00ada",
		"right-to-left override": "ad\u202ea", "byte order mark": "\ufeffada", "Cyrillic а in Latin": "\u0430da", "Greek ο in Latin": "b\u03bfss",
		"Cyrillic with Greek": "мαрия", "control": "a\x00da", "line": "a\nda", "no-break space": "ada\u00a0l", "two spaces": "ada  l", "nothing": "  ",
		"symbol": "ada\u2603", "not UTF-8": "ada\xff", "variation selector": "ada\ufe0f", "combining grapheme joiner": "ad\u034fa",
	} {
		if got, err := precis.Name(typed); err == nil {
			t.Errorf("%s: %+q is taken as %+q", what, typed, got)
		}
	}
}

func TestF_S21_NamesThatReadAlike(t *testing.T) {
	t.Parallel()
	if !precis.Reads("ace", "\u0430\u0441\u0435") || !precis.Reads("BOSS", "boss") || precis.Reads("ada", "ade") || precis.Reads("мария", "maria") {
		t.Error("the wrong names read alike")
	}
}

func TestF_P10_PasswordsHaveOneForm(t *testing.T) {
	t.Parallel()
	one, err := precis.Password(decomposed + "\u00a0x")
	if err != nil || one != composed+" x" {
		t.Errorf("%+q, %v", one, err)
	}
	if _, err := precis.Password("a\x00b"); err == nil {
		t.Error("a control character is taken")
	}
	if all := precis.Spellings("plain ASCII words"); len(all) != 1 {
		t.Errorf("spellings of ASCII: %q", all)
	}
	if all := precis.Spellings(decomposed); all[0] != composed || !slices.Contains(all, decomposed) {
		t.Errorf("spellings: %+q", all)
	}
}
