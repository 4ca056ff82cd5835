package precis

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// Why a name is refused.
var (
	ErrEmpty     = errors.New("the user name is empty")
	ErrCharacter = errors.New("the user name holds a character that is not allowed in one: no controls, no invisible characters, no symbols but those on a keyboard")
	ErrMixed     = errors.New("the user name mixes letters of scripts that are not written together, such as Latin and Cyrillic")
)

// Name returns a user name in the form in which it is stored: by the profile UsernameCaseMapped of RFC 8265
// section 3.3, but with the case that was typed (section 3.4), because people are addressed by it. Words may be
// separated by single spaces (section 3.5). Spaces at the ends are dropped, fullwidth letters become usual
// ones, and composed and decomposed letters become one form. Invisible characters and mixed scripts are
// refused.
func Name(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", ErrEmpty
	}
	words := strings.Split(typed, " ")
	for i, word := range words {
		enforced, err := precis.UsernameCasePreserved.String(word)
		// Joiners would be allowed between some letters; nobody sees whether they are there.
		if err != nil || word == "" || strings.ContainsAny(enforced, "\u200c\u200d") {
			return "", ErrCharacter
		}
		if _, err := precis.UsernameCaseMapped.String(word); err != nil {
			return "", ErrCharacter
		}
		words[i] = enforced
	}
	name := strings.Join(words, " ")
	if !restrictive(name) {
		return "", ErrMixed
	}
	return name, nil
}

// NameSpellings returns the texts under which the user may be stored who is called by a name that was typed
// now: as it was typed, in the form of Name, and decomposed, as names were stored before they had one form.
func NameSpellings(typed string) []string {
	typed = strings.TrimSpace(typed)
	all := []string{typed}
	name, err := Name(typed)
	if err != nil {
		return all
	}
	for _, spelling := range []string{name, norm.NFD.String(name)} {
		if !slices.Contains(all, spelling) {
			all = append(all, spelling)
		}
	}
	return all
}

// restrictive reports whether the scripts of a name are written together: one script, or one of the sets of
// the level "highly restrictive" of UTS 39 section 5.2.
func restrictive(name string) bool {
	found := map[string]bool{}
	for _, r := range name {
		if script := scriptOf(r); script != "" {
			found[script] = true
		}
	}
	if len(found) <= 1 {
		return true
	}
	for _, together := range [][]string{
		{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
	} {
		inside := 0
		for _, script := range together {
			if found[script] {
				inside++
			}
		}
		if inside == len(found) {
			return true
		}
	}
	return false
}

// scriptOf names the script of a letter; "" for what all scripts share.
func scriptOf(r rune) string {
	if r < unicode.MaxASCII {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			if name == "Common" || name == "Inherited" {
				return ""
			}
			return name
		}
	}
	return "Unknown"
}

// Reads reports whether two names look the same to a reader although they are written in different scripts,
// as in Latin "ace" and Cyrillic "асе".
func Reads(a, b string) bool { return skeleton(a) == skeleton(b) }

// skeleton is a name in Latin letters, as far as they look like those of other scripts: the letters of
// UTS 39 section 4 that common typefaces do not distinguish.
func skeleton(name string) string {
	return strings.NewReplacer(
		"а", "a", "в", "b", "е", "e", "і", "i", "ї", "i", "ј", "j", "к", "k", "ӏ", "l", "м", "m", "н", "h",
		"о", "o", "р", "p", "ԛ", "q", "ѕ", "s", "т", "t", "у", "y", "ү", "y", "ѵ", "v", "ԝ", "w", "х", "x",
		"с", "c", "ԁ", "d", "һ", "h", "ԍ", "g", "п", "n", "г", "r", "ё", "e", "α", "a", "β", "b", "γ", "y",
		"ε", "e", "η", "n", "ι", "i", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "σ", "o", "τ", "t", "υ", "u",
		"χ", "x", "ϲ", "c", "ϳ", "j", "ω", "w", "ո", "n", "ս", "u", "օ", "o", "հ", "h", "ց", "g", "ք", "p",
		"զ", "q", "ռ", "n", "լ", "l", "ı", "i",
	).Replace(strings.ToLower(name))
}
